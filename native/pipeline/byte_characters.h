// GPT-2's printable character for every byte, and back.
#pragma once

#include <array>
#include <cstdint>

namespace tokenworks {

constexpr std::array<uint16_t, 256> byte_character_table() {
  std::array<uint16_t, 256> table{};
  uint16_t next = 256;
  for (int b = 0; b < 256; ++b) {
    const bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    table[b] = printable ? static_cast<uint16_t>(b) : next++;
  }
  return table;
}
inline constexpr auto kByteCharacters = byte_character_table();

// The byte of such a character, or -1.
inline int byte_of_character(char32_t c) {
  if (c < 256) return kByteCharacters[c] == c ? static_cast<int>(c) : -1;
  if (c < 256 + 33) return static_cast<int>(c - 256);          // 0..32
  if (c < 256 + 33 + 34) return static_cast<int>(c - 256 - 33 + 127);  // 127..160
  return c == 256 + 67 ? 0xAD : -1;
}

}  // namespace tokenworks
