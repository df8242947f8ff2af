// Merging many short pretokens at once: while one waits for the memory of its pairs, others are worked on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "bpe/merging.h"

namespace tokenworks {

// A pretoken of at most kMost symbols.
struct MergeJob {
  static constexpr size_t kMost = 16;

  uint32_t symbols[kMost];
  uint32_t count;
  bool bytes;  // all symbols are bytes
};

// Merges the symbols of each of `jobs`. Bytes are symbols of the same number; `merges` number their results
// from 256, share no ranks and are at most kMostMergesSideBySide.
constexpr size_t kMostMergesSideBySide = MergeTable::kMaxSymbols - 512;
void merge_side_by_side(const MergeTable& merges, const ByteRanks& byte_ranks, std::span<MergeJob> jobs);

}  // namespace tokenworks
