// Distinct words as one flat array of symbols, merged in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tokenworks::training {

constexpr uint32_t kBoundary = 0xFFFFFFFFu;  // between words
constexpr uint32_t kInside = 0xFFFFFFFEu;    // neither start nor end of a token
constexpr uint32_t kMaxTokens = 0xFFFFFFF0u;

// A token that spans the slots [p, p + n) stands at p and at p + n - 1, so that both neighbours of a
// token are one read away and a merge moves nothing. Words lie in order of falling count: the weight of
// a position then needs a small table instead of a word number per position.
class Corpus {
 public:
  // Words are `symbols[starts[i] .. starts[i + 1])` seen `counts[i]` times. `symbol_of` turns them into
  // tokens; a negative value drops the symbol.
  template <class Symbol>
  Corpus(std::span<const Symbol> symbols, std::span<const uint64_t> starts,
         std::span<const uint64_t> counts, std::span<const int64_t> symbol_of);

  uint32_t* data() { return slots_.data(); }
  const uint32_t* data() const { return slots_.data(); }
  size_t size() const { return slots_.size(); }

  // Symbols of all words, each as often as it was seen.
  uint64_t total_weight() const { return total_weight_; }
  // How often the word at this position was seen.
  uint64_t weight(uint32_t position) const {
    uint32_t run = run_of_block_[position >> kBlockBits];
    while (run_start_[run + 1] <= position) ++run;
    return run_count_[run];
  }

 private:
  static constexpr unsigned kBlockBits = 6;

  std::vector<uint32_t> slots_;
  uint64_t total_weight_ = 0;
  std::vector<uint32_t> run_start_;  // one more than runs
  std::vector<uint64_t> run_count_;
  std::vector<uint32_t> run_of_block_;
};

}  // namespace tokenworks::training
