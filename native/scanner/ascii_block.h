// 64 bytes of text as bit masks, one bit a byte: what the block scanners compute on.
#pragma once

#include <cstdint>

#include "processor.h"

namespace tokenworks::scanner {

struct AsciiBlock {
  uint64_t letter;
  uint64_t upper;
  uint64_t digit;
  uint64_t space;       // ' '
  uint64_t blank;       // ' ' \t \v \f
  uint64_t newline;     // \r \n
  uint64_t apostrophe;
  uint64_t slash;
  uint64_t high;        // not ASCII
};

#if TOKENWORKS_X86

struct Avx512 {
  TOKENWORKS_AVX512 static inline void classify(const uint8_t* s, AsciiBlock& block) {
    const __m512i x = _mm512_loadu_si512(s);
    block.letter = below(_mm512_or_si512(x, _mm512_set1_epi8(0x20)), 'a', 26);
    block.upper = below(x, 'A', 26);
    block.digit = below(x, '0', 10);
    block.space = equal(x, ' ');
    block.newline = equal(x, '\n') | equal(x, '\r');
    block.blank = (block.space | below(x, '\t', 5)) & ~block.newline;
    block.apostrophe = equal(x, '\'');
    block.slash = equal(x, '/');
    block.high = _mm512_movepi8_mask(x);
  }

 private:
  TOKENWORKS_AVX512 TOKENWORKS_INLINE static uint64_t below(const __m512i& x, char low, char width) {
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8(low)), _mm512_set1_epi8(width));
  }
  TOKENWORKS_AVX512 TOKENWORKS_INLINE static uint64_t equal(const __m512i& x, char c) {
    return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(c));
  }
};

struct Avx2 {
  TOKENWORKS_AVX2 static inline void classify(const uint8_t* s, AsciiBlock& block) {
    block = {};
    for (int half = 0; half < 2; ++half) {
      const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(s + 32 * half));
      const __m256i newline = _mm256_or_si256(equal(x, '\n'), equal(x, '\r'));
      const __m256i space = equal(x, ' ');
      const __m256i white = _mm256_or_si256(space, below(x, '\t', 5));
      const __m256i folded = _mm256_or_si256(x, _mm256_set1_epi8(0x20));
      block.letter |= bits(below(folded, 'a', 26), half);
      block.upper |= bits(below(x, 'A', 26), half);
      block.digit |= bits(below(x, '0', 10), half);
      block.space |= bits(space, half);
      block.newline |= bits(newline, half);
      block.blank |= bits(_mm256_andnot_si256(newline, white), half);
      block.apostrophe |= bits(equal(x, '\''), half);
      block.slash |= bits(equal(x, '/'), half);
      block.high |= bits(x, half);
    }
  }

 private:
  TOKENWORKS_AVX2 TOKENWORKS_INLINE static __m256i below(const __m256i& x, char low, char width) {
    const __m256i moved = _mm256_sub_epi8(x, _mm256_set1_epi8(low));
    const __m256i last = _mm256_set1_epi8(static_cast<char>(width - 1));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(moved, last), moved);
  }
  TOKENWORKS_AVX2 TOKENWORKS_INLINE static __m256i equal(const __m256i& x, char c) {
    return _mm256_cmpeq_epi8(x, _mm256_set1_epi8(c));
  }
  TOKENWORKS_AVX2 TOKENWORKS_INLINE static uint64_t bits(const __m256i& x, int half) {
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(x))) << (32 * half);
  }
};

#endif

}  // namespace tokenworks::scanner
