// Distinct words as one flat array of symbols, merged in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "training/counter.h"

namespace tokenworks::training {

// Marks of slots, in the width of the slots.
template <class Slot>
constexpr Slot kBoundaryOf = static_cast<Slot>(~Slot{0});  // between words
template <class Slot>
constexpr Slot kInsideOf = static_cast<Slot>(~Slot{0} - 1);  // neither start nor end of a token

constexpr uint32_t kBoundary = kBoundaryOf<uint32_t>;
constexpr uint32_t kMaxTokens = 0xFFFFFFF0u;
constexpr uint32_t kMaxNarrowTokens = 0xFFF0u;  // that slots of two bytes can tell apart

// A token that spans the slots [p, p + n) stands at p and at p + n - 1, so that both neighbours of a
// token are one read away and a merge moves nothing. Words lie in order of falling count: the weight of
// a position then needs a small table instead of a word number per position. Slots take two bytes
// while there are few tokens.
class Corpus {
 public:
  // Words are `symbols[starts[i] .. starts[i + 1])` seen `counts[i]` times. `symbol_of` turns them into
  // tokens; a negative value drops the symbol.
  template <class Symbol>
  Corpus(std::span<const Symbol> symbols, std::span<const uint64_t> starts,
         std::span<const uint64_t> counts, std::span<const int64_t> symbol_of, bool narrow);

  // The words of a finished counter that were seen at least so often, without a copy of them in
  // between. `held` is what finish() said; `symbol_bytes` is 1 or 4; `symbol_of` drops nothing.
  Corpus(const Counter& counter, uint64_t least, const CountHistogram& held, unsigned symbol_bytes,
         std::span<const int64_t> symbol_of, bool narrow);

  bool narrow() const { return narrow_; }
  size_t size() const { return size_; }
  // Calls visit(slots) with a pointer of the slots' width.
  template <class Visit>
  decltype(auto) visit(Visit&& visit) const {
    return narrow_ ? visit(reinterpret_cast<uint16_t*>(slots_.get()))
                   : visit(reinterpret_cast<uint32_t*>(slots_.get()));
  }

  // Symbols of all words, each as often as it was seen.
  uint64_t total_weight() const { return total_weight_; }
  // How often the word at this position was seen.
  uint64_t weight(uint32_t position) const {
    uint32_t run = run_of_block_[position >> kBlockBits];
    while (run_start_[run + 1] <= position) ++run;
    return run_count_[run];
  }

  // Drops the slots inside tokens and makes the others four bytes wide: every token then spans one.
  // `lengths` are the slots that each token spans now.
  void widen(std::span<const uint32_t> lengths);

 private:
  static constexpr unsigned kBlockBits = 6;

  void allocate(uint64_t slots);
  void begin_run(uint64_t position, uint64_t count);
  void end_runs();

  std::unique_ptr<std::byte[]> slots_;
  size_t size_ = 0;
  bool narrow_ = false;
  uint64_t total_weight_ = 0;
  std::vector<uint32_t> run_start_;  // one more than runs
  std::vector<uint64_t> run_count_;
  std::vector<uint32_t> run_of_block_;
};

}  // namespace tokenworks::training
