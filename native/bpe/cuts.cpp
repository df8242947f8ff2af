#include "bpe/cuts.h"

#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>

namespace tokenworks {
namespace {

constexpr size_t kInvalid = 5;  // length of what is no character

bool continues(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

size_t length_of(char lead) {
  const auto a = static_cast<uint8_t>(lead);
  return a < 0x80 ? 1 : a < 0xC2 ? kInvalid : a < 0xE0 ? 2 : a < 0xF0 ? 3 : a < 0xF5 ? 4 : kInvalid;
}

// The code points below U+10000 whose UTF-8 begins with these bytes: [first, last).
struct Range {
  uint32_t first, last;
};
Range beginning_with(std::string_view bytes) {
  const size_t length = length_of(bytes[0]);
  if (length > 3) return {0, 0};
  uint32_t code = static_cast<uint8_t>(bytes[0]) & (length == 1 ? 0x7F : length == 2 ? 0x1F : 0x0F);
  for (size_t i = 1; i < bytes.size(); ++i) {
    code = code << 6 | (static_cast<uint8_t>(bytes[i]) & 0x3F);
  }
  const unsigned open = 6 * static_cast<unsigned>(length - bytes.size());
  return {code << open, (code + 1) << open};
}

// A character at an edge between two: its bytes, and whether the piece holds all of them.
struct Side {
  std::string_view bytes;
  bool whole;
  bool possible;  // in valid UTF-8
};

Side before(std::string_view piece, size_t edge) {
  size_t begin = edge - 1;
  while (begin > 0 && continues(piece[begin])) --begin;
  const std::string_view bytes = piece.substr(begin, edge - begin);
  if (continues(bytes[0])) return {bytes, false, bytes.size() <= 3};
  return {bytes, true, length_of(bytes[0]) == bytes.size()};
}

Side after(std::string_view piece, size_t edge) {
  const size_t length = length_of(piece[edge]);
  const std::string_view bytes = piece.substr(edge, length);
  const bool possible = length != kInvalid && std::all_of(bytes.begin() + 1, bytes.end(), continues);
  return {bytes, bytes.size() == length, possible};
}

}  // namespace

Cuts::Cuts(const Vocabulary& vocabulary) : flags_(kCodePoints, 0) {
  constexpr uint32_t kFew = 64;
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  for (uint32_t p = 0; p < vocabulary.size(); ++p) {
    const std::string_view piece = vocabulary.piece(p);
    for (size_t edge = 1; edge < piece.size(); ++edge) {
      if (continues(piece[edge])) continue;
      const Side left = before(piece, edge), right = after(piece, edge);
      if (!left.possible || !right.possible) continue;
      const Range next = beginning_with(right.bytes);
      if (!left.whole) {
        for (uint32_t b = next.first; b < next.last; ++b) flags_[b] |= kAfterPart;
        continue;
      }
      const uint32_t a = beginning_with(left.bytes).first;
      if (left.bytes.size() > 3 || (a < 0x80 && next.last <= 0x80)) continue;  // these are never cut
      if (right.whole || (a >= 0x80 && next.last - next.first <= kFew)) {
        for (uint32_t b = next.first; b < next.last; ++b) pairs.emplace_back(a, b);
      } else if (a < 0x80) {
        for (uint32_t b = next.first; b < next.last; ++b) flags_[b] |= kAfterAscii;
      } else {
        flags_[a] |= kBeforePart;
      }
    }
  }
  filter_bits_ = std::max(16u, static_cast<unsigned>(std::bit_width(pairs.size() * 8)));
  filter_.assign((size_t{1} << filter_bits_) / 64, 0);
  for (const auto& [a, b] : pairs) filter_[place_of(a, b) / 64] |= 1ull << place_of(a, b) % 64;
}

}  // namespace tokenworks
