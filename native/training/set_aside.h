// Pairs that are too rare to be merged soon: remembered by their count at birth, and nothing else.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "training/pair_table.h"

namespace tokenworks::training {

// A pair is born once, with the younger of its tokens, and from then on only loses occurrences. So the
// pairs of one token lie together, eight bytes each, and most are never looked at again.
class SetAside {
 public:
  // Pairs between tokens of the alphabet.
  void put_first(PairKey pair, uint64_t count) {
    first_.push_back({pair, static_cast<uint32_t>(count)});
  }

  // For each new token in turn: its left neighbours, then its right ones.
  void begin(uint32_t token, bool left) { segments_.push_back({later_.size(), token, left}); }
  void put(uint32_t neighbour, uint64_t count) {
    later_.push_back({neighbour, static_cast<uint32_t>(count)});
  }

  // Hands out and forgets the pairs of at least this count at birth.
  template <class Visit>
  void take_all(uint64_t least, Visit&& visit) {
    for (First& pair : first_) {
      if (pair.count >= least) visit(pair.pair, std::exchange(pair.count, 0));
    }
    for (size_t s = 0; s < segments_.size(); ++s) {
      const Segment& segment = segments_[s];
      const size_t end = s + 1 < segments_.size() ? segments_[s + 1].begin : later_.size();
      for (size_t i = segment.begin; i < end; ++i) {
        Later& pair = later_[i];
        if (pair.count < least) continue;
        visit(segment.left ? pair_key(pair.neighbour, segment.token)
                           : pair_key(segment.token, pair.neighbour),
              std::exchange(pair.count, 0));
      }
    }
  }

 private:
  struct First {
    PairKey pair;
    uint32_t count;
  };
  struct Later {
    uint32_t neighbour;
    uint32_t count;
  };
  struct Segment {
    size_t begin;
    uint32_t token;
    bool left;
  };

  std::vector<First> first_;
  std::vector<Later> later_;
  std::vector<Segment> segments_;
};

}  // namespace tokenworks::training
