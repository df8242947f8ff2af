// Where pretokens begin in 64 bytes of ASCII, by bit arithmetic: no branch per character.
//
// Each function gets a block whose first byte begins a pretoken and returns the bits of the bytes
// that begin one. What depends on text past the block, on a character outside ASCII or on a case too
// rare to compute is left out by lowering `trusted`: bits from there on mean nothing.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "scanner/ascii_block.h"
#include "scanner/patterns.h"

namespace tokenworks::scanner {

// Bits before the one that precedes the first set bit of `stop`: a start is decided by the byte
// itself, the bytes before it and one byte after it.
inline unsigned trusted_before(uint64_t stop) {
  const unsigned at = std::min<unsigned>(static_cast<unsigned>(std::countr_zero(stop)), 64);
  return at ? at - 1 : 0;
}

// Lowers `trusted` to the beginning of the first run of `runs` that a bit of `rare` lies in.
inline void distrust_run(uint64_t rare, uint64_t runs, unsigned& trusted) {
  if (!rare) return;
  const unsigned at = static_cast<unsigned>(std::countr_zero(rare));
  const uint64_t outside_before = ~runs & ((1ull << at) - 1);
  const unsigned begin = outside_before ? 64 - static_cast<unsigned>(std::countl_zero(outside_before)) : 0;
  trusted = std::min(trusted, begin);
}

// Bytes followed by one of `kind`, or by one that this block does not show.
inline uint64_t unsettled_after(const AsciiBlock& b, uint64_t kind) {
  return (kind | b.high) >> 1 | 1ull << 63;
}

// First digits of the groups of at most `Most` that runs of digits fall into.
template <unsigned Most>
uint64_t digit_starts(uint64_t digit) {
  if constexpr (Most == 1) return digit;
  uint64_t group = digit & ~(digit << 1);
  uint64_t starts = group;
  if constexpr (Most == 3) {
    const uint64_t third = digit & (digit << 1) & (digit << 2);
    while ((group = (group << 3) & third)) starts |= group;
  }
  return starts;
}

template <unsigned Digits, bool WholeTail, uint8_t Word>
uint64_t starts(const Gpt4<Digits, WholeTail, Word>&, const AsciiBlock& b, const uint8_t* s,
                size_t n, size_t i, unsigned& trusted) {
  const uint64_t white = b.blank | b.newline;
  const uint64_t punctuation = ~(b.letter | b.digit | white);
  trusted = trusted_before(b.high);
  distrust_run(b.blank & unsettled_after(b, b.newline), b.blank, trusted);  // may join a line end

  const uint64_t after_space = b.space << 1;
  const uint64_t punctuation_start = punctuation & ~(punctuation << 1) & ~after_space;
  const uint64_t prefix = punctuation_start & ~(punctuation >> 1);  // joins a letter after it
  uint64_t out = 1;
  out |= b.letter & ~((b.letter | b.blank | prefix) << 1);
  out |= punctuation_start;
  out |= digit_starts<Digits>(b.digit);
  out |= b.newline & ~((b.newline | punctuation) << 1);
  out |= b.blank & (~(b.blank << 1) | ~(white >> 1));  // first and last blank of a run
  for (uint64_t marks = b.apostrophe & punctuation_start & (b.letter >> 1); marks; marks &= marks - 1) {
    const unsigned at = static_cast<unsigned>(std::countr_zero(marks));
    if (const size_t end = contraction_end<true>(s, n, i + at)) {
      if (end - i < 64) out |= 1ull << (end - i);
    }
  }
  return out;
}

template <unsigned Digits, bool Contractions>
uint64_t starts(const Gpt4o<Digits, Contractions>&, const AsciiBlock& b, const uint8_t* s, size_t n,
                size_t i, unsigned& trusted) {
  const uint64_t white = b.blank | b.newline;
  const uint64_t punctuation = ~(b.letter | b.digit | white);
  trusted = trusted_before(b.high);
  distrust_run(b.blank & unsettled_after(b, b.newline), b.blank, trusted);
  distrust_run(b.newline & unsettled_after(b, b.slash), b.newline, trusted);

  const uint64_t after_space = b.space << 1;
  const uint64_t punctuation_start = punctuation & ~(punctuation << 1) & ~after_space;
  const uint64_t prefix = punctuation_start & ~(punctuation >> 1);
  const uint64_t lower = b.letter & ~b.upper;
  uint64_t out = 1;
  out |= b.letter & ~((b.letter | b.blank | prefix) << 1);
  out |= b.upper & (lower << 1);
  out |= punctuation_start;
  out |= digit_starts<Digits>(b.digit);
  out |= b.newline & ~((b.newline | punctuation) << 1);
  out |= b.blank & (~(b.blank << 1) | ~(white >> 1));
  if constexpr (Contractions) {
    size_t previous_end = 0;
    for (uint64_t marks = b.apostrophe & (b.letter << 1) & (b.letter >> 1); marks; marks &= marks - 1) {
      const size_t at = i + static_cast<unsigned>(std::countr_zero(marks));
      if (at == previous_end) continue;  // a word has one contraction; this begins the next word
      if (const size_t end = contraction_end<true>(s, n, at)) {
        out &= ~(1ull << (at - i));
        if (end - i < 64) out |= 1ull << (end - i);
        previous_end = end;
      }
    }
  }
  return out;
}

inline uint64_t starts(const Gpt2&, const AsciiBlock& b, const uint8_t* s, size_t n, size_t i,
                       unsigned& trusted) {
  const uint64_t white = b.blank | b.newline;
  const uint64_t punctuation = ~(b.letter | b.digit | white);
  trusted = trusted_before(b.high);

  uint64_t out = 1;
  const auto word_starts = [&](uint64_t kind) { return kind & ~((kind | b.space) << 1); };
  out |= word_starts(b.letter) | word_starts(b.digit) | word_starts(punctuation);
  out |= white & (~(white << 1) | ~(white >> 1));
  for (uint64_t marks = b.apostrophe & out & (b.letter >> 1); marks; marks &= marks - 1) {
    const size_t at = i + static_cast<unsigned>(std::countr_zero(marks));
    if (const size_t end = contraction_end<false>(s, n, at)) {
      out &= ~(2ull << (at - i));
      if (end - i < 64) out |= 1ull << (end - i);
    }
  }
  return out;
}

// Calls `found(begin, end)` for each pretoken of `s[0, n)` in order.
template <class Pattern, class Found>
void scan(const uint8_t* s, size_t n, Found&& found) {
  size_t i = 0;
  if constexpr (requires(unsigned& t) { starts(Pattern{}, AsciiBlock{}, s, n, i, t); }) {
    if (classify_block) {
      while (i + 64 < n) {
        if ((s[i] | s[i + 1]) < 0x80) {
          AsciiBlock block;
          classify_block(s + i, block);
          unsigned trusted;
          uint64_t bits = starts(Pattern{}, block, s, n, i, trusted);
          bits &= (1ull << trusted) - 1;  // trusted < 64
          bits &= bits - 1;               // the first byte
          if (bits) {
            size_t begin = i;
            do {
              const size_t end = i + static_cast<unsigned>(std::countr_zero(bits));
              found(begin, end);
              begin = end;
              bits &= bits - 1;
            } while (bits);
            i = begin;
            continue;
          }
        }
        const size_t end = Pattern::next(s, n, i);
        found(i, end);
        i = end;
      }
    }
  }
  while (i < n) {
    const size_t end = Pattern::next(s, n, i);
    found(i, end);
    i = end;
  }
}

}  // namespace tokenworks::scanner
