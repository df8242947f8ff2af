#include "unicode/validate.h"

#include <algorithm>
#include <cstring>

#include "unicode/utf8.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#define TOKENWORKS_X86 1
#endif

namespace tokenworks {

namespace {

bool valid_by_character(const uint8_t* s, size_t n) {
  size_t i = 0;
  while (i < n) {
    uint64_t eight;
    if (i + sizeof eight <= n) {
      std::memcpy(&eight, s + i, sizeof eight);
      if ((eight & 0x8080808080808080ull) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    const Character c = decode(s, n, i);
    if (c.code == kInvalid) return false;
    i += c.length;
  }
  return true;
}

#if TOKENWORKS_X86

// The lookup algorithm of Keiser and Lemire (arXiv:2010.03090): the high nibble of a byte and both
// nibbles of the byte before it each name the errors that they allow; an error that all three allow
// is there.
constexpr uint8_t kTooShort = 1, kTooLong = 2, kOverlong3 = 4, kTooLarge = 8, kSurrogate = 16,
                  kOverlong2 = 32, kTwoContinuations = 128,
                  kOverlong4 = 64, kFarTooLarge = 64,  // F0 and F5.. before 8x: one bit serves both
                  kCarry = kTooShort | kTooLong | kTwoContinuations;

#define TOKENWORKS_AVX2 __attribute__((target("avx2"), always_inline)) inline

TOKENWORKS_AVX2 __m256i table(uint8_t a0, uint8_t a1, uint8_t a2, uint8_t a3, uint8_t a4, uint8_t a5,
                              uint8_t a6, uint8_t a7, uint8_t a8, uint8_t a9, uint8_t a10,
                              uint8_t a11, uint8_t a12, uint8_t a13, uint8_t a14, uint8_t a15) {
  const uint8_t all[16] = {a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15};
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(all)));
}

TOKENWORKS_AVX2 __m256i high_nibbles(const __m256i& x) {
  return _mm256_and_si256(_mm256_srli_epi16(x, 4), _mm256_set1_epi8(0x0F));
}

// The bytes that stand `Back` before each of x, the last ones of `before` in front.
template <int Back>
TOKENWORKS_AVX2 __m256i shifted(const __m256i& before, const __m256i& x) {
  return _mm256_alignr_epi8(x, _mm256_permute2x128_si256(before, x, 0x21), 16 - Back);
}

TOKENWORKS_AVX2 __m256i errors_of(const __m256i& before, const __m256i& x) {
  const __m256i first_high = table(
      kTooLong, kTooLong, kTooLong, kTooLong, kTooLong, kTooLong, kTooLong, kTooLong,
      kTwoContinuations, kTwoContinuations, kTwoContinuations, kTwoContinuations,
      kTooShort | kOverlong2, kTooShort, kTooShort | kOverlong3 | kSurrogate,
      kTooShort | kTooLarge | kFarTooLarge);
  const __m256i first_low = table(
      kCarry | kOverlong3 | kOverlong2 | kOverlong4, kCarry | kOverlong2, kCarry, kCarry,
      kCarry | kTooLarge, kCarry | kTooLarge | kFarTooLarge, kCarry | kTooLarge | kFarTooLarge,
      kCarry | kTooLarge | kFarTooLarge, kCarry | kTooLarge | kFarTooLarge,
      kCarry | kTooLarge | kFarTooLarge, kCarry | kTooLarge | kFarTooLarge,
      kCarry | kTooLarge | kFarTooLarge, kCarry | kTooLarge | kFarTooLarge,
      kCarry | kTooLarge | kFarTooLarge | kSurrogate, kCarry | kTooLarge | kFarTooLarge,
      kCarry | kTooLarge | kFarTooLarge);
  const __m256i second_high = table(
      kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort,
      kTooLong | kOverlong2 | kTwoContinuations | kOverlong3 | kFarTooLarge,
      kTooLong | kOverlong2 | kTwoContinuations | kOverlong3 | kTooLarge,
      kTooLong | kOverlong2 | kTwoContinuations | kSurrogate | kTooLarge,
      kTooLong | kOverlong2 | kTwoContinuations | kSurrogate | kTooLarge,
      kTooShort, kTooShort, kTooShort, kTooShort);
  const __m256i one_back = shifted<1>(before, x);
  const __m256i special = _mm256_and_si256(
      _mm256_and_si256(_mm256_shuffle_epi8(first_high, high_nibbles(one_back)),
                       _mm256_shuffle_epi8(first_low, _mm256_and_si256(one_back, _mm256_set1_epi8(0x0F)))),
      _mm256_shuffle_epi8(second_high, high_nibbles(x)));
  // The third byte of three and the third and fourth of four must be continuations, which the table
  // has marked as two in a row: nothing else may be.
  const __m256i third = _mm256_subs_epu8(shifted<2>(before, x), _mm256_set1_epi8(0x60));
  const __m256i fourth = _mm256_subs_epu8(shifted<3>(before, x), _mm256_set1_epi8(0x70));
  const __m256i must = _mm256_and_si256(_mm256_or_si256(third, fourth),
                                        _mm256_set1_epi8(static_cast<char>(0x80)));
  return _mm256_xor_si256(must, special);
}

__attribute__((target("avx2"))) bool valid_avx2(const uint8_t* s, size_t n) {
  __m256i before = _mm256_setzero_si256(), errors = _mm256_setzero_si256();
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(s + i));
    // what the block before left open is found at the next block that is not ASCII, or at this one
    if (_mm256_movemask_epi8(_mm256_or_si256(x, before))) {
      errors = _mm256_or_si256(errors, errors_of(before, x));
    }
    before = x;
  }
  if (!_mm256_testz_si256(errors, errors)) return false;
  // The rest by character, from the start of the one that reaches into it.
  size_t at = i;
  for (size_t back = 1; back <= std::min<size_t>(3, i); ++back) {
    if ((s[i - back] & 0xC0) == 0x80) continue;
    if (s[i - back] >= 0xC0) at = i - back;
    break;
  }
  return valid_by_character(s + at, n - at);
}

bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2");
}

#endif

}  // namespace

bool valid_utf8(const uint8_t* s, size_t n) {
#if TOKENWORKS_X86
  static const bool wide = has_avx2();
  if (wide) return valid_avx2(s, n);
#endif
  return valid_by_character(s, n);
}

size_t count_newlines(const uint8_t* s, size_t n) {
  size_t total = 0;
  while (n) {  // in blocks whose counts fit a byte, which compilers turn into wide instructions
    const size_t part = std::min<size_t>(n, 64 * 255);
    uint8_t counts[64] = {};
    size_t i = 0;
    for (; i + 64 <= part; i += 64) {
      for (size_t k = 0; k < 64; ++k) counts[k] = static_cast<uint8_t>(counts[k] + (s[i + k] == '\n'));
    }
    for (; i < part; ++i) total += s[i] == '\n';
    for (const uint8_t count : counts) total += count;
    s += part;
    n -= part;
  }
  return total;
}

}  // namespace tokenworks
