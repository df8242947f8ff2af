#include "bpe/merging.h"

#include <algorithm>

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

// Up to this many symbols the lowest rank is found by looking at all of them, 16 at a time; above
// it, by a heap.
constexpr size_t kScanLimit = 128;
constexpr size_t kLanes = 16;

// Ranks are below 2^22, so a rank and the position of its pair fit in one word, and the least of the
// words is the leftmost pair of lowest rank. kNoRank becomes a word above all others.
constexpr uint32_t kNoPair = kNoRank << 8;
inline uint32_t pair_word(uint32_t rank, size_t at) {
  return rank << 8 | static_cast<uint32_t>(at);
}

#if defined(__GNUC__)
typedef uint32_t Lanes16 __attribute__((vector_size(64)));
typedef uint32_t Lanes8 __attribute__((vector_size(32)));
typedef uint32_t Lanes4 __attribute__((vector_size(16)));

__attribute__((always_inline)) inline uint32_t least(const uint32_t* words, size_t n) {
  Lanes16 low = *reinterpret_cast<const Lanes16*>(words);
  for (size_t i = kLanes; i < n; i += kLanes) {
    const Lanes16 next = *reinterpret_cast<const Lanes16*>(words + i);
    low = low < next ? low : next;
  }
  const Lanes8 a = __builtin_shufflevector(low, low, 0, 1, 2, 3, 4, 5, 6, 7);
  const Lanes8 b = __builtin_shufflevector(low, low, 8, 9, 10, 11, 12, 13, 14, 15);
  const Lanes8 half = a < b ? a : b;
  const Lanes4 c = __builtin_shufflevector(half, half, 0, 1, 2, 3);
  const Lanes4 d = __builtin_shufflevector(half, half, 4, 5, 6, 7);
  const Lanes4 quarter = c < d ? c : d;
  return std::min(std::min(quarter[0], quarter[1]), std::min(quarter[2], quarter[3]));
}
#else
inline uint32_t least(const uint32_t* words, size_t n) {
  return *std::min_element(words, words + n);
}
#endif

// Merges symbols whose pairs have the ranks in `words` already. Symbols stay where they are; those
// merged into the one on their left are skipped by `next`. Compacts at the end.
TOKENWORKS_CLONES
size_t merge_by_scanning(const MergeTable& merges, uint32_t* symbols, uint32_t* ends, size_t n,
                         uint32_t* words) {
  uint8_t next[kScanLimit + 1];
  uint8_t previous[kScanLimit + 1];
  for (size_t i = 0; i <= n; ++i) {
    next[i] = static_cast<uint8_t>(i + 1);
    previous[i] = static_cast<uint8_t>(i - 1);
  }
  const size_t padded = (n + kLanes - 1) / kLanes * kLanes;
  for (;;) {
    const uint32_t word = least(words, padded);
    if (word >= kNoPair) break;
    const size_t at = word & 0xFF;
    const size_t gone = next[at];
    const size_t after = next[gone];
    symbols[at] = merges.result(word >> 8, symbols[at], symbols[gone]);
    words[gone] = kNoPair;
    next[at] = static_cast<uint8_t>(after);
    previous[after] = static_cast<uint8_t>(at);
    words[at] = after < n ? pair_word(merges.rank(symbols[at], symbols[after]), at) : kNoPair;
    if (at > 0) {
      const size_t before = previous[at];
      words[before] = pair_word(merges.rank(symbols[before], symbols[at]), before);
    }
  }
  size_t left = 0;
  for (size_t at = 0; at < n; at = next[at], ++left) {
    symbols[left] = symbols[at];
    if (ends) ends[left] = ends[next[at] - 1];
  }
  return left;
}

}  // namespace

size_t merge_symbols(const MergeTable& merges, uint32_t* symbols, uint32_t* ends, size_t n,
                     MergeScratch& scratch) {
  if (n < 2) return n;
  if (n > kScanLimit) {
    return merge_symbols_watched(merges, symbols, ends, n, scratch,
                                 [](uint32_t, uint32_t, uint32_t) {});
  }
  alignas(64) uint32_t words[kScanLimit];
  size_t i = 0;
  for (; i + 1 < n; ++i) words[i] = pair_word(merges.rank(symbols[i], symbols[i + 1]), i);
  const size_t padded = (n + kLanes - 1) / kLanes * kLanes;
  for (; i < padded; ++i) words[i] = kNoPair;
  return merge_by_scanning(merges, symbols, ends, n, words);
}

size_t merge_bytes(const MergeTable& merges, const ByteRanks& byte_ranks, const uint8_t* s,
                   uint32_t* symbols, size_t n, MergeScratch& scratch) {
  for (size_t i = 0; i < n; ++i) symbols[i] = byte_ranks.symbol[s[i]];
  if (n < 2) return n;
  if (n > kScanLimit) return merge_symbols(merges, symbols, nullptr, n, scratch);
  alignas(64) uint32_t words[kScanLimit];
  size_t i = 0;
  for (; i + 1 < n; ++i) {
    words[i] = pair_word(byte_ranks.rank[s[i] << 8 | s[i + 1]], i);
  }
  const size_t padded = (n + kLanes - 1) / kLanes * kLanes;
  for (; i < padded; ++i) words[i] = kNoPair;
  return merge_by_scanning(merges, symbols, nullptr, n, words);
}

}  // namespace tokenworks
