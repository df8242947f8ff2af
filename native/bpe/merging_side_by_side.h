// Merging many short pretokens at once: while one waits for the memory of its pairs, others are worked on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "bpe/merging.h"

namespace tokenworks {

// A pretoken whose symbols, at most kMost, lie at `place` among those of all; there is room for a multiple of
// kShort.
struct MergeJob {
  static constexpr size_t kShort = 16;
  static constexpr size_t kMost = 128;

  uint32_t place;
  uint32_t count;
  bool bytes;  // all symbols are bytes
};

// Merges the symbols of each of `jobs`. Bytes are symbols of the same number; `merges` number their results
// from 256, share no ranks and are at most kMostMergesSideBySide.
constexpr size_t kMostMergesSideBySide = MergeTable::kMaxSymbols - 512;
void merge_side_by_side(const MergeTable& merges, const ByteRanks& byte_ranks, std::span<MergeJob> jobs,
                        uint32_t* symbols);

}  // namespace tokenworks
