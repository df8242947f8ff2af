// The Unicode normalization forms as `tokenizers` computes them, with what each character replaced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tokenworks::unicode {

enum class Form : uint8_t { kNfc, kNfd, kNfkc, kNfkd };

// One character of a result. `change` 0: it stands for the next source character; 1: it was
// inserted after the previous one; -k: it stands for the next source character and k more.
struct Change {
  char32_t code;
  int32_t change;
};

// A part of the text that normalization may change; it begins and ends at safe boundaries.
struct Region {
  size_t begin;
  size_t end;
};

// The first such part at or after `from` (itself a boundary); begin == text.size() if there is none.
Region next_region(std::string_view text, size_t from, Form form);

// Appends the normal form of `text` (a whole region).
void normalize_region(std::string_view text, Form form, std::vector<Change>& out);

// The lower case of a character that has the flag kLowers, one to three characters.
std::span<const char32_t> lower_case(char32_t c);

// The script of a character; kana counts as Han, 0 goes with every script.
uint16_t script(char32_t c);

// Appends the UTF-8 of `c`.
inline void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    const char bytes[] = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
    out.append(bytes, 2);
  } else if (c < 0x10000) {
    const char bytes[] = {static_cast<char>(0xE0 | c >> 12),
                          static_cast<char>(0x80 | (c >> 6 & 63)),
                          static_cast<char>(0x80 | (c & 63))};
    out.append(bytes, 3);
  } else {
    const char bytes[] = {static_cast<char>(0xF0 | c >> 18),
                          static_cast<char>(0x80 | (c >> 12 & 63)),
                          static_cast<char>(0x80 | (c >> 6 & 63)),
                          static_cast<char>(0x80 | (c & 63))};
    out.append(bytes, 4);
  }
}

}  // namespace tokenworks::unicode
