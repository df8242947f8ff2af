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
TOKENWORKS_INLINE unsigned trusted_before(uint64_t stop) {
  const unsigned at = std::min<unsigned>(static_cast<unsigned>(std::countr_zero(stop)), 64);
  return at ? at - 1 : 0;
}

// Lowers `trusted` to the beginning of the first run of `runs` that a bit of `rare` lies in.
TOKENWORKS_INLINE void distrust_run(uint64_t rare, uint64_t runs, unsigned& trusted) {
  if (!rare) return;
  const unsigned at = static_cast<unsigned>(std::countr_zero(rare));
  const uint64_t outside_before = ~runs & ((1ull << at) - 1);
  const unsigned begin = outside_before ? 64 - static_cast<unsigned>(std::countl_zero(outside_before)) : 0;
  trusted = std::min(trusted, begin);
}

// Bytes followed by one of `kind`, or by one that this block does not show.
TOKENWORKS_INLINE uint64_t unsettled_after(const AsciiBlock& b, uint64_t kind) {
  return (kind | b.high) >> 1 | 1ull << 63;
}

// First digits of the groups of at most `Most` that runs of digits fall into.
template <unsigned Most>
TOKENWORKS_INLINE uint64_t digit_starts(uint64_t digit) {
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
TOKENWORKS_INLINE uint64_t starts(const Gpt4<Digits, WholeTail, Word>&, const AsciiBlock& b, const uint8_t* s,
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
TOKENWORKS_INLINE uint64_t starts(const Gpt4o<Digits, Contractions>&, const AsciiBlock& b, const uint8_t* s, size_t n,
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

TOKENWORKS_INLINE uint64_t starts(const Gpt2&, const AsciiBlock& b, const uint8_t* s, size_t n, size_t i,
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

// Ends are found a batch at a time. Writing them may spill over the batch by a block.
constexpr size_t kBatch = 512;
constexpr size_t kBatchRoom = kBatch + 64 + 8;

// Writes `base` plus the place of each bit, in order. Eight at a time without asking how many are left,
// since a branch per bit could not be predicted; returns how many there are.
TOKENWORKS_INLINE size_t write_places(uint64_t bits, size_t base, size_t* out) {
  const size_t count = static_cast<size_t>(std::popcount(bits));
  for (size_t k = 0; k < count; k += 8) {
    for (size_t j = 0; j < 8; ++j) {
      out[k + j] = base + static_cast<unsigned>(std::countr_zero(bits));
      bits &= bits - 1;
    }
  }
  return count;
}

// Each block is known only once the one before is done with, so the processor does not run ahead by itself.
TOKENWORKS_INLINE void prefetch_text(const uint8_t* s) {
#if defined(__GNUC__)
  __builtin_prefetch(s + 1024);
#else
  (void)s;
#endif
}

// Writes the ends of the pretokens from `i` on, until kBatch of them or the end of the text; returns how
// many there are and moves `i` to the last.
template <class Pattern, class Processor>
TOKENWORKS_INLINE size_t find_ends(const uint8_t* s, size_t n, size_t& i, size_t* ends) {
  size_t count = 0;
  if constexpr (requires(AsciiBlock& b) { Processor::classify(s, b); }) {
    while (i + 64 < n && count < kBatch) {
      prefetch_text(s + i);
      if ((s[i] | s[i + 1]) < 0x80) {
        AsciiBlock block;
        Processor::classify(s + i, block);
        unsigned trusted;
        uint64_t bits = starts(Pattern{}, block, s, n, i, trusted);
        bits &= (1ull << trusted) - 1;  // trusted < 64
        bits &= bits - 1;               // the first byte
        if (bits) {
          const unsigned last = 63 - static_cast<unsigned>(std::countl_zero(bits));
          count += write_places(bits, i, ends + count);
          i += last;
          continue;
        }
      }
      i = ends[count++] = Pattern::next(s, n, i);
    }
    if (count >= kBatch) return count;
  }
  while (i < n && count < kBatch) {
    prefetch_text(s + i);
    i = ends[count++] = Pattern::next(s, n, i);
  }
  return count;
}

using FindEnds = size_t (*)(const uint8_t* s, size_t n, size_t& i, size_t* ends);

struct AnyProcessor {};

template <class Pattern>
size_t find_ends_plainly(const uint8_t* s, size_t n, size_t& i, size_t* ends) {
  return find_ends<Pattern, AnyProcessor>(s, n, i, ends);
}

#if TOKENWORKS_X86
template <class Pattern>
TOKENWORKS_AVX2 size_t find_ends_avx2(const uint8_t* s, size_t n, size_t& i, size_t* ends) {
  return find_ends<Pattern, Avx2>(s, n, i, ends);
}
template <class Pattern>
TOKENWORKS_AVX512 size_t find_ends_avx512(const uint8_t* s, size_t n, size_t& i, size_t* ends) {
  return find_ends<Pattern, Avx512>(s, n, i, ends);
}
#endif

// The finder for the processor at hand.
template <class Pattern>
FindEnds ends_finder() {
#if TOKENWORKS_X86
  if constexpr (requires(unsigned& t) { starts(Pattern{}, AsciiBlock{}, nullptr, 0, 0, t); }) {
    switch (processor()) {
      case Processor::kAvx512: return find_ends_avx512<Pattern>;
      case Processor::kAvx2: return find_ends_avx2<Pattern>;
      default: break;
    }
  }
#endif
  return find_ends_plainly<Pattern>;
}

// Calls `found(begin, end)` for each pretoken of `s[0, n)` in order.
template <class Pattern, class Found>
void scan(const uint8_t* s, size_t n, Found&& found) {
  const FindEnds find = ends_finder<Pattern>();
  size_t ends[kBatchRoom];
  size_t begin = 0;
  for (size_t i = 0; i < n;) {
    const size_t count = find(s, n, i, ends);
    for (size_t k = 0; k < count; ++k) {
      found(begin, ends[k]);
      begin = ends[k];
    }
  }
}

}  // namespace tokenworks::scanner
