// Where a document may be cut without changing any pretoken.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace tokenworks::training {

// Between a letter and a space that begins a word, and between a line end and a word, every known
// pattern that covers the whole text begins a pretoken, and what stands before does not read further.
inline bool may_cut(const uint8_t* s, size_t i) {
  const auto letter = [](uint8_t c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; };
  if (s[i] == ' ') return letter(s[i - 1]) && letter(s[i + 1]);
  return letter(s[i]) && s[i - 1] == '\n' && (letter(s[i - 2]) || s[i - 2] == '.');
}

// The first such place at or after `from`, or n.
inline size_t next_cut(const uint8_t* s, size_t n, size_t from) {
  for (size_t i = std::max<size_t>(from, 2); i + 1 < n; ++i) {
    if (may_cut(s, i)) return i;
  }
  return n;
}

// The first place after a line end and before a letter, at or after `from`, or n: no run of words goes
// on across it, whatever the pattern.
inline size_t next_line(const uint8_t* s, size_t n, size_t from) {
  for (size_t i = std::max<size_t>(from, 1); i < n; ++i) {
    if (s[i - 1] == '\n' && ((s[i] | 32) >= 'a' && (s[i] | 32) <= 'z')) return i;
  }
  return n;
}

}  // namespace tokenworks::training
