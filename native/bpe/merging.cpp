#include "bpe/merging.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__) && \
    !defined(__SANITIZE_ADDRESS__)
// Chosen once, when the module is loaded, for the processor at hand.
#define TOKENWORKS_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define TOKENWORKS_CLONES
#endif

namespace tokenworks {
namespace {

constexpr uint32_t kNoRank = MergeTable::kNoRank;
constexpr size_t kLinearLimit = 192;  // above it, a heap beats scanning for the lowest rank
constexpr size_t kPad = 16;           // ranks are scanned in blocks of this many

// Position of the lowest rank, the first of equals; `n` is a multiple of kPad.
TOKENWORKS_CLONES
size_t lowest(const uint32_t* ranks, size_t n) {
  uint32_t best = kNoRank;
  for (size_t i = 0; i < n; i += kPad) {
    uint32_t block = kNoRank;
    for (size_t k = 0; k < kPad; ++k) block = std::min(block, ranks[i + k]);
    best = std::min(best, block);
  }
  if (best == kNoRank) return n;
  for (size_t i = 0;; ++i) {
    if (ranks[i] == best) return i;
  }
}

size_t lowest_of_few(const uint32_t* ranks, size_t n) {
  size_t at = 0;
  uint32_t best = ranks[0];
  for (size_t i = 1; i < n; ++i) {
    const bool lower = ranks[i] < best;
    best = lower ? ranks[i] : best;
    at = lower ? i : at;
  }
  return best == kNoRank ? n : at;
}

inline void close_gap(uint32_t* array, size_t at, size_t n) {  // removes array[at]
  std::memmove(array + at, array + at + 1, (n - at - 1) * sizeof(uint32_t));
}

size_t merge_by_scanning(const MergeTable& merges, uint32_t* symbols, uint32_t* ends, size_t n,
                         MergeScratch& scratch) {
  const size_t padded = (n + kPad - 1) / kPad * kPad;
  if (scratch.ranks.size() < padded) scratch.ranks.resize(std::max(padded, kLinearLimit + kPad));
  uint32_t* ranks = scratch.ranks.data();
  for (size_t i = 0; i + 1 < n; ++i) ranks[i] = merges.rank(symbols[i], symbols[i + 1]);
  for (size_t i = n - 1; i < padded; ++i) ranks[i] = kNoRank;
  while (n > 1) {
    const size_t pairs = n - 1;
    size_t at;
    if (n <= 12) {
      at = lowest_of_few(ranks, pairs);
      if (at == pairs) break;
    } else {
      const size_t scanned = (pairs + kPad - 1) / kPad * kPad;
      at = lowest(ranks, scanned);
      if (at == scanned) break;
    }
    symbols[at] = merges.result(ranks[at], symbols[at], symbols[at + 1]);
    close_gap(symbols, at + 1, n);
    if (ends) close_gap(ends, at, n);
    close_gap(ranks, at, n);  // brings one kNoRank of the padding in
    ranks[n - 1] = kNoRank;
    --n;
    if (at + 1 < n) ranks[at] = merges.rank(symbols[at], symbols[at + 1]);
    else ranks[at] = kNoRank;
    if (at > 0) ranks[at - 1] = merges.rank(symbols[at - 1], symbols[at]);
  }
  return n;
}

}  // namespace

size_t merge_symbols(const MergeTable& merges, uint32_t* symbols, uint32_t* ends, size_t n,
                     MergeScratch& scratch) {
  if (n < 2) return n;
  return n <= kLinearLimit ? merge_by_scanning(merges, symbols, ends, n, scratch)
                           : merge_symbols_watched(merges, symbols, ends, n, scratch,
                                                   [](uint32_t, uint32_t, uint32_t) {});
}

}  // namespace tokenworks
