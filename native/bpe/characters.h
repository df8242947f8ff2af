// What the bytes of a character merge into, known beforehand for characters of two and three bytes.
//
// A merge across the edge of a character could come first only if its rank were lower than those of the
// merges within. Where no such merge exists for the neighbouring byte at hand, the character's own merges
// happen whatever else does, and merging can begin from their outcome: half or a third as many symbols
// in most scripts. This needs merges that only use what merges before them made.
#pragma once

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

 private:
  // One or two symbols, how many (0: begin from the bytes), and before or after which bytes (below 0x80,
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
