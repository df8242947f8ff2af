// Byte pair encoding, learned incrementally: which pair is merged next, until nothing is left to gain.
#pragma once

#include <cstdint>
#include <optional>
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
class Merger {
 public:
  // `strings` spells every token known so far: special tokens and the alphabet.
  Merger(Corpus corpus, TokenStrings strings, const MergerOptions& options);

  // Learns the next merge; none when the vocabulary is full or no pair is frequent enough.
  std::optional<Merge> next();

  const Corpus& corpus() const { return corpus_; }
  const TokenStrings& strings() const { return strings_; }
  // Sliding-window count of a pair as the merger believes it to be, for tests.
  int64_t believed_count(PairKey pair) {
    const int64_t* count = counts_.find(pair);
    return count ? *count : 0;
  }

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
  struct Occurrence {
    uint32_t position, left, right;
  };
  static constexpr uint32_t kNoPlaces = 0xFFFFFFFFu;

  template <class Visit>
  void each_pair(Visit&& visit) const;
  void count_first_pairs();
  bool lower_threshold();
  void apply(const Candidate& best, uint32_t token);
  void replace_at(uint32_t position, PairKey pair, uint32_t token);
  void settle(PairKey pair, uint32_t token);
  void fill_places();
  bool may_join(uint32_t left, uint32_t right) const;
  void know_words(uint32_t token);
  void lose(PairKey pair, uint64_t weight) {
    if (int64_t* count = counts_.find(pair)) *count -= static_cast<int64_t>(weight);
  }

  Corpus corpus_;
  TokenStrings strings_;
  MergerOptions options_;
  std::vector<uint32_t> lengths_;  // symbols of each token; 0 while it has not occurred
  std::vector<uint32_t> words_;    // words of each token, where they are limited
  PairTable<int64_t> counts_;
  PairQueue queue_;
  Places places_;
  SetAside set_aside_;
  uint64_t threshold_;
  Side left_, right_;
  std::vector<Occurrence> occurrences_;
};

}  // namespace tokenworks::training
