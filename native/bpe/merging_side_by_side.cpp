#include "bpe/merging_side_by_side.h"

#include <algorithm>
#include <cstring>

#include "processor.h"

namespace tokenworks {
namespace {

constexpr uint32_t kNoRank = MergeTable::kNoRank;
constexpr uint32_t kNoSymbol = MergeTable::kNoSymbol - 1;  // two of kNoSymbol would be an empty slot
constexpr size_t kMost = MergeJob::kMost;
constexpr size_t kLanes = 8;

// Ranks are below 2^22: with the place of the pair in one word, the least is the leftmost of lowest rank.
constexpr uint32_t kNoPair = kNoRank << 8;
inline uint32_t pair_word(uint32_t rank, size_t at) { return rank << 8 | static_cast<uint32_t>(at); }

// A pretoken under way. Its symbols and the ranks of their pairs lie without gaps between symbols that
// merge with nothing, so that a pair at an edge is like any other.
struct Lane {
  MergeJob* job;
  size_t at;  // the symbol made last, whose pairs are still to be looked up
  alignas(64) uint32_t symbols[2 + 2 * kMost];  // from [1] on
  alignas(64) uint32_t ranks[2 + 2 * kMost];    // [i] of the pair of symbols i - 1 and i
};

// What is done to kMost numbers at once, without a branch: which pair comes next, and which pairs merge,
// cannot be predicted.
struct AnyNumbers {
  // The least pair_word of ranks[0, kMost).
  static inline uint32_t least(const uint32_t* ranks) {
    uint32_t low = kNoPair;
    for (size_t i = 0; i < kMost; ++i) low = std::min(low, pair_word(ranks[i], i));
    return low;
  }
  // array[0, kMost) becomes array[1, kMost + 1).
  static inline void shift(uint32_t* array) { std::memmove(array, array + 1, kMost * sizeof(uint32_t)); }
  // As MergeTable::find_in.
  static inline uint32_t find(const uint64_t* bucket, uint64_t key) { return MergeTable::find_in(bucket, key); }
};

#if TOKENWORKS_X86
struct Avx512Numbers {
  TOKENWORKS_AVX512 static inline uint32_t least(const uint32_t* ranks) {
    const __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i words = _mm512_slli_epi32(_mm512_loadu_si512(ranks), 8);
    return _mm512_reduce_min_epu32(_mm512_or_si512(words, places));
  }
  TOKENWORKS_AVX512 static inline void shift(uint32_t* array) {
    _mm512_storeu_si512(array, _mm512_loadu_si512(array + 1));
  }
  TOKENWORKS_AVX512 static inline uint32_t find(const uint64_t* bucket, uint64_t key) {
    const __m512i slots = _mm512_load_si512(bucket);
    const __m512i keys = _mm512_srli_epi64(slots, MergeTable::kMergeBits);
    const __mmask8 same = _mm512_cmpeq_epi64_mask(keys, _mm512_set1_epi64(static_cast<long long>(key)));
    const __m512i places = _mm512_and_si512(slots, _mm512_set1_epi64(MergeTable::kMaxMerges));
    const __m512i first = _mm512_mask_compress_epi64(_mm512_set1_epi64(kNoRank), same, places);
    return static_cast<uint32_t>(_mm_cvtsi128_si32(_mm512_castsi512_si128(first)));
  }
};

struct Avx2Numbers {
  TOKENWORKS_AVX2 static inline uint32_t least(const uint32_t* ranks) {
    const __m256i low = words(ranks, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const __m256i high = words(ranks + 8, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15));
    const __m256i both = _mm256_min_epu32(low, high);
    __m128i x = _mm_min_epu32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    x = _mm_min_epu32(x, _mm_shuffle_epi32(x, 0x4E));
    x = _mm_min_epu32(x, _mm_shuffle_epi32(x, 0xB1));
    return static_cast<uint32_t>(_mm_cvtsi128_si32(x));
  }
  TOKENWORKS_AVX2 static inline void shift(uint32_t* array) {
    const __m256i* from = reinterpret_cast<const __m256i*>(array + 1);
    const __m256i low = _mm256_loadu_si256(from), high = _mm256_loadu_si256(from + 1);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(array), low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(array) + 1, high);
  }
  TOKENWORKS_AVX2 static inline uint32_t find(const uint64_t* bucket, uint64_t key) {
    return MergeTable::find_in(bucket, key);
  }

 private:
  TOKENWORKS_AVX2 static inline __m256i words(const uint32_t* ranks, __m256i places) {
    const __m256i some = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ranks));
    return _mm256_or_si256(_mm256_slli_epi32(some, 8), places);
  }
};
#endif

template <class Numbers>
class Lanes {
 public:
  Lanes(const MergeTable& merges, const ByteRanks& bytes) : merges_(merges), bytes_(bytes) {}

  TOKENWORKS_INLINE void run(std::span<MergeJob> jobs) {
    size_t next = 0, busy = 0;
    while (busy < kLanes && next < jobs.size()) begin(lanes_[busy++], jobs[next++]);
    while (busy > 0) {
      for (size_t k = 0; k < busy;) {
        if (step(lanes_[k])) {
          ++k;
        } else if (next < jobs.size()) {
          begin(lanes_[k++], jobs[next++]);
        } else if (k != --busy) {
          lanes_[k] = lanes_[busy];
        }
      }
    }
  }

 private:
  TOKENWORKS_INLINE void begin(Lane& lane, MergeJob& job) {
    lane.job = &job;
    lane.at = kMost + 1;  // no pair is there
    lane.symbols[0] = kNoSymbol;
    for (size_t i = 0; i < kMost; ++i) lane.symbols[1 + i] = i < job.count ? job.symbols[i] : kNoSymbol;
    for (size_t i = 0; i <= kMost; ++i) lane.symbols[1 + kMost + i] = kNoSymbol;
    lane.ranks[0] = lane.ranks[1] = kNoRank;
    if (job.bytes) {
      for (size_t i = 1; i < kMost; ++i) {
        const uint32_t rank = bytes_.rank[(job.symbols[i - 1] << 8 | job.symbols[i]) & 0xFFFF];
        lane.ranks[1 + i] = i < job.count ? rank : kNoRank;
      }
    } else {
      for (size_t i = 1; i < kMost; ++i) lane.ranks[1 + i] = kNoRank;
      for (size_t i = 1; i < job.count; ++i) lane.ranks[1 + i] = find(job.symbols[i - 1], job.symbols[i]);
    }
    for (size_t i = 0; i <= kMost; ++i) lane.ranks[1 + kMost + i] = kNoRank;
  }

  // Looks up the pairs of the symbol made last and merges once more; false if nothing is left to merge.
  TOKENWORKS_INLINE bool step(Lane& lane) {
    const size_t at = lane.at;
    const uint32_t others = Numbers::least(lane.ranks + 1) + 1;
    const uint32_t left = find(lane.symbols[at - 1], lane.symbols[at]);
    const uint32_t right = find(lane.symbols[at], lane.symbols[at + 1]);
    lane.ranks[at] = left;
    lane.ranks[at + 1] = right;
    const uint32_t word = std::min(others, std::min(pair_word(left, at), pair_word(right, at + 1)));
    if (word >= kNoPair) {
      std::memcpy(lane.job->symbols, lane.symbols + 1, sizeof lane.job->symbols);
      return false;
    }
    const size_t place = word & 0xFF, made = place - 1;
    lane.symbols[made] = 256 + (word >> 8);
    Numbers::shift(lane.symbols + place);
    Numbers::shift(lane.ranks + place);
    lane.ranks[made] = lane.ranks[place] = kNoRank;
    merges_.prefetch(lane.symbols[made - 1], lane.symbols[made]);
    merges_.prefetch(lane.symbols[made], lane.symbols[place]);
    lane.at = made;
    --lane.job->count;
    return true;
  }

  TOKENWORKS_INLINE uint32_t find(uint32_t left, uint32_t right) const {
    const uint64_t key = MergeTable::pair_key(left, right);
    const uint64_t* bucket = merges_.bucket_of(key);
    const uint32_t found = Numbers::find(bucket, key);
    if ((found == kNoRank) & MergeTable::is_full(bucket)) [[unlikely]] return merges_.index(left, right);
    return found;
  }

  const MergeTable& merges_;
  const ByteRanks& bytes_;
  Lane lanes_[kLanes];
};

#if TOKENWORKS_X86
TOKENWORKS_AVX512 void run_avx512(const MergeTable& merges, const ByteRanks& bytes, std::span<MergeJob> jobs) {
  Lanes<Avx512Numbers>(merges, bytes).run(jobs);
}
TOKENWORKS_AVX2 void run_avx2(const MergeTable& merges, const ByteRanks& bytes, std::span<MergeJob> jobs) {
  Lanes<Avx2Numbers>(merges, bytes).run(jobs);
}
#endif

}  // namespace

void merge_side_by_side(const MergeTable& merges, const ByteRanks& byte_ranks, std::span<MergeJob> jobs) {
#if TOKENWORKS_X86
  switch (processor()) {
    case Processor::kAvx512: return run_avx512(merges, byte_ranks, jobs);
    case Processor::kAvx2: return run_avx2(merges, byte_ranks, jobs);
    default: break;
  }
#endif
  Lanes<AnyNumbers>(merges, byte_ranks).run(jobs);
}

}  // namespace tokenworks
