// The merges of a tokenizer: the rank of each pair of symbols, and what it becomes.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace tokenworks {

class MergeTable {
 public:
  static constexpr uint32_t kNoRank = UINT32_MAX;
  static constexpr unsigned kSymbolBits = 21;
  static constexpr uint32_t kNoSymbol = (1u << kSymbolBits) - 1;  // merges with nothing
  static constexpr uint32_t kMaxSymbols = kNoSymbol;
  static constexpr uint32_t kMaxMerges = (1u << 22) - 1;

  // Not copied: where the lines of slots begin depends on the place in memory.
  MergeTable(const MergeTable&) = delete;
  MergeTable& operator=(const MergeTable&) = delete;
  MergeTable(MergeTable&&) = default;
  MergeTable& operator=(MergeTable&&) = default;

  explicit MergeTable(size_t merges) {
    if (merges > kMaxMerges) throw std::length_error("more than 4,194,303 merges");
    size_t slots = 64;
    while (slots < merges * 2 + 2) slots *= 2;
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots / kBucket));
    mask_ = slots - 1;
    slots_.assign(slots + kBucket, kEmpty);
    filter_.assign(slots * 4 / 64, 0);
    results_.reserve(merges);
    pairs_.reserve(merges);
  }

  // Merges in order of rank. A pair given twice keeps its last place, as in a map filled in order.
  void add(uint32_t left, uint32_t right, uint32_t result) {
    const uint32_t index = static_cast<uint32_t>(results_.size());
    results_.push_back(result);
    pairs_.push_back({left, right});
    if (left == kNoSymbol || right == kNoSymbol) return;  // takes its place and never happens
    const uint64_t key = pair_key(left, right);
    const uint64_t h = hash(key);
    filter_[filter_word(h)] |= 1ull << filter_place(h);
    size_t k = place_of(h);
    while (at(k) != kEmpty && at(k) >> kMergeBits != key) k = (k + 1) & mask_;
    at(k) = key << kMergeBits | index;
  }

  // Lets merges share ranks: `rank_of[i]` for the i-th merge added, not decreasing.
  void share_ranks(std::vector<uint32_t> rank_of) { rank_of_ = std::move(rank_of); }
  bool shares_ranks() const { return !rank_of_.empty(); }

  // Says that the i-th merge makes symbol `first + i`, so that no table need be asked.
  void number_results_from(uint32_t first) { first_result_ = first; }

  // Place of the merge of two symbols in the list, kNoRank if they do not merge.
  uint32_t index(uint32_t left, uint32_t right) const {
    const uint64_t key = pair_key(left, right);
    const uint64_t h = hash(key);
    // Most pairs do not merge, and the filter, unlike the table, stays in the nearest caches.
    if (!(filter_[filter_word(h)] >> filter_place(h) & 1)) return kNoRank;
    for (size_t k = place_of(h);; k = (k + 1) & mask_) {
      const uint64_t slot = at(k);
      if (slot >> kMergeBits == key) return static_cast<uint32_t>(slot) & kMaxMerges;
      if (slot == kEmpty) return kNoRank;
    }
  }

  // Asks for the memory that `index` will need.
  void prefetch(uint32_t left, uint32_t right) const {
#if defined(__GNUC__)
    __builtin_prefetch(bucket_of(pair_key(left, right)));
#else
    (void)left, (void)right;
#endif
  }

  uint32_t rank(uint32_t left, uint32_t right) const {
    const uint32_t i = index(left, right);
    return rank_of_.empty() || i == kNoRank ? i : rank_of_[i];
  }

  // What `left` and `right`, whose merge has this rank, become.
  uint32_t result(uint32_t rank, uint32_t left, uint32_t right) const {
    if (first_result_) return first_result_ + rank;
    return results_[rank_of_.empty() ? rank : index(left, right)];
  }

  uint32_t result_at(uint32_t index) const { return results_[index]; }
  std::array<uint32_t, 2> pair_at(uint32_t index) const { return pairs_[index]; }
  size_t size() const { return results_.size(); }

  static constexpr size_t kBucket = 8;  // slots in a line of memory
  static constexpr unsigned kMergeBits = 22;
  static constexpr uint64_t kEmpty = UINT64_MAX;

  static uint64_t pair_key(uint32_t left, uint32_t right) {
    return static_cast<uint64_t>(left) << kSymbolBits | right;
  }
  const uint64_t* bucket_of(uint64_t key) const { return base() + place_of(hash(key)); }
  // Whether what is not in a bucket can be in the next one.
  static bool is_full(const uint64_t* bucket) { return bucket[kBucket - 1] != kEmpty; }
  // The place of the merge with this key among a bucket's; kNoRank if it is not there.
  static uint32_t find_in(const uint64_t* bucket, uint64_t key) {
    uint32_t found = kNoRank;
    for (size_t k = 0; k < kBucket; ++k) {
      found = bucket[k] >> kMergeBits == key ? static_cast<uint32_t>(bucket[k]) & kMaxMerges : found;
    }
    return found;
  }

 private:
  size_t place_of(uint64_t h) const { return h >> shift_ << 3; }
  const uint64_t* base() const {
    return reinterpret_cast<const uint64_t*>((reinterpret_cast<uintptr_t>(slots_.data()) + 63) & ~uintptr_t{63});
  }
  const uint64_t& at(size_t k) const { return base()[k]; }
  uint64_t& at(size_t k) { return const_cast<uint64_t*>(base())[k]; }
  // Both symbols and the place share one word; the all-ones word cannot be a pair's.
  static uint64_t hash(uint64_t key) { return key * 0x9E3779B97F4A7C15ull; }
  // Two bits more than the slot's place: four filter bits a slot.
  size_t filter_word(uint64_t h) const { return h >> (shift_ + 1); }
  unsigned filter_place(uint64_t h) const { return h >> (shift_ - 5) & 63; }

  std::vector<uint64_t> filter_;
  std::vector<uint64_t> slots_;
  std::vector<uint32_t> results_;
  std::vector<std::array<uint32_t, 2>> pairs_;
  std::vector<uint32_t> rank_of_;
  size_t mask_ = 0;
  uint32_t first_result_ = 0;
  unsigned shift_ = 0;
};

}  // namespace tokenworks
