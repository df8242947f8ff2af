#include "training/corpus.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <utility>

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

void Corpus::allocate(uint64_t slots) {
  if (slots >= kMaxTokens) {
    throw std::length_error("the distinct words together exceed 2^32 symbols; raise --min-count");
  }
  slots_ = std::make_unique_for_overwrite<std::byte[]>(slots * (narrow_ ? 2 : 4));
}

// Words of this count begin here; `position` of the first run is the start of the array.
void Corpus::begin_run(uint64_t position, uint64_t count) {
  if (!run_count_.empty() && run_count_.back() == count) return;
  run_start_.push_back(static_cast<uint32_t>(run_start_.empty() ? 0 : position));
  run_count_.push_back(count);
}

void Corpus::end_runs() {
  if (run_count_.empty()) {
    run_start_.push_back(0);
    run_count_.push_back(0);
  }
  run_start_.push_back(static_cast<uint32_t>(size_));
  run_of_block_.assign((size_ >> kBlockBits) + 1, 0);
  uint32_t run = 0;
  for (size_t block = 0; block < run_of_block_.size(); ++block) {
    while (run + 2 < run_start_.size() && run_start_[run + 1] <= (block << kBlockBits)) ++run;
    run_of_block_[block] = run;
  }
}

template <class Symbol>
Corpus::Corpus(std::span<const Symbol> symbols, std::span<const uint64_t> starts,
               std::span<const uint64_t> counts, std::span<const int64_t> symbol_of, bool narrow)
    : narrow_(narrow) {
  allocate(symbols.size() + counts.size() + 1);
  visit([&]<class Slot>(Slot* slots) {
    slots[size_++] = kBoundaryOf<Slot>;
    for (const uint32_t word : by_falling_count(counts)) {
      const size_t before = size_;
      for (uint64_t i = starts[word]; i < starts[word + 1]; ++i) {
        const int64_t token = symbol_of[symbols[i]];
        if (token >= 0) slots[size_++] = static_cast<Slot>(token);
      }
      if (size_ - before < 2) {  // nothing to merge in it
        size_ = before;
        continue;
      }
      total_weight_ += counts[word] * (size_ - before);
      slots[size_++] = kBoundaryOf<Slot>;
      begin_run(before, counts[word]);
    }
  });
  end_runs();
}

// Words come in no order of count. The sizes of all classes of equal count are known, so that each
// word goes to its place at once; the few that are too frequent for a class of their own are sorted.
Corpus::Corpus(const Counter& counter, uint64_t least, const CountHistogram& held,
               unsigned symbol_bytes, std::span<const int64_t> symbol_of, bool narrow)
    : narrow_(narrow) {
  constexpr size_t kHigh = CountHistogram::kClasses - 1;
  const auto slots_of_class = [&](size_t c) { return held.bytes[c] / symbol_bytes + held.words[c]; };
  least = std::max<uint64_t>(least, 1);
  uint64_t total = 1;
  for (size_t c = std::min<uint64_t>(least, kHigh); c <= kHigh; ++c) total += slots_of_class(c);
  allocate(total);  // of the highest class perhaps a few too many
  struct Frequent {
    uint64_t count;
    uint64_t begin;
    uint64_t length;
  };
  std::vector<Frequent> frequent;
  std::vector<uint32_t> spelled;  // tokens of the frequent words
  std::vector<uint64_t> next(kHigh);
  uint64_t reached = 1 + slots_of_class(kHigh);
  for (size_t c = kHigh; c-- > least;) {
    next[c] = reached;
    reached += slots_of_class(c);
  }
  visit([&]<class Slot>(Slot* slots) {
    const auto token_at = [&](const uint8_t* word, size_t i) {
      uint32_t symbol = word[i];
      if (symbol_bytes == 4) std::memcpy(&symbol, word + 4 * i, 4);
      if (symbol >= symbol_of.size() || symbol_of[symbol] < 0) {
        throw std::out_of_range("a symbol is not in symbol_of");
      }
      return static_cast<uint32_t>(symbol_of[symbol]);
    };
    counter.each(least, [&](const uint8_t* word, size_t bytes, uint64_t count) {
      const size_t length = bytes / symbol_bytes;
      total_weight_ += count * length;
      if (count >= kHigh) {
        frequent.push_back({count, spelled.size(), length});
        for (size_t i = 0; i < length; ++i) spelled.push_back(token_at(word, i));
        return;
      }
      uint64_t& at = next[count];
      for (size_t i = 0; i < length; ++i) slots[at++] = static_cast<Slot>(token_at(word, i));
      slots[at++] = kBoundaryOf<Slot>;
    });
    std::sort(frequent.begin(), frequent.end(),
              [](const Frequent& a, const Frequent& b) { return a.count > b.count; });
    slots[size_++] = kBoundaryOf<Slot>;
    for (const Frequent& word : frequent) {
      begin_run(size_, word.count);
      for (uint64_t i = 0; i < word.length; ++i) {
        slots[size_++] = static_cast<Slot>(spelled[word.begin + i]);
      }
      slots[size_++] = kBoundaryOf<Slot>;
    }
  });
  for (size_t c = kHigh; c-- > least;) {
    if (held.words[c] == 0) continue;
    begin_run(size_, c);
    size_ += slots_of_class(c);
  }
  end_runs();
}

void Corpus::widen(std::span<const uint32_t> lengths) {
  if (!narrow_) return;
  auto* from = reinterpret_cast<uint16_t*>(slots_.get());
  // First together, at the front and still narrow; each run begins where its first word then lies.
  size_t kept = 0, run = 0;
  std::vector<uint32_t> starts(run_start_.size(), 0);
  for (size_t p = 0; p < size_;) {
    while (run + 1 < run_start_.size() && run_start_[run + 1] <= p) {
      starts[++run] = static_cast<uint32_t>(kept);
    }
    const uint16_t token = from[p];
    from[kept++] = token;
    p += token == kBoundaryOf<uint16_t> ? 1 : lengths[token];
  }
  starts.back() = static_cast<uint32_t>(kept);
  auto wide = std::make_unique_for_overwrite<std::byte[]>(kept * 4);
  auto* to = reinterpret_cast<uint32_t*>(wide.get());
  for (size_t p = 0; p < kept; ++p) {
    to[p] = from[p] == kBoundaryOf<uint16_t> ? kBoundary : from[p];
  }
  slots_ = std::move(wide);
  size_ = kept;
  narrow_ = false;
  run_start_ = std::move(starts);
  run_start_.pop_back();
  end_runs();
}

template Corpus::Corpus(std::span<const uint8_t>, std::span<const uint64_t>,
                        std::span<const uint64_t>, std::span<const int64_t>, bool);
template Corpus::Corpus(std::span<const uint32_t>, std::span<const uint64_t>,
                        std::span<const uint64_t>, std::span<const int64_t>, bool);

}  // namespace tokenworks::training
