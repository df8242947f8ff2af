// Hashing of short byte strings and pairs for the open-addressing tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tokenworks {

constexpr uint64_t kHashA = 0x9E3779B97F4A7C15ull;
constexpr uint64_t kHashB = 0xD6E8FEB86659FD93ull;

inline uint64_t multiply_fold(uint64_t a, uint64_t b) {
#if defined(__SIZEOF_INT128__)
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
#else
  uint64_t x = (a ^ (a >> 32)) * kHashA;
  x ^= (b ^ (b >> 29)) * kHashB;
  return x ^ (x >> 32);
#endif
}

inline uint64_t load64(const uint8_t* p) {
  uint64_t x;
  std::memcpy(&x, p, 8);
  return x;
}

// At most 8 bytes, zero-extended.
inline uint64_t load_up_to_8(const uint8_t* p, size_t n) {
  uint64_t x = 0;
  std::memcpy(&x, p, n);
  return x;
}

inline uint64_t hash_bytes(const uint8_t* p, size_t n) {
  uint64_t h = n * kHashB;
  while (n > 16) {
    h = multiply_fold(load64(p) ^ kHashA ^ h, load64(p + 8) ^ kHashB);
    p += 16;
    n -= 16;
  }
  const uint64_t low = n >= 8 ? load64(p) : load_up_to_8(p, n);
  const uint64_t high = n > 8 ? load64(p + n - 8) : 0;
  return multiply_fold(low ^ kHashA ^ h, high ^ kHashB);
}

}  // namespace tokenworks
