// Someone else's merges, applied to counted words, with every change of a pair's count kept.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "training/pair_table.h"

namespace tokenworks::replay {

using training::PairKey;

constexpr uint32_t kNoPair = 0xFFFFFFFFu;
constexpr uint32_t kNoSymbol = 0xFFFFFFFFu;  // a symbol without a token: nothing merges across it
constexpr size_t kMaxGroups = 0xFFFF;

// Distinct words and how often each group of documents has them.
struct GroupedWords {
  std::span<const uint32_t> symbols;       // words end to end
  std::span<const uint64_t> starts;        // [words + 1]
  std::span<const uint64_t> entry_starts;  // [words + 1]: its groups and counts
  std::span<const uint32_t> groups;
  std::span<const uint32_t> counts;
};

struct ReplayMerge {
  uint32_t left, right, result;
};

// Pair counts over time. Where a merge (a, b) -> t joins an occurrence with x before it, the pair (x, a)
// loses what the pair (x, t) gains; so one entry with one list of weights says both. Sums of entries are
// exact, also in runs such as "abab", where a pair gains and loses in one step.
struct PairLog {
  struct Entry {
    uint32_t lost, gained;  // numbers of pairs
    uint64_t begin;         // of its weights; they end where those of the next entry begin
  };
  std::vector<PairKey> pairs;
  std::vector<uint64_t> first_starts;  // [pairs at the beginning + 1]
  std::vector<uint16_t> first_groups;
  std::vector<uint32_t> first_counts;
  std::vector<uint64_t> step_starts{0};  // [steps + 1] into entries
  std::vector<Entry> entries;
  std::vector<uint16_t> groups;
  std::vector<uint32_t> weights;
  std::vector<uint32_t> merged;  // [steps]: the pair that is merged; kNoPair where none is left of it

  size_t steps() const { return merged.size(); }
  uint64_t end_of(size_t entry) const {
    return entry + 1 < entries.size() ? entries[entry + 1].begin : weights.size();
  }
};

// Every result must have one merge, which comes after those of its parts. Then a pair is born in one
// step and only loses occurrences afterwards.
class MergeReplay {
 public:
  MergeReplay(const GroupedWords& words, std::vector<ReplayMerge> merges, size_t tokens,
              size_t groups);

  // Applies up to `most` further merges and writes them down, or not; returns how many. Once begun,
  // writing down may end but not begin again.
  size_t advance(size_t most, bool write);
  size_t done() const { return next_; }
  const PairLog& log() const { return log_; }
  // Forgets what only further merging needs.
  void finish();

  // Pairs of neighbouring symbols before any merge, by group.
  const std::vector<uint64_t>& first_pairs() const { return first_pairs_; }
  // Calls visit(token, group, count) for each token of each word as it stands now.
  template <class Visit>
  void each_token(Visit&& visit) const;

 private:
  struct Place {
    uint32_t position, word;
  };
  // What stands beside a merge, on one side, and how often by group.
  struct Neighbour {
    uint32_t token;
    uint32_t merge;  // of the pair with the result; kNoPair if there is none
    std::vector<uint16_t> touched;
  };
  struct Side {
    std::vector<uint32_t> number_of;  // by token: index + 1
    std::vector<Neighbour> neighbours;
    std::vector<uint64_t> cells;  // [neighbours, groups]
    size_t used = 0;
  };

  void begin_log();
  void apply(const ReplayMerge& merge, bool write);
  Neighbour& beside(Side& side, uint32_t token, PairKey with_result);
  void add(Side& side, uint32_t token, uint32_t word);
  void write_side(Side& side, const ReplayMerge& merge, bool left);
  void clear(Side& side);
  uint32_t number(PairKey pair);
  // Calls visit(word, slot, token) for each token of each word as it stands now.
  template <class Visit>
  void each_slot(Visit&& visit) const;
  template <class Visit>
  void each_pair(Visit&& visit) const;

  std::vector<ReplayMerge> merges_;
  size_t groups_;
  size_t next_ = 0;
  bool writing_ = false, finished_ = false;
  std::vector<uint32_t> slots_;  // as training::Corpus: a token stands at both ends of its span
  std::vector<uint64_t> word_starts_;  // first slot of each word
  std::vector<uint64_t> entry_starts_;
  std::vector<uint16_t> entry_groups_;
  std::vector<uint32_t> entry_counts_;
  std::vector<uint32_t> lengths_;  // slots of each token
  training::PairTable<uint32_t> merge_of_;   // index + 1
  training::PairTable<uint32_t> number_of_;  // number of the pair in the log + 1
  std::vector<std::vector<Place>> places_;   // of each merge to come
  Side left_, right_;
  PairLog log_;
  std::vector<uint64_t> first_pairs_;
};

template <class Visit>
void MergeReplay::each_slot(Visit&& visit) const {
  for (size_t word = 0; word + 1 < word_starts_.size(); ++word) {
    for (uint64_t p = word_starts_[word]; p + 1 < word_starts_[word + 1];) {
      const uint32_t token = slots_[p];
      if (token == kNoSymbol) {
        ++p;
        continue;
      }
      visit(word, p, token);
      p += lengths_[token];
    }
  }
}

template <class Visit>
void MergeReplay::each_token(Visit&& visit) const {
  each_slot([&](size_t word, uint64_t, uint32_t token) {
    for (uint64_t e = entry_starts_[word]; e < entry_starts_[word + 1]; ++e) {
      visit(token, entry_groups_[e], entry_counts_[e]);
    }
  });
}

}  // namespace tokenworks::replay
