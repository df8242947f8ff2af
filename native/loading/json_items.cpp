#include "loading/json_items.h"

#include <array>
#include <charconv>

#include "pipeline/byte_characters.h"

namespace tokenworks {

namespace {

// The characters of a byte as they stand between the quotes of a JSON string: three bytes at most.
struct Spelling {
  char text[3];
  uint8_t length;
};

std::array<Spelling, 256> spellings() {
  std::array<Spelling, 256> all{};
  for (size_t byte = 0; byte < all.size(); ++byte) {
    const uint16_t c = kByteCharacters[byte];
    Spelling& s = all[byte];
    const auto put = [&s](int x) { s.text[s.length++] = static_cast<char>(x); };
    if (c == '"' || c == '\\') put('\\');
    if (c < 0x80) {
      put(c);
    } else {
      put(0xC0 | c >> 6);
      put(0x80 | (c & 0x3F));
    }
  }
  return all;
}

void quote(std::string& out, std::string_view piece) {
  static const std::array<Spelling, 256> kSpellings = spellings();
  out.push_back('"');
  for (const char c : piece) {
    const Spelling& s = kSpellings[static_cast<uint8_t>(c)];
    out.append(s.text, s.length);
  }
  out.push_back('"');
}

std::string_view piece(std::string_view bytes, std::span<const uint64_t> starts, size_t i) {
  return bytes.substr(starts[i], starts[i + 1] - starts[i]);
}

}  // namespace

std::string vocabulary_items(std::string_view bytes, std::span<const uint64_t> starts,
                             const JsonSpacing& spacing) {
  std::string out;
  out.reserve(bytes.size() * 5 / 4 + starts.size() * (10 + spacing.item.size() + spacing.colon.size()));
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    if (i) out += spacing.item;
    quote(out, piece(bytes, starts, i));
    out += spacing.colon;
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, i).ptr);
  }
  return out;
}

std::string merge_items(std::string_view bytes, std::span<const uint64_t> starts,
                        std::span<const uint32_t> pairs, const JsonSpacing& spacing) {
  std::string out;
  const size_t around = spacing.item.size() + spacing.opening.size() + spacing.inner.size() +
                        spacing.closing.size();
  out.reserve(bytes.size() * 5 / 4 + pairs.size() / 2 * (around + 8));
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (i) out += spacing.item;
    out.push_back('[');
    out += spacing.opening;
    quote(out, piece(bytes, starts, pairs[i]));
    out += spacing.inner;
    quote(out, piece(bytes, starts, pairs[i + 1]));
    out += spacing.closing;
    out.push_back(']');
  }
  return out;
}

}  // namespace tokenworks
