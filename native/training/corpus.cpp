#include "training/corpus.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace tokenworks::training {

namespace {

// Word numbers by falling count. Most words of a corpus occur once: those are not sorted.
std::vector<uint32_t> by_falling_count(std::span<const uint64_t> counts) {
  std::vector<uint32_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto ones = std::stable_partition(order.begin(), order.end(),
                                          [&](uint32_t i) { return counts[i] > 1; });
  std::stable_sort(order.begin(), ones,
                   [&](uint32_t a, uint32_t b) { return counts[a] > counts[b]; });
  return order;
}

}  // namespace

template <class Symbol>
Corpus::Corpus(std::span<const Symbol> symbols, std::span<const uint64_t> starts,
               std::span<const uint64_t> counts, std::span<const int64_t> symbol_of) {
  const uint64_t total = symbols.size() + counts.size() + 1;
  if (total >= kMaxTokens) {
    throw std::length_error("the distinct words together exceed 2^32 symbols; raise --min-count");
  }
  slots_.reserve(total);
  slots_.push_back(kBoundary);
  for (const uint32_t word : by_falling_count(counts)) {
    const size_t before = slots_.size();
    for (uint64_t i = starts[word]; i < starts[word + 1]; ++i) {
      const int64_t token = symbol_of[symbols[i]];
      if (token >= 0) slots_.push_back(static_cast<uint32_t>(token));
    }
    if (slots_.size() - before < 2) {  // nothing to merge in it
      slots_.resize(before);
      continue;
    }
    total_weight_ += counts[word] * (slots_.size() - before);
    slots_.push_back(kBoundary);
    if (run_count_.empty() || run_count_.back() != counts[word]) {
      run_start_.push_back(static_cast<uint32_t>(run_start_.empty() ? 0 : before));
      run_count_.push_back(counts[word]);
    }
  }
  if (run_count_.empty()) {
    run_start_.push_back(0);
    run_count_.push_back(0);
  }
  run_start_.push_back(static_cast<uint32_t>(slots_.size()));
  run_of_block_.resize((slots_.size() >> kBlockBits) + 1);
  uint32_t run = 0;
  for (size_t block = 0; block < run_of_block_.size(); ++block) {
    while (run + 2 < run_start_.size() && run_start_[run + 1] <= (block << kBlockBits)) ++run;
    run_of_block_[block] = run;
  }
}

template Corpus::Corpus(std::span<const uint8_t>, std::span<const uint64_t>,
                        std::span<const uint64_t>, std::span<const int64_t>);
template Corpus::Corpus(std::span<const uint32_t>, std::span<const uint64_t>,
                        std::span<const uint64_t>, std::span<const int64_t>);

}  // namespace tokenworks::training
