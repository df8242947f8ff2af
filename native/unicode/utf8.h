// Decoding UTF-8 one character at a time, safe on any bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tokenworks {

constexpr char32_t kInvalid = 0x110000;  // a byte that starts no valid character; length 1

struct Character {
  char32_t code;
  uint32_t length;
};

// The character at `s[i]`; needs i < n. Overlong forms, surrogates and truncated sequences are
// single bytes of code kInvalid.
inline Character decode(const uint8_t* s, size_t n, size_t i) {
  const uint8_t a = s[i];
  if (a < 0x80) return {a, 1};
  const size_t left = n - i;
  const auto continues = [&](size_t k) { return (s[i + k] & 0xC0) == 0x80; };
  if (a < 0xE0) {
    if (a >= 0xC2 && left >= 2 && continues(1)) {
      return {static_cast<char32_t>((a & 0x1F) << 6 | (s[i + 1] & 0x3F)), 2};
    }
  } else if (a < 0xF0) {
    if (left >= 3 && continues(1) && continues(2)) {
      const char32_t c = static_cast<char32_t>((a & 0x0F) << 12 | (s[i + 1] & 0x3F) << 6 |
                                               (s[i + 2] & 0x3F));
      if (c >= 0x800 && (c < 0xD800 || c >= 0xE000)) return {c, 3};
    }
  } else if (a < 0xF5) {
    if (left >= 4 && continues(1) && continues(2) && continues(3)) {
      const char32_t c = static_cast<char32_t>((a & 0x07) << 18 | (s[i + 1] & 0x3F) << 12 |
                                               (s[i + 2] & 0x3F) << 6 | (s[i + 3] & 0x3F));
      if (c >= 0x10000 && c < 0x110000) return {c, 4};
    }
  }
  return {kInvalid, 1};
}

// The same for a character of two or three bytes with at least four bytes to read, in fewer steps; of length 0 for
// any other.
inline Character decode_short(const uint8_t* s) {
  const uint32_t four = s[0] | s[1] << 8 | s[2] << 16 | static_cast<uint32_t>(s[3]) << 24;  // one load
  if ((four & 0xC0C0F0) == 0x8080E0) {
    const char32_t c = (four & 0x0F) << 12 | (four >> 2 & 0xFC0) | (four >> 16 & 0x3F);
    if (c >= 0x800 && (c & 0xF800) != 0xD800) return {c, 3};
  } else if ((four & 0xC0E0) == 0x80C0) {
    const char32_t c = (four & 0x1F) << 6 | (four >> 8 & 0x3F);
    if (c >= 0x80) return {c, 2};
  }
  return {0, 0};
}

// A bit for each character below U+10000.
class CharacterBits {
 public:
  template <class Holds>
  explicit CharacterBits(Holds&& holds) {
    for (char32_t c = 0; c < 0x10000; ++c) words_[c / 64] |= static_cast<uint64_t>(holds(c)) << c % 64;
  }
  bool operator[](char32_t c) const { return words_[c / 64] >> c % 64 & 1; }

 private:
  std::array<uint64_t, 1024> words_{};
};

inline bool is_ascii(const uint8_t* s, size_t n) {
  uint64_t any = 0;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t eight;
    std::memcpy(&eight, s + i, 8);
    any |= eight;
  }
  uint8_t rest = 0;
  for (; i < n; ++i) rest |= s[i];
  return !((any | rest) & 0x8080808080808080ull);
}

}  // namespace tokenworks
