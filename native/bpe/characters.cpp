#include "bpe/characters.h"

#include <algorithm>
#include <array>

namespace tokenworks {
namespace {

constexpr uint32_t kNoRank = MergeTable::kNoRank;
constexpr uint32_t kBytes = 256;
constexpr size_t kCodePoints = 1 << 16;

unsigned kind_of(uint8_t byte) { return byte >= 0x80; }

// For each symbol the lowest rank of a merge with a neighbour whose nearest byte is of either kind.
struct Neighbours {
  std::vector<std::array<uint32_t, 2>> left, right;

  explicit Neighbours(const MergeTable& merges)
      : left(kBytes + merges.size(), {kNoRank, kNoRank}), right(left) {
    std::vector<uint8_t> first(left.size()), last(left.size());
    for (uint32_t b = 0; b < kBytes; ++b) first[b] = last[b] = static_cast<uint8_t>(b);
    for (uint32_t i = 0; i < merges.size(); ++i) {
      const auto [a, b] = merges.pair_at(i);
      if (a == MergeTable::kNoSymbol || b == MergeTable::kNoSymbol) continue;
      first[kBytes + i] = first[a];
      last[kBytes + i] = last[b];
      uint32_t& of_b = left[b][kind_of(last[a])];
      of_b = std::min(of_b, i);
      uint32_t& of_a = right[a][kind_of(first[b])];
      of_a = std::min(of_a, i);
    }
  }
};

bool only_use_earlier(const MergeTable& merges) {
  for (uint32_t i = 0; i < merges.size(); ++i) {
    for (const uint32_t side : merges.pair_at(i)) {
      if (side != MergeTable::kNoSymbol && side >= kBytes + i) return false;
    }
  }
  return true;
}

}  // namespace

Characters::Characters(const MergeTable& merges) {
  if (merges.shares_ranks()) return;
  const bool ordered = only_use_earlier(merges);
  const Neighbours neighbours(merges);
  entries_.assign(kCodePoints, {});
  for (uint32_t code = 0x80; code < kCodePoints; ++code) {
    std::array<uint32_t, 3> symbols;
    size_t n = utf8_of(code, symbols);
    // The lowest and highest ranks that a merge across an edge would have to beat.
    uint32_t highest = 0;
    std::array<uint32_t, 2> across_left{kNoRank, kNoRank}, across_right{kNoRank, kNoRank};
    const size_t bytes = n;
    for (;;) {
      for (unsigned kind = 0; kind < 2; ++kind) {
        across_left[kind] = std::min(across_left[kind], neighbours.left[symbols[0]][kind]);
        across_right[kind] = std::min(across_right[kind], neighbours.right[symbols[n - 1]][kind]);
      }
      size_t at = 0;
      uint32_t lowest = kNoRank;
      for (size_t i = 0; i + 1 < n; ++i) {
        const uint32_t rank = merges.rank(symbols[i], symbols[i + 1]);
        if (rank < lowest) {
          lowest = rank;
          at = i;
        }
      }
      if (lowest == kNoRank) break;
      highest = std::max(highest, lowest);
      symbols[at] = kBytes + lowest;
      for (size_t i = at + 1; i + 1 < n; ++i) symbols[i] = symbols[i + 1];
      --n;
    }
    if (n == bytes) continue;
    Entry& e = entries_[code];
    e.first = symbols[0];
    e.second = n == 2 ? symbols[1] : 0;
    e.count = n;
    for (unsigned kind = 0; kind < 2; ++kind) {
      if (!ordered || across_left[kind] <= highest) e.after |= 1u << kind;
      if (!ordered || across_right[kind] <= highest) e.before |= 1u << kind;
    }
  }
}

size_t Characters::begin_from(const uint8_t* s, size_t n, uint32_t* symbols) const {
  uint32_t* out = symbols;
  for (size_t i = 0; i < n;) {
    const uint8_t a = s[i];
    size_t length = 1;
    if (a >= 0xC2 && a < 0xF0) {
      uint32_t code = 0;
      const auto continues = [&](size_t k) { return i + k < n && (s[i + k] & 0xC0) == 0x80; };
      if (a < 0xE0 && continues(1)) {
        code = static_cast<uint32_t>(a & 0x1F) << 6 | (s[i + 1] & 0x3F);
        length = 2;
      } else if (a >= 0xE0 && continues(1) && continues(2)) {
        code = static_cast<uint32_t>(a & 0x0F) << 12 | static_cast<uint32_t>(s[i + 1] & 0x3F) << 6 |
               (s[i + 2] & 0x3F);
        length = 3;
        if (code < 0x800) code = 0;  // not UTF-8
      }
      const Entry e = entries_[code];
      const size_t end = i + length;
      const bool settled = e.count != 0 && !(i > 0 && e.after >> kind_of(s[i - 1]) & 1) &&
                           !(end < n && e.before >> kind_of(s[end]) & 1);
      if (settled) {
        *out = static_cast<uint32_t>(e.first);
        // Always both: no branch on the count. There is room, since the character has two bytes.
        out[1] = static_cast<uint32_t>(e.second);
        out += e.count;
        i = end;
        continue;
      }
    }
    for (const size_t end = i + length; i < end; ++i) *out++ = s[i];
  }
  return static_cast<size_t>(out - symbols);
}

}  // namespace tokenworks
