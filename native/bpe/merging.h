// Exact byte pair encoding of one pretoken: the lowest rank first, the leftmost among equals.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bpe/merge_table.h"

namespace tokenworks {

// Scratch space that one thread reuses from pretoken to pretoken.
struct MergeScratch {
  std::vector<uint32_t> ranks;
  std::vector<uint32_t> next;
  std::vector<uint32_t> previous;
  std::vector<uint64_t> heap;
};

// Byte-level models begin with bytes: their pieces, and the rank of every pair of them.
struct ByteRanks {
  std::array<uint32_t, 256> symbol;
  std::vector<uint32_t> rank;  // [left byte << 8 | right byte]
};

// Merges the n bytes at `s`, all of which have pieces, into `symbols` (room for n).
size_t merge_bytes(const MergeTable& merges, const ByteRanks& byte_ranks, const uint8_t* s,
                   uint32_t* symbols, size_t n, MergeScratch& scratch);

// Merges `symbols[0, n)` (piece indices) in place and returns how many are left. When `ends` is
// given, `ends[i]` is the end of symbol i in bytes and is kept in step.
size_t merge_symbols(const MergeTable& merges, uint32_t* symbols, uint32_t* ends, size_t n,
                     MergeScratch& scratch);

// The same, telling `looked_up(left, right, index)` each pair that has a merge in the order that
// pairs become neighbours. SentencePiece undoes merges into unused pieces by the last such pair.
template <class LookedUp>
size_t merge_symbols_watched(const MergeTable& merges, uint32_t* symbols, uint32_t* ends, size_t n,
                             MergeScratch& scratch, LookedUp&& looked_up);

}  // namespace tokenworks

#include "bpe/merging_heap.h"
