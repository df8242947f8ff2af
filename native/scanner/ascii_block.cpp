#include "scanner/ascii_block.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#define TOKENWORKS_X86 1
#endif

namespace tokenworks::scanner {

#if TOKENWORKS_X86
namespace {

#define TOKENWORKS_AVX512 __attribute__((target("avx512f,avx512bw"), always_inline)) inline

TOKENWORKS_AVX512 uint64_t below_avx512(const __m512i& x, char low, char width) {
  return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8(low)), _mm512_set1_epi8(width));
}
TOKENWORKS_AVX512 uint64_t equal_avx512(const __m512i& x, char c) {
  return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(c));
}

__attribute__((target("avx512f,avx512bw"))) void classify_avx512(const uint8_t* s,
                                                                 AsciiBlock& block) {
  const __m512i x = _mm512_loadu_si512(s);
  block.letter = below_avx512(_mm512_or_si512(x, _mm512_set1_epi8(0x20)), 'a', 26);
  block.upper = below_avx512(x, 'A', 26);
  block.digit = below_avx512(x, '0', 10);
  block.space = equal_avx512(x, ' ');
  block.newline = equal_avx512(x, '\n') | equal_avx512(x, '\r');
  block.blank = (block.space | below_avx512(x, '\t', 5)) & ~block.newline;
  block.apostrophe = equal_avx512(x, '\'');
  block.slash = equal_avx512(x, '/');
  block.high = _mm512_movepi8_mask(x);
}

#define TOKENWORKS_AVX2 __attribute__((target("avx2"), always_inline)) inline

TOKENWORKS_AVX2 __m256i below_avx2(const __m256i& x, char low, char width) {
  const __m256i moved = _mm256_sub_epi8(x, _mm256_set1_epi8(low));
  const __m256i last = _mm256_set1_epi8(static_cast<char>(width - 1));
  return _mm256_cmpeq_epi8(_mm256_min_epu8(moved, last), moved);
}
TOKENWORKS_AVX2 __m256i equal_avx2(const __m256i& x, char c) {
  return _mm256_cmpeq_epi8(x, _mm256_set1_epi8(c));
}
TOKENWORKS_AVX2 uint64_t bits_avx2(const __m256i& x, int half) {
  return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(x))) << (32 * half);
}

__attribute__((target("avx2"))) void classify_avx2(const uint8_t* s, AsciiBlock& block) {
  block = {};
  for (int half = 0; half < 2; ++half) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(s + 32 * half));
    const __m256i newline = _mm256_or_si256(equal_avx2(x, '\n'), equal_avx2(x, '\r'));
    const __m256i space = equal_avx2(x, ' ');
    const __m256i white = _mm256_or_si256(space, below_avx2(x, '\t', 5));
    const __m256i folded = _mm256_or_si256(x, _mm256_set1_epi8(0x20));
    block.letter |= bits_avx2(below_avx2(folded, 'a', 26), half);
    block.upper |= bits_avx2(below_avx2(x, 'A', 26), half);
    block.digit |= bits_avx2(below_avx2(x, '0', 10), half);
    block.space |= bits_avx2(space, half);
    block.newline |= bits_avx2(newline, half);
    block.blank |= bits_avx2(_mm256_andnot_si256(newline, white), half);
    block.apostrophe |= bits_avx2(equal_avx2(x, '\''), half);
    block.slash |= bits_avx2(equal_avx2(x, '/'), half);
    block.high |= bits_avx2(x, half);
  }
}

ClassifyBlock choose() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bw")) return classify_avx512;
  if (__builtin_cpu_supports("avx2")) return classify_avx2;
  return nullptr;
}

}  // namespace

const ClassifyBlock classify_block = choose();

#else

const ClassifyBlock classify_block = nullptr;

#endif

}  // namespace tokenworks::scanner
