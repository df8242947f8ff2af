// What the bytes of a character merge into, known beforehand for characters of two and three bytes.
//
// A merge across the edge of a character could come first only if its rank were lower than those of the
// merges within. Where no such merge exists for the neighbouring byte at hand, the character's own merges
// happen whatever else does, and merging can begin from their outcome: half or a third as many symbols
// in most scripts. This needs merges that only use what merges before them made; of others only characters that
// stand alone are known.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bpe/merge_table.h"

namespace tokenworks {

class Characters {
 public:
  Characters() = default;

  // Merges of symbols that are bytes below 256 and, from there on, the results of the merges in order.
  explicit Characters(const MergeTable& merges);

  bool empty() const { return entries_.empty(); }

  // Writes the symbols that merging `s[0, n)` can begin from (room for n); returns how many there are.
  size_t begin_from(const uint8_t* s, size_t n, uint32_t* symbols) const;

  // Writes what a character of code point 0x80 to 0xFFFF that stands alone merges into; returns how many
  // symbols.
  size_t symbols_of(uint32_t code, std::array<uint32_t, 3>& symbols) const {
    const Entry e = entries_[code];
    if (e.count == 0) return utf8_of(code, symbols);
    symbols = {static_cast<uint32_t>(e.first), static_cast<uint32_t>(e.second), 0};
    return e.count;
  }

 private:
  static size_t utf8_of(uint32_t code, std::array<uint32_t, 3>& bytes) {
    if (code < 0x800) {
      bytes = {0xC0 | code >> 6, 0x80 | (code & 0x3F), 0};
      return 2;
    }
    bytes = {0xE0 | code >> 12, 0x80 | (code >> 6 & 0x3F), 0x80 | (code & 0x3F)};
    return 3;
  }

  // One or two symbols, how many (0: the bytes, none of which merge), and before or after which bytes (below 0x80,
  // or above) the character cannot be taken for granted.
  struct Entry {
    uint64_t first : 21;
    uint64_t second : 21;
    uint64_t count : 2;
    uint64_t after : 2;
    uint64_t before : 2;
  };

  std::vector<Entry> entries_;  // by code point, up to U+FFFF
};

}  // namespace tokenworks
