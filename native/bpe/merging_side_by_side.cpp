#include "bpe/merging_side_by_side.h"

#include <algorithm>
#include <cstring>

#include "processor.h"

namespace tokenworks {
namespace {

constexpr uint32_t kNoRank = MergeTable::kNoRank;
constexpr uint32_t kNoSymbol = MergeTable::kNoSymbol - 1;  // two of kNoSymbol would be an empty slot
constexpr size_t kShort = MergeJob::kShort;
constexpr size_t kMost = MergeJob::kMost;
constexpr size_t kLanes = 8;

// Ranks are below 2^22: with the place of the pair in one word, the least is the leftmost of lowest rank.
constexpr uint32_t kNoPair = kNoRank << 8;
constexpr uint32_t pair_word(uint32_t rank, size_t at) { return rank << 8 | static_cast<uint32_t>(at); }

// A short pretoken under way. Its symbols and the ranks of their pairs lie without gaps between symbols that
// merge with nothing, so that a pair at an edge is like any other.
struct ShortLane {
  MergeJob* job;
  size_t at;  // the symbol made last, whose pairs are still to be looked up
  alignas(64) uint32_t symbols[2 + 2 * kShort];  // from [1] on
  alignas(64) uint32_t ranks[2 + 2 * kShort];    // [i] of the pair of symbols i - 1 and i
};

// A longer one. Its symbols stay where they are; those merged into the one on their left are skipped by `next`.
struct LongLane {
  static constexpr size_t kNone = SIZE_MAX;

  MergeJob* job;
  uint32_t* symbols;
  size_t count;  // to begin with
  size_t at;     // the symbol made last, or kNone
  uint8_t next[kMost + 1];
  uint8_t previous[kMost + 1];
  alignas(64) uint32_t words[kMost];  // of the pairs of each symbol and the next
};

// What is done to kShort numbers at once, without a branch: which pair comes next, and which pairs merge,
// cannot be predicted.
struct AnyNumbers {
  // The least pair_word of ranks[0, kShort).
  static inline uint32_t least(const uint32_t* ranks) {
    uint32_t low = kNoPair;
    for (size_t i = 0; i < kShort; ++i) low = std::min(low, pair_word(ranks[i], i));
    return low;
  }
  // array[0, kShort) becomes array[1, kShort + 1).
  static inline void shift(uint32_t* array) { std::memmove(array, array + 1, kShort * sizeof(uint32_t)); }
  // The least of words[0, kShort).
  static inline uint32_t least_word(const uint32_t* words) { return *std::min_element(words, words + kShort); }
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
  TOKENWORKS_AVX512 static inline uint32_t least_word(const uint32_t* words) {
    return _mm512_reduce_min_epu32(_mm512_loadu_si512(words));
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
    return least_of(low, high);
  }
  TOKENWORKS_AVX2 static inline uint32_t least_word(const uint32_t* words) {
    const __m256i* from = reinterpret_cast<const __m256i*>(words);
    return least_of(_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1));
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
  TOKENWORKS_AVX2 static inline uint32_t least_of(__m256i low, __m256i high) {
    const __m256i both = _mm256_min_epu32(low, high);
    __m128i x = _mm_min_epu32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    x = _mm_min_epu32(x, _mm_shuffle_epi32(x, 0x4E));
    x = _mm_min_epu32(x, _mm_shuffle_epi32(x, 0xB1));
    return static_cast<uint32_t>(_mm_cvtsi128_si32(x));
  }
};
#endif

template <class Numbers>
class Lanes {
 public:
  Lanes(const MergeTable& merges, const ByteRanks& bytes, uint32_t* symbols)
      : merges_(merges), bytes_(bytes), symbols_(symbols) {}

  // Jobs of the kind that Lane is for.
  template <class Lane>
  TOKENWORKS_INLINE void run(std::span<MergeJob> jobs) {
    Lane lanes[kLanes];
    size_t next = 0, busy = 0;
    const auto take = [&](Lane& lane) {
      while (next < jobs.size() && !is_for(lane, jobs[next])) ++next;
      if (next == jobs.size()) return false;
      begin(lane, jobs[next++]);
      return true;
    };
    while (busy < kLanes && take(lanes[busy])) ++busy;
    while (busy > 0) {
      for (size_t k = 0; k < busy;) {
        if (step(lanes[k]) || take(lanes[k])) {
          ++k;
        } else if (k != --busy) {
          lanes[k] = lanes[busy];
        }
      }
    }
  }

 private:
  // Short pretokens --------------------------------------------------------------------------------

  static bool is_for(const ShortLane&, const MergeJob& job) { return job.count <= kShort; }

  TOKENWORKS_INLINE void begin(ShortLane& lane, MergeJob& job) {
    const uint32_t* symbols = symbols_ + job.place;
    lane.job = &job;
    lane.at = kShort + 1;  // no pair is there
    lane.symbols[0] = kNoSymbol;
    for (size_t i = 0; i < kShort; ++i) lane.symbols[1 + i] = i < job.count ? symbols[i] : kNoSymbol;
    for (size_t i = 0; i <= kShort; ++i) lane.symbols[1 + kShort + i] = kNoSymbol;
    lane.ranks[0] = lane.ranks[1] = kNoRank;
    if (job.bytes) {
      for (size_t i = 1; i < kShort; ++i) {
        const uint32_t rank = bytes_.rank[(symbols[i - 1] << 8 | symbols[i]) & 0xFFFF];
        lane.ranks[1 + i] = i < job.count ? rank : kNoRank;
      }
    } else {
      for (size_t i = 1; i < kShort; ++i) lane.ranks[1 + i] = kNoRank;
      for (size_t i = 1; i < job.count; ++i) lane.ranks[1 + i] = find(symbols[i - 1], symbols[i]);
    }
    for (size_t i = 0; i <= kShort; ++i) lane.ranks[1 + kShort + i] = kNoRank;
  }

  // Looks up the pairs of the symbol made last and merges once more; false if nothing is left to merge.
  TOKENWORKS_INLINE bool step(ShortLane& lane) {
    const size_t at = lane.at;
    const uint32_t others = Numbers::least(lane.ranks + 1) + 1;
    const uint32_t left = find(lane.symbols[at - 1], lane.symbols[at]);
    const uint32_t right = find(lane.symbols[at], lane.symbols[at + 1]);
    lane.ranks[at] = left;
    lane.ranks[at + 1] = right;
    const uint32_t word = std::min(others, std::min(pair_word(left, at), pair_word(right, at + 1)));
    if (word >= kNoPair) {
      std::memcpy(symbols_ + lane.job->place, lane.symbols + 1, kShort * sizeof(uint32_t));
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

  // Longer ones ------------------------------------------------------------------------------------

  static bool is_for(const LongLane&, const MergeJob& job) { return job.count > kShort; }

  TOKENWORKS_INLINE void begin(LongLane& lane, MergeJob& job) {
    lane.job = &job;
    lane.symbols = symbols_ + job.place;
    lane.count = job.count;
    lane.at = LongLane::kNone;
    for (size_t i = 0; i <= lane.count; ++i) {
      lane.next[i] = static_cast<uint8_t>(i + 1);
      lane.previous[i] = static_cast<uint8_t>(i - 1);
    }
    for (size_t i = 0; i + 1 < lane.count; ++i) {
      const uint32_t left = lane.symbols[i], right = lane.symbols[i + 1];
      lane.words[i] = pair_word(job.bytes ? bytes_.rank[(left << 8 | right) & 0xFFFF] : find(left, right), i);
    }
    for (size_t i = lane.count - 1; i < (lane.count + kShort - 1) / kShort * kShort; ++i) lane.words[i] = kNoPair;
  }

  TOKENWORKS_INLINE bool step(LongLane& lane) {
    uint32_t* const symbols = lane.symbols;
    if (const size_t at = lane.at; at != LongLane::kNone) {
      const size_t before = lane.previous[at], after = lane.next[at];
      lane.words[at] = after < lane.count ? pair_word(find(symbols[at], symbols[after]), at) : kNoPair;
      if (at > 0) lane.words[before] = pair_word(find(symbols[before], symbols[at]), before);
    }
    uint32_t word = kNoPair;
    for (size_t i = 0; i < lane.count; i += kShort) word = std::min(word, Numbers::least_word(lane.words + i));
    if (word >= kNoPair) {
      finish(lane);
      return false;
    }
    const size_t at = word & 0xFF, gone = lane.next[at], after = lane.next[gone];
    symbols[at] = 256 + (word >> 8);
    lane.words[at] = lane.words[gone] = kNoPair;
    lane.next[at] = static_cast<uint8_t>(after);
    lane.previous[after] = static_cast<uint8_t>(at);
    lane.at = at;
    if (after < lane.count) merges_.prefetch(symbols[at], symbols[after]);
    if (at > 0) merges_.prefetch(symbols[lane.previous[at]], symbols[at]);
    return true;
  }

  static void finish(LongLane& lane) {
    uint32_t left = 0;
    for (size_t at = 0; at < lane.count; at = lane.next[at], ++left) lane.symbols[left] = lane.symbols[at];
    lane.job->count = left;
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
  uint32_t* symbols_;
};

template <class Numbers>
TOKENWORKS_INLINE void run(const MergeTable& merges, const ByteRanks& bytes, std::span<MergeJob> jobs,
                           uint32_t* symbols) {
  Lanes<Numbers> lanes(merges, bytes, symbols);
  lanes.template run<ShortLane>(jobs);
  lanes.template run<LongLane>(jobs);  // last, as many become short
}

#if TOKENWORKS_X86
TOKENWORKS_AVX512 void run_avx512(const MergeTable& merges, const ByteRanks& bytes, std::span<MergeJob> jobs,
                                  uint32_t* symbols) {
  run<Avx512Numbers>(merges, bytes, jobs, symbols);
}
TOKENWORKS_AVX2 void run_avx2(const MergeTable& merges, const ByteRanks& bytes, std::span<MergeJob> jobs,
                              uint32_t* symbols) {
  run<Avx2Numbers>(merges, bytes, jobs, symbols);
}
#endif

}  // namespace

void merge_side_by_side(const MergeTable& merges, const ByteRanks& byte_ranks, std::span<MergeJob> jobs,
                        uint32_t* symbols) {
#if TOKENWORKS_X86
  switch (processor()) {
    case Processor::kAvx512: return run_avx512(merges, byte_ranks, jobs, symbols);
    case Processor::kAvx2: return run_avx2(merges, byte_ranks, jobs, symbols);
    default: break;
  }
#endif
  run<AnyNumbers>(merges, byte_ranks, jobs, symbols);
}

}  // namespace tokenworks
