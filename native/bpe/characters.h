// What the bytes of a character merge into, known beforehand for characters of two and three bytes.
//
// Of the pairs there are, the one of lowest rank merges first. While the next merge inside a character has a lower
// rank than every merge of its outermost symbols with what stands beside it, nothing can come before that; and
// where what it ends as merges with a neighbour only at a higher rank than all those inside, it does not matter
// when they happen. Merging can then begin from their outcome: half or a third as many symbols in most scripts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bpe/merge_table.h"

namespace tokenworks {

class Characters {
 public:
  Characters() = default;

  // Merges of symbols that are bytes below 256 and, from there on, the results of the merges in order;
  // `pieces` are the bytes of each symbol.
  Characters(const MergeTable& merges, std::span<const std::string_view> pieces);

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
  static constexpr uint32_t kCodePoints = 1 << 16;

  static size_t utf8_of(uint32_t code, std::array<uint32_t, 3>& bytes) {
    if (code < 0x800) {
      bytes = {0xC0 | code >> 6, 0x80 | (code & 0x3F), 0};
      return 2;
    }
    bytes = {0xE0 | code >> 12, 0x80 | (code >> 6 & 0x3F), 0x80 | (code & 0x3F)};
    return 3;
  }

  // After and before what a character cannot be taken for granted.
  enum Doubt : uint64_t { kAscii = 1, kOthers = 2, kSome = 4 };  // kSome: after or before those in the filter

  // One or two symbols, and how many (0: the bytes, none of which merge).
  struct Entry {
    uint64_t first : 21;
    uint64_t second : 21;
    uint64_t count : 2;
    uint64_t after : 3;
    uint64_t before : 3;
  };

  // What stands beside a character.
  struct Beside {
    uint32_t code;  // kCodePoints if it is none below U+10000
    uint32_t length;
  };
  static Beside at(const uint8_t* s, size_t n, size_t i);

  bool doubted(uint64_t doubt, uint32_t beside, uint32_t left, uint32_t right) const {
    if (doubt & (beside < 0x80 ? kAscii : kOthers)) return true;
    if (!(doubt & kSome)) return false;
    if (beside == kCodePoints) return true;
    const uint64_t place = place_of(left, right);
    return filter_[place / 64] >> place % 64 & 1;
  }
  uint64_t place_of(uint32_t left, uint32_t right) const {
    return (static_cast<uint64_t>(left) << 16 | right) * 0x9E3779B97F4A7C15ull >> (64 - filter_bits_);
  }

  std::vector<Entry> entries_;    // by code point, up to U+FFFF
  std::vector<uint64_t> filter_;  // a bit for each hash that a pair of neighbours in doubt has
  unsigned filter_bits_ = 6;
};

}  // namespace tokenworks
