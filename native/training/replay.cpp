// Merges that an interrupted run had learned, applied to the words again.
#include <algorithm>
#include <functional>
#include <queue>
#include <stdexcept>

#include "training/merger.h"

namespace tokenworks::training {

namespace {

constexpr uint32_t kNone = 0xFFFFFFFFu;
constexpr size_t kShort = 64;  // tokens of a word that are looked through for every merge

using Ranks = PairTable<uint32_t>;  // a rank and one

uint32_t rank_of(const Ranks& ranks, uint32_t left, uint32_t right) {
  const uint32_t* found = ranks.find(pair_key(left, right));
  return found ? *found - 1 : kNone;
}

// A word as tokens, merged as encoding does: the pair of lowest rank first, from left to right. That is
// what the merges did one after the other, since a pair never stands where it did not at its birth.
class Word {
 public:
  Word(const Ranks& ranks, std::span<const Merge> merges) : ranks_(ranks), merges_(merges) {}

  std::vector<uint32_t> tokens;

  void merge() { tokens.size() <= kShort ? merge_short() : merge_long(); }

 private:
  void merge_short() {
    next_.clear();  // here: the rank of each token with the one after it
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      next_.push_back(rank_of(ranks_, tokens[i], tokens[i + 1]));
    }
    while (!next_.empty()) {
      const auto best = std::min_element(next_.begin(), next_.end());
      if (*best == kNone) return;
      const auto i = static_cast<size_t>(best - next_.begin());
      tokens[i] = merges_[*best].token;
      tokens.erase(tokens.begin() + static_cast<ptrdiff_t>(i) + 1);
      next_.erase(best);
      if (i < next_.size()) next_[i] = rank_of(ranks_, tokens[i], tokens[i + 1]);
      if (i > 0) next_[i - 1] = rank_of(ranks_, tokens[i - 1], tokens[i]);
    }
  }

  void merge_long() {
    const size_t n = tokens.size();
    next_.resize(n);
    before_.resize(n);
    for (size_t i = 0; i < n; ++i) {
      next_[i] = static_cast<uint32_t>(i + 1);
      before_[i] = static_cast<uint32_t>(i) - 1;
    }
    std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> queue;  // rank, place
    const auto look_at = [&](uint32_t i) {
      if (next_[i] >= n) return;
      const uint32_t rank = rank_of(ranks_, tokens[i], tokens[next_[i]]);
      if (rank != kNone) queue.push(pair_key(rank, i));
    };
    for (uint32_t i = 0; i + 1 < n; ++i) look_at(i);
    while (!queue.empty()) {
      const uint32_t rank = left_of(queue.top()), i = right_of(queue.top());
      queue.pop();
      const Merge& merge = merges_[rank];
      if (tokens[i] != merge.left || next_[i] >= n || tokens[next_[i]] != merge.right) continue;
      const uint32_t gone = next_[i];
      tokens[i] = merge.token;
      tokens[gone] = kNone;
      next_[i] = next_[gone];
      if (next_[i] < n) before_[next_[i]] = i;
      look_at(i);
      if (i > 0) look_at(before_[i]);
    }
    std::erase(tokens, kNone);
  }

  const Ranks& ranks_;
  std::span<const Merge> merges_;
  std::vector<uint32_t> next_, before_;
};

}  // namespace

// Every token spans one slot when this begins.
void Merger::merge_words(std::span<const Merge> merges) {
  Ranks ranks(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    ranks[pair_key(merges[i].left, merges[i].right)] = static_cast<uint32_t>(i + 1);
  }
  Word word(ranks, merges);
  corpus_.visit([&]<class Slot>(Slot* slots) {
    constexpr Slot kEnd = kBoundaryOf<Slot>, kInside = kInsideOf<Slot>;
    for (size_t p = 1; p < corpus_.size(); ++p) {
      word.tokens.clear();
      size_t end = p;
      for (; slots[end] != kEnd; ++end) word.tokens.push_back(slots[end]);
      if (end > p + 1) {
        word.merge();
        for (const uint32_t token : word.tokens) {
          const uint32_t length = lengths_[token];
          std::fill(slots + p, slots + p + length, kInside);
          slots[p] = slots[p + length - 1] = static_cast<Slot>(token);
          p += length;
        }
      }
      p = end;
    }
  });
}

void Merger::replay(std::span<const Merge> merges) {
  size_t done = 0;
  for (size_t i = 0; i < merges.size(); ++i) {
    const auto [token, fresh] = strings_.join(merges[i].left, merges[i].right);
    if (token != merges[i].token) throw std::invalid_argument("the merges are of another vocabulary");
    know(token, fresh, merges[i].left, merges[i].right);
    if (corpus_.narrow() && strings_.size() > kMaxNarrowTokens) {
      merge_words(merges.subspan(done, i + 1 - done));
      done = i + 1;
      widen();
    }
  }
  merge_words(merges.subspan(done));
}

}  // namespace tokenworks::training
