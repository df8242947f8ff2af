// Byte pair encoding, learned incrementally: which pair is merged next, until nothing is left to gain.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "training/corpus.h"
#include "training/pair_queue.h"
#include "training/pair_table.h"
#include "training/places.h"
#include "training/set_aside.h"
#include "training/token_strings.h"

namespace tokenworks::training {

struct MergerOptions {
  uint64_t vocab_size = 0;
  uint64_t min_frequency = 0;
  uint64_t max_token_length = 0;  // symbols; a merge stays under it; 0 is no limit
  uint64_t threshold = 0;         // pairs born rarer than this are set aside until needed; 0 chooses
  uint64_t max_words = 0;         // pieces between spaces in a merged token; 0 is no limit
  bool veto_colon_space = false;       // no merged token holds ": "
  bool reuse = true;              // a merge may spell a known token that does not occur; else it is left out
  uint64_t memory = 0;            // bytes for candidates and where they stand; 0 is no bound
};

struct Merge {
  uint32_t left;
  uint32_t right;
  uint32_t token;
  uint64_t count;
};

// The rule is that of Hugging Face's BpeTrainer, to the last tie: the pair of highest count, then of
// smallest left and right token; overlapping pairs ("aaa") all count; a merge that spells a special
// token becomes that token. A string comes about in one way only (what is merged inside it does not
// depend on its surroundings), so a pair never gains occurrences after its birth.
//
// Only the pairs that may be merged soon are candidates, with a count and a list of places. The others
// are either set aside by their count at birth, or, where memory is bounded, forgotten: when the
// candidates are used up or outgrow their memory, all pairs are counted anew and the best are taken.
class Merger {
 public:
  // `strings` spells every token known so far: special tokens and the alphabet. `before`: the first
  // merges that an interrupted run learned from the same words; learning goes on after them.
  Merger(Corpus corpus, TokenStrings strings, const MergerOptions& options,
         std::span<const Merge> before = {});

  // Learns the next merge; none when the vocabulary is full or no pair is frequent enough.
  std::optional<Merge> next();

 private:
  // One side of a merge: what stood beside it, how often, and where.
  struct Neighbour {
    uint32_t token;
    uint32_t size;  // positions
    uint64_t weight;
    uint32_t places;
    uint32_t filled;
  };
  struct Side {
    std::vector<uint32_t> number_of;  // by token: index + 1 into neighbours
    std::vector<Neighbour> neighbours;

    Neighbour* find(uint32_t token) {
      return number_of[token] ? &neighbours[number_of[token] - 1] : nullptr;
    }
    void add(uint32_t token, uint64_t weight) {
      uint32_t& number = number_of[token];
      if (number == 0) {
        neighbours.push_back({token, 0, 0, kNoPlaces, 0});
        number = static_cast<uint32_t>(neighbours.size());
      }
      Neighbour& n = neighbours[number - 1];
      ++n.size;
      n.weight += weight;
    }
    void clear() {
      for (const Neighbour& n : neighbours) number_of[n.token] = 0;
      neighbours.clear();
    }
  };
  static constexpr uint32_t kNoPlaces = 0xFFFFFFFFu;
  static constexpr uint64_t kPerPlace = 5;  // bytes: four, rounded up by the sizes of blocks

  // A pair as it is found in the corpus.
  struct Tally {
    uint64_t count = 0;
    uint32_t size = 0;  // positions
    uint32_t places = kNoPlaces;
    bool operator==(const Tally& other) const { return count == other.count && size == other.size; }
  };
  struct Counted {
    uint64_t count;
    PairKey pair;
    uint32_t size;
  };

  template <class Visit>
  void each_pair(Visit&& visit) const;
  void count_first_pairs();
  bool more_candidates();
  bool lower_threshold();
  void count_anew();
  std::vector<Counted> best_pairs(uint64_t budget);
  bool tally_part(uint64_t part, uint64_t parts, uint64_t budget, PairTable<Tally>& tallies) const;
  uint64_t held() const;
  // Whether such a pair is to be a candidate.
  bool within(uint64_t count, PairKey pair) const {
    return count > threshold_ || (count == threshold_ && pair <= last_pair_);
  }
  void replay(std::span<const Merge> merges);
  void merge_words(std::span<const Merge> merges);
  void know(uint32_t token, bool fresh, uint32_t left, uint32_t right);
  void widen();
  void apply(const Candidate& best, uint32_t token);
  template <class Slot>
  void replace_at(Slot* slots, uint32_t position, PairKey pair, uint32_t token);
  void replace_everywhere(PairKey pair, uint32_t token);
  void settle(PairKey pair, uint32_t token);
  template <class Slot>
  void fill_places(const Slot* slots, std::span<const uint32_t> positions, PairKey pair, uint32_t token);
  bool may_join(uint32_t left, uint32_t right) const;
  void know_words(uint32_t token);
  void lose(PairKey pair, uint64_t weight) {
    if (int64_t* count = counts_.find(pair)) *count -= static_cast<int64_t>(weight);
  }

  Corpus corpus_;
  TokenStrings strings_;
  MergerOptions options_;
  std::vector<uint32_t> lengths_;  // slots of each token; 0 while it has not occurred
  std::vector<uint32_t> symbols_;  // symbols of each token; the same until the corpus is widened
  std::vector<uint32_t> words_;    // words of each token, where they are limited
  PairTable<int64_t> counts_;
  PairQueue queue_;
  Places places_;
  SetAside set_aside_;
  uint64_t threshold_;             // the least count of a candidate,
  PairKey last_pair_ = ~PairKey{0};  // and the last pair that is one at that count
  uint64_t parts_ = 1;             // in which all pairs are counted anew
  PairTable<uint8_t> left_out_;    // pairs that spell a known token, where memory is bounded
  Side left_, right_;
};

// Every pair of neighbours, with the position of the left one.
template <class Visit>
void Merger::each_pair(Visit&& visit) const {
  corpus_.visit([&]<class Slot>(const Slot* slots) {
    const size_t size = corpus_.size();
    for (size_t p = 1; p < size; ++p) {  // p: start of a word, or its end if it is empty
      while (slots[p] != kBoundaryOf<Slot>) {
        const uint32_t token = slots[p];
        const size_t next = p + lengths_[token];
        if (slots[next] != kBoundaryOf<Slot>) {
          visit(pair_key(token, slots[next]), static_cast<uint32_t>(p));
        }
        p = next;
      }
    }
  });
}

}  // namespace tokenworks::training
