// Where no token of a vocabulary reaches across two neighbouring characters, a pretoken can be cut: the
// parts merge by themselves. In most scripts most places are of this kind, so that rare words fall into
// single characters and a few common syllables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bpe/vocabulary.h"
#include "unicode/utf8.h"

namespace tokenworks {

class Cuts {
 public:
  Cuts() = default;

  // Pieces are bytes.
  explicit Cuts(const Vocabulary& vocabulary);

  bool empty() const { return flags_.empty(); }

  // Calls `part(begin, end, code)` for the parts of `s[0, n)` in order, n > 0. `code` is that of a part
  // that is one character below U+10000 and not ASCII, and 0 for others.
  template <class Part>
  void cut(const uint8_t* s, size_t n, Part&& part) const {
    Character previous = decode(s, n, 0);
    size_t begin = 0;
    for (size_t i = previous.length; i < n;) {
      const Character c = decode(s, n, i);
      if (!may_join(previous.code, c.code)) {
        part(begin, i, single(previous, i - begin));
        begin = i;
      }
      previous = c;
      i += c.length;
    }
    part(begin, n, single(previous, n - begin));
  }

 private:
  static constexpr uint32_t kCodePoints = 1 << 16;

  enum Flag : uint8_t {
    kAfterAscii = 1,  // a piece has an ASCII character and then a part of this one
    kAfterPart = 2,   // a piece begins inside the character before this one
    kBeforePart = 4,  // a piece has this one and then a part of another
  };

  static uint32_t single(Character c, size_t length) {
    return c.length == length && c.code >= 0x80 && c.code < kCodePoints ? c.code : 0;
  }

  // Whether a piece may hold both, or parts of both. May be wrong to say so, never to deny it.
  bool may_join(uint32_t a, uint32_t b) const {
    if ((a | b) < 0x80 || a >= kCodePoints || b >= kCodePoints) return true;
    if (flags_[b] & (a < 0x80 ? kAfterAscii : kAfterPart) || flags_[a] & kBeforePart) return true;
    const uint64_t place = place_of(a, b);
    return filter_[place / 64] >> place % 64 & 1;
  }
  uint64_t place_of(uint32_t a, uint32_t b) const {
    return (static_cast<uint64_t>(a) << 16 | b) * 0x9E3779B97F4A7C15ull >> (64 - filter_bits_);
  }

  std::vector<uint8_t> flags_;    // by code point
  std::vector<uint64_t> filter_;  // a bit for each hash that a pair of characters in a piece has
  unsigned filter_bits_ = 0;
};

}  // namespace tokenworks
