// Merging with a heap of (rank, position): linear space, n log n time, for long pretokens.
#pragma once

#include <algorithm>
#include <functional>

#include "bpe/merging.h"

namespace tokenworks {

template <class LookedUp>
size_t merge_symbols_watched(const MergeTable& merges, uint32_t* symbols, uint32_t* ends, size_t n,
                             MergeScratch& scratch, LookedUp&& looked_up) {
  constexpr uint32_t kNoRank = MergeTable::kNoRank;
  constexpr uint32_t kEnd = UINT32_MAX;
  auto& next = scratch.next;
  auto& previous = scratch.previous;
  auto& ranks = scratch.ranks;  // current rank of the pair that begins at a position
  auto& heap = scratch.heap;
  next.resize(n);
  previous.resize(n);
  ranks.assign(n, kNoRank);
  heap.clear();
  const auto entry = [](uint32_t rank, uint32_t at) { return static_cast<uint64_t>(rank) << 32 | at; };
  const auto rank_at = [&](uint32_t left, uint32_t right) {
    const uint32_t index = merges.index(left, right);
    if (index == kNoRank) return kNoRank;
    looked_up(left, right, index);
    return merges.rank(left, right);
  };
  for (size_t i = 0; i < n; ++i) {
    previous[i] = i ? static_cast<uint32_t>(i - 1) : kEnd;
    next[i] = i + 1 < n ? static_cast<uint32_t>(i + 1) : kEnd;
    if (i + 1 < n) ranks[i] = rank_at(symbols[i], symbols[i + 1]);
    if (ranks[i] != kNoRank) heap.push_back(entry(ranks[i], static_cast<uint32_t>(i)));
  }
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  const auto update = [&](uint32_t at) {
    const uint32_t after = next[at];
    ranks[at] = after == kEnd ? kNoRank : rank_at(symbols[at], symbols[after]);
    if (ranks[at] != kNoRank) {
      heap.push_back(entry(ranks[at], at));
      std::push_heap(heap.begin(), heap.end(), std::greater<>());
    }
  };
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const uint32_t rank = static_cast<uint32_t>(heap.back() >> 32);
    const uint32_t at = static_cast<uint32_t>(heap.back());
    heap.pop_back();
    if (ranks[at] != rank) continue;  // the pair has changed since
    const uint32_t gone = next[at];
    symbols[at] = merges.result(rank, symbols[at], symbols[gone]);
    if (ends) ends[at] = ends[gone];
    next[at] = next[gone];
    if (next[at] != kEnd) previous[next[at]] = at;
    ranks[gone] = kNoRank;
    if (previous[at] != kEnd) update(previous[at]);
    update(at);
  }
  size_t left = 0;
  for (uint32_t at = 0; at != kEnd; at = next[at]) {
    symbols[left] = symbols[at];
    if (ends) ends[left] = ends[at];
    ++left;
  }
  return left;
}

}  // namespace tokenworks
