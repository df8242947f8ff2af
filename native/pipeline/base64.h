// Standard base64 (RFC 4648), strict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tokenworks {

// The decoded bytes, or nothing for characters, padding or a length that do not belong.
inline std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  size_t length = text.size();
  while (length > 0 && text.size() - length < 2 && text[length - 1] == '=') --length;
  std::string out;
  out.reserve(length * 3 / 4);
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, length)) {
    int value;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    else if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    else if (c >= '0' && c <= '9') value = c - '0' + 52;
    else if (c == '+') value = 62;
    else if (c == '/') value = 63;
    else return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xFF));
    }
  }
  return out;
}

}  // namespace tokenworks
