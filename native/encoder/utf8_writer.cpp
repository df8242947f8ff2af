#include "encoder/utf8_writer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "processor.h"

namespace tokenworks {
namespace {

constexpr size_t kRun = 16;

// Copies runs of ASCII from `i` on, as long as they last; returns where they end.
template <class Unit>
size_t copy_ascii(const Unit* s, size_t i, size_t n, char*& out) {
  for (; i + kRun <= n; i += kRun, out += kRun) {
    Unit any = 0;
    for (size_t k = 0; k < kRun; ++k) any |= s[i + k];
    if (any >= 0x80) break;
    for (size_t k = 0; k < kRun; ++k) out[k] = static_cast<char>(s[i + k]);
  }
  return i;
}

// True for a surrogate. All lengths are made and one is chosen: which comes next cannot be predicted.
template <class Unit>
bool write_character(uint32_t c, char*& out) {
  const uint32_t two = (0xC0 | c >> 6) | (0x80 | (c & 0x3F)) << 8;
  uint32_t bytes = c < 0x80 ? c : two;
  size_t length = 1 + (c >= 0x80);
  if constexpr (sizeof(Unit) > 1) {
    const uint32_t three = (0xE0 | (c >> 12 & 0x0F)) | (0x80 | (c >> 6 & 0x3F)) << 8 | (0x80 | (c & 0x3F)) << 16;
    bytes = c < 0x800 ? bytes : three;
    length += c >= 0x800;
  }
  if constexpr (sizeof(Unit) > 2) {
    if (c >= 0x10000) {
      bytes = (0xF0 | c >> 18) | (0x80 | (c >> 12 & 0x3F)) << 8 | (0x80 | (c >> 6 & 0x3F)) << 16 |
              (0x80 | (c & 0x3F)) << 24;
      length = 4;
    }
  }
  const uint8_t little[4] = {static_cast<uint8_t>(bytes), static_cast<uint8_t>(bytes >> 8),
                             static_cast<uint8_t>(bytes >> 16), static_cast<uint8_t>(bytes >> 24)};
  std::memcpy(out, little, 4);
  out += length;
  return (c & ~0x7FFu) == 0xD800;
}

template <class Unit>
Utf8End write_any(const Unit* s, size_t i, size_t n, char* out) {
  bool surrogates = false;
  while (i < n) {
    i = copy_ascii(s, i, n, out);
    // What is not ASCII seldom stands alone.
    for (const size_t end = std::min(i + kRun, n); i < end; ++i) surrogates |= write_character<Unit>(s[i], out);
  }
  return {out, surrogates};
}

#if TOKENWORKS_X86

#define TOKENWORKS_VBMI2 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,avx2,bmi,bmi2,popcnt,lzcnt")))

bool compresses_bytes() {
  static const bool found = processor() == Processor::kAvx512 && __builtin_cpu_supports("avx512vbmi2");
  return found;
}

TOKENWORKS_VBMI2 inline __m512i load16(const uint8_t* s) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(s)));
}
TOKENWORKS_VBMI2 inline __m512i load16(const uint16_t* s) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(s)));
}
TOKENWORKS_VBMI2 inline __m512i load16(const uint32_t* s) { return _mm512_loadu_si512(s); }

TOKENWORKS_VBMI2 inline __m512i all(uint32_t x) { return _mm512_set1_epi32(static_cast<int>(x)); }

// The continuation byte with the six bits from `shift` on, in each number.
TOKENWORKS_VBMI2 inline __m512i continuation(__m512i c, unsigned shift) {
  const __m512i six = _mm512_and_si512(_mm512_srli_epi32(c, shift), _mm512_set1_epi32(0x3F));
  return _mm512_or_si512(six, _mm512_set1_epi32(0x80));
}

// Sixteen characters at a time, each as the bytes of a number, of which those that count are moved together.
template <class Unit>
TOKENWORKS_VBMI2 Utf8End write_together(const Unit* s, size_t n, char* out) {
  size_t i = 0;
  __mmask16 surrogates = 0;
  for (; i + kRun <= n; i += kRun) {
    const __m512i c = load16(s + i);
    const __mmask16 two = _mm512_cmpge_epu32_mask(c, all(0x80));
    if (!two) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi32_epi8(c));
      out += kRun;
      continue;
    }
    const __m512i last = continuation(c, 0);
    const __m512i first = _mm512_or_si512(_mm512_srli_epi32(c, 6), all(0xC0));
    const __m512i of_two = _mm512_or_si512(first, _mm512_slli_epi32(last, 8));
    __m512i bytes = _mm512_mask_mov_epi32(c, two, of_two);
    __m512i used = _mm512_mask_mov_epi32(all(0x80), two, all(0x8080));
    if constexpr (sizeof(Unit) > 1) {
      const __mmask16 three = _mm512_cmpge_epu32_mask(c, all(0x800));
      const __m512i middle = continuation(c, 6);
      const __m512i lead = _mm512_or_si512(_mm512_srli_epi32(c, 12), all(0xE0));
      const __m512i leading = _mm512_or_si512(lead, _mm512_slli_epi32(middle, 8));
      const __m512i of_three = _mm512_or_si512(leading, _mm512_slli_epi32(last, 16));
      bytes = _mm512_mask_mov_epi32(bytes, three, of_three);
      used = _mm512_mask_mov_epi32(used, three, all(0x808080));
      surrogates |= _mm512_cmpeq_epu32_mask(_mm512_and_si512(c, all(~0x7FFu)), all(0xD800));
      if constexpr (sizeof(Unit) > 2) {
        const __mmask16 four = _mm512_cmpge_epu32_mask(c, all(0x10000));
        const __m512i first = _mm512_or_si512(_mm512_srli_epi32(c, 18), all(0xF0));
        const __m512i front = _mm512_or_si512(first, _mm512_slli_epi32(continuation(c, 12), 8));
        const __m512i back = _mm512_or_si512(_mm512_slli_epi32(middle, 16), _mm512_slli_epi32(last, 24));
        bytes = _mm512_mask_mov_epi32(bytes, four, _mm512_or_si512(front, back));
        used = _mm512_mask_mov_epi32(used, four, all(0x80808080));
      }
    }
    const __mmask64 counted = _mm512_movepi8_mask(used);
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(counted, bytes));
    out += std::popcount(static_cast<uint64_t>(counted));
  }
  const Utf8End end = write_any(s, i, n, out);
  return {end.out, surrogates != 0 || end.surrogates};
}

template <class Unit>
Utf8End write(const Unit* s, size_t n, char* out) {
  return compresses_bytes() ? write_together(s, n, out) : write_any(s, 0, n, out);
}

#else

template <class Unit>
Utf8End write(const Unit* s, size_t n, char* out) {
  return write_any(s, 0, n, out);
}

#endif

}  // namespace

Utf8End write_utf8(const uint8_t* s, size_t n, char* out) { return write(s, n, out); }
Utf8End write_utf8(const uint16_t* s, size_t n, char* out) { return write(s, n, out); }
Utf8End write_utf8(const uint32_t* s, size_t n, char* out) { return write(s, n, out); }

}  // namespace tokenworks
