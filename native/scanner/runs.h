// Runs of characters of one class: the ends that every pretoken pattern asks for.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "unicode/categories.h"
#include "unicode/utf8.h"

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define TOKENWORKS_SSE2 1
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#define TOKENWORKS_NEON 1
#endif

namespace tokenworks::scanner {

// Classes as bits, so that a pattern tests a union of them with one `and`.
enum Class : uint8_t {
  kUpper = 1,     // Lu, Lt
  kLower = 2,     // Ll
  kUncased = 4,   // Lm, Lo
  kDigit = 8,     // N
  kSpace = 16,    // White_Space other than CR and LF
  kNewline = 32,  // CR, LF
  kMarks = 64,    // M
  kOther = 128,   // everything else
};
constexpr uint8_t kLetters = kUpper | kLower | kUncased;
constexpr uint8_t kWhite = kSpace | kNewline;
constexpr uint8_t kNonWord = kOther | kMarks;  // [^\s\p{L}\p{N}]

constexpr Class class_of(char32_t c, uint8_t category_and_space) {
  if (c == '\r' || c == '\n') return kNewline;
  if (category_and_space & kWhiteSpace) return kSpace;
  const uint32_t b = 1u << (category_and_space & 31);
  if (b & (bit(kLu) | bit(kLt))) return kUpper;
  if (b & bit(kLl)) return kLower;
  if (b & (bit(kLm) | bit(kLo))) return kUncased;
  if (b & kNumber) return kDigit;
  if (b & kMark) return kMarks;
  return kOther;
}

// Of characters that are not ASCII, by category_and_space.
inline constexpr std::array<uint8_t, 64> kClassOf = [] {
  std::array<uint8_t, 64> table{};
  for (unsigned entry = 0; entry < table.size(); ++entry) table[entry] = class_of(0x80, static_cast<uint8_t>(entry));
  return table;
}();

constexpr std::array<uint8_t, 128> make_ascii_classes() {
  std::array<uint8_t, 128> table{};
  for (int c = 0; c < 128; ++c) {
    table[c] = (c >= 'a' && c <= 'z')   ? kLower
               : (c >= 'A' && c <= 'Z') ? kUpper
               : (c >= '0' && c <= '9') ? kDigit
               : (c == '\r' || c == '\n') ? kNewline
               : (c == ' ' || c == '\t' || c == '\v' || c == '\f') ? kSpace
                                                                   : kOther;
  }
  return table;
}
inline constexpr std::array<uint8_t, 128> kAsciiClass = make_ascii_classes();

struct Classed {
  uint8_t cls;
  uint32_t length;
};

// Class and length of the character at `s[i]`; needs i < n.
inline Classed classify(const uint8_t* s, size_t n, size_t i) {
  if (s[i] < 0x80) [[likely]] return {kAsciiClass[s[i]], 1};
  const Character c = decode(s, n, i);
  return {kClassOf[category_and_space(c.code)], c.length};
}

inline uint8_t class_at(const uint8_t* s, size_t n, size_t i) {
  return i < n ? classify(s, n, i).cls : uint8_t{0};
}

// Number of leading ASCII letters in the 16 bytes at `p`; 16 when all are.
#if TOKENWORKS_SSE2
inline unsigned leading_letters16(const uint8_t* p) {
  const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i folded = _mm_or_si128(x, _mm_set1_epi8(0x20));
  // Signed comparison after a shift that puts 'a'..'z' at the bottom of the range.
  const __m128i shifted = _mm_add_epi8(folded, _mm_set1_epi8(static_cast<char>(128 - 'a')));
  const __m128i letter = _mm_cmplt_epi8(shifted, _mm_set1_epi8(static_cast<char>(-128 + 26)));
  return std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(letter)));
}
inline unsigned leading_range16(const uint8_t* p, uint8_t low) {  // low..low+25
  const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i shifted = _mm_add_epi8(x, _mm_set1_epi8(static_cast<char>(128 - low)));
  const __m128i inside = _mm_cmplt_epi8(shifted, _mm_set1_epi8(static_cast<char>(-128 + 26)));
  return std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(inside)));
}
#elif TOKENWORKS_NEON
inline unsigned leading_true16(uint8x16_t inside) {
  const uint64_t m =
      vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(inside), 4)), 0);
  return std::countr_one(m) / 4;
}
inline unsigned leading_range16(const uint8_t* p, uint8_t low) {
  return leading_true16(vcltq_u8(vsubq_u8(vld1q_u8(p), vdupq_n_u8(low)), vdupq_n_u8(26)));
}
inline unsigned leading_letters16(const uint8_t* p) {
  const uint8x16_t folded = vorrq_u8(vld1q_u8(p), vdupq_n_u8(0x20));
  return leading_true16(vcltq_u8(vsubq_u8(folded, vdupq_n_u8('a')), vdupq_n_u8(26)));
}
#else
inline unsigned leading_range16(const uint8_t* p, uint8_t low) {
  unsigned k = 0;
  while (k < 16 && static_cast<uint8_t>(p[k] - low) < 26) ++k;
  return k;
}
inline unsigned leading_letters16(const uint8_t* p) {
  unsigned k = 0;
  while (k < 16 && static_cast<uint8_t>((p[k] | 0x20) - 'a') < 26) ++k;
  return k;
}
#endif

template <uint8_t Classes>
const CharacterBits& characters_of() {
  static const CharacterBits found([](char32_t c) { return kClassOf[category_and_space(c)] & Classes ? 1 : 0; });
  return found;
}

// End of the run of characters whose class is in `Classes`, from `i` on.
template <uint8_t Classes>
size_t run_end(const uint8_t* s, size_t n, size_t i) {
  while (i < n) {
    if constexpr (Classes == kLetters) {
      if (s[i] < 0x80) {
        while (i + 16 <= n) {
          const unsigned k = leading_letters16(s + i);
          i += k;
          if (k < 16) break;
        }
        if (i >= n) return n;
      }
      const CharacterBits& letters = characters_of<Classes>();
      while (i + 4 <= n) {
        const Character c = decode_short(s + i);
        if (c.length == 0 || !letters[c.code]) break;
        i += c.length;
      }
      if (i >= n) return n;
    }
    const Classed c = classify(s, n, i);
    if (!(c.cls & Classes)) return i;
    i += c.length;
  }
  return n;
}

}  // namespace tokenworks::scanner
