// The candidates for the next merge: highest count first, then the smallest pair.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "training/pair_table.h"

namespace tokenworks::training {

// A pair as it was counted when last looked at, and where it was seen. A count may be stale (too high):
// the merger then puts the candidate back with the true one.
struct Candidate {
  uint64_t count;
  PairKey pair;
  uint32_t places;  // number of a list of positions

  // "worse than", for the standard heap of the best
  bool operator<(const Candidate& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

// Most candidates are never reached: those under `floor_` wait unsorted.
class PairQueue {
 public:
  void push(const Candidate& candidate) {
    if (candidate.count < floor_ || candidate.count == 0) {
      waiting_.push_back(candidate);
      return;
    }
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end());
  }

  uint64_t bytes() const { return (heap_.capacity() + waiting_.capacity()) * sizeof(Candidate); }

  bool empty() {
    if (heap_.empty()) lower_floor();
    return heap_.empty();
  }
  const Candidate& top() const { return heap_.front(); }  // after empty()
  Candidate pop() {
    std::pop_heap(heap_.begin(), heap_.end());
    const Candidate best = heap_.back();
    heap_.pop_back();
    return best;
  }

 private:
  void lower_floor() {
    if (waiting_.empty()) return;
    uint64_t most = 0;
    for (const Candidate& candidate : waiting_) most = std::max(most, candidate.count);
    floor_ = std::max<uint64_t>(most / 2, 1);
    const auto reached = std::partition(waiting_.begin(), waiting_.end(),
                                        [&](const Candidate& c) { return c.count < floor_; });
    heap_.assign(reached, waiting_.end());
    waiting_.erase(reached, waiting_.end());
    std::make_heap(heap_.begin(), heap_.end());
  }

  std::vector<Candidate> heap_;
  std::vector<Candidate> waiting_;
  uint64_t floor_ = ~uint64_t{0};
};

}  // namespace tokenworks::training
