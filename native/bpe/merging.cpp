#include "bpe/merging.h"

#include <algorithm>

namespace tokenworks {
namespace {

constexpr uint32_t kNoRank = MergeTable::kNoRank;

// Up to this many symbols the lowest rank is found by looking at the lowest of each block of eight;
// above it, by a heap.
constexpr size_t kScanLimit = 128;
constexpr size_t kBlock = 8;

// Ranks are below 2^22, so a rank and the position of its pair fit in one word, and the least of the
// words is the leftmost pair of lowest rank. kNoRank becomes a word above all others.
constexpr uint32_t kNoPair = kNoRank << 8;
inline uint32_t pair_word(uint32_t rank, size_t at) {
  return rank << 8 | static_cast<uint32_t>(at);
}

// Words of a pretoken, and the least word of each block. Plain scalar code: vector loads would have
// to wait for the single words just stored.
struct Words {
  uint32_t word[kScanLimit];
  uint32_t block[kScanLimit / kBlock];

  void settle(size_t at) {
    const uint32_t* w = word + at / kBlock * kBlock;
    const uint32_t a = std::min(w[0], w[1]), b = std::min(w[2], w[3]);
    const uint32_t c = std::min(w[4], w[5]), d = std::min(w[6], w[7]);
    block[at / kBlock] = std::min(std::min(a, b), std::min(c, d));
  }

  // Fills up the last block and settles all; returns the number of blocks.
  size_t settle_all(size_t pairs) {
    const size_t blocks = (pairs + kBlock - 1) / kBlock;
    for (size_t i = pairs; i < blocks * kBlock; ++i) word[i] = kNoPair;
    for (size_t i = 0; i < blocks; ++i) settle(i * kBlock);
    return blocks;
  }

  uint32_t least(size_t blocks) const {
    uint32_t low = block[0];
    for (size_t i = 1; i < blocks; ++i) low = std::min(low, block[i]);
    return low;
  }
};

// Merges symbols whose pairs have the ranks in `words` already. Symbols stay where they are; those
// merged into the one on their left are skipped by `next`. Compacts at the end.
size_t merge_by_scanning(const MergeTable& merges, uint32_t* symbols, uint32_t* ends, size_t n,
                         Words& words) {
  uint8_t next[kScanLimit + 1];
  uint8_t previous[kScanLimit + 1];
  for (size_t i = 0; i <= n; ++i) {
    next[i] = static_cast<uint8_t>(i + 1);
    previous[i] = static_cast<uint8_t>(i - 1);
  }
  words.word[n - 1] = kNoPair;
  const size_t blocks = words.settle_all(n);
  for (;;) {
    const uint32_t word = words.least(blocks);
    if (word >= kNoPair) break;
    const size_t at = word & 0xFF;
    const size_t gone = next[at];
    const size_t after = next[gone];
    const uint32_t made = merges.result(word >> 8, symbols[at], symbols[gone]);
    symbols[at] = made;
    words.word[gone] = kNoPair;
    next[at] = static_cast<uint8_t>(after);
    previous[after] = static_cast<uint8_t>(at);
    words.word[at] = after < n ? pair_word(merges.rank(made, symbols[after]), at) : kNoPair;
    if (at > 0) {
      const size_t before = previous[at];
      words.word[before] = pair_word(merges.rank(symbols[before], made), before);
      if (before / kBlock != at / kBlock) words.settle(before);
    }
    words.settle(at);
    if (gone / kBlock != at / kBlock) words.settle(gone);
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
  Words words;
  for (size_t i = 0; i + 1 < n; ++i) {
    words.word[i] = pair_word(merges.rank(symbols[i], symbols[i + 1]), i);
  }
  return merge_by_scanning(merges, symbols, ends, n, words);
}

size_t merge_bytes(const MergeTable& merges, const ByteRanks& byte_ranks, const uint8_t* s,
                   uint32_t* symbols, size_t n, MergeScratch& scratch) {
  for (size_t i = 0; i < n; ++i) symbols[i] = byte_ranks.symbol[s[i]];
  if (n < 2) return n;
  if (n > kScanLimit) return merge_symbols(merges, symbols, nullptr, n, scratch);
  Words words;
  for (size_t i = 0; i + 1 < n; ++i) {
    words.word[i] = pair_word(byte_ranks.rank[s[i] << 8 | s[i + 1]], i);
  }
  return merge_by_scanning(merges, symbols, nullptr, n, words);
}

}  // namespace tokenworks
