// General category and White_Space of every code point, as the reference libraries class them.
#pragma once

#include <cstdint>

namespace tokenworks {

enum Category : uint8_t {
  kCn, kLu, kLl, kLt, kLm, kLo, kMn, kMc, kMe, kNd, kNl, kNo, kPc, kPd, kPs, kPe,
  kPi, kPf, kPo, kSm, kSc, kSk, kSo, kZs, kZl, kZp, kCc, kCf, kCo,
};
constexpr uint8_t kWhiteSpace = 32;  // flag beside the five bits of the category

extern const uint16_t kCategoryIndex[];
extern const uint8_t kCategoryBlocks[][128];

// Category in the low five bits, kWhiteSpace above; code points past U+10FFFF are unassigned.
inline uint8_t category_and_space(char32_t c) {
  return c < 0x110000 ? kCategoryBlocks[kCategoryIndex[c >> 7]][c & 127] : 0;
}
inline Category category(char32_t c) { return static_cast<Category>(category_and_space(c) & 31); }

constexpr uint32_t bit(Category c) { return 1u << c; }
constexpr uint32_t kMark = bit(kMn) | bit(kMc) | bit(kMe);
constexpr uint32_t kNumber = bit(kNd) | bit(kNl) | bit(kNo);
constexpr uint32_t kPunctuation =
    bit(kPc) | bit(kPd) | bit(kPs) | bit(kPe) | bit(kPi) | bit(kPf) | bit(kPo);
constexpr uint32_t kSymbol = bit(kSm) | bit(kSc) | bit(kSk) | bit(kSo);

}  // namespace tokenworks
