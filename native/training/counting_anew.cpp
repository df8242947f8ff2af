// The merger where memory is bounded: all pairs are counted again, and the best become candidates.
#include <algorithm>

#include "training/freed_memory.h"
#include "training/merger.h"

namespace tokenworks::training {

namespace {

// Bytes that a candidate takes beside its places: in the table of counts, twice while that grows, in
// the queue and in the table of lists.
constexpr uint64_t kPerCandidate = 160;
constexpr uint64_t kPerPlace = 5;  // four, rounded up by the sizes of blocks

bool better(uint64_t count, PairKey pair, uint64_t other_count, PairKey other_pair) {
  return count != other_count ? count > other_count : pair < other_pair;
}

}  // namespace

uint64_t Merger::held() const {
  return places_.bytes() + counts_.bytes() + queue_.bytes() + left_out_.bytes();
}

// Counts the pairs of one part of all keys; false if they outgrow the budget.
bool Merger::tally_part(uint64_t part, uint64_t parts, uint64_t budget,
                        PairTable<Tally>& tallies) const {
  bool fits = true;
  each_pair([&](PairKey pair, uint32_t position) {
    if (!fits || ((pair * 0xD6E8FEB86659FD93ull) >> 40 & (parts - 1)) != part) return;
    Tally& tally = tallies[pair];
    tally.count += corpus_.weight(position);
    ++tally.size;
    fits = tallies.bytes() <= budget;
  });
  return fits;
}

// The best pairs whose candidates take no more than the budget, best first, but at least one (if that
// takes more, it has to do without places); what is within() is set to these.
std::vector<Merger::Counted> Merger::best_pairs(uint64_t budget) {
  const uint64_t least = std::max<uint64_t>(options_.min_frequency, 1);
  std::vector<Counted> best;
  uint64_t cost = 0;
  bool cut = false;  // some were not affordable: none that is worse than `worst` is
  Counted worst{};
  const auto keep_affordable = [&] {
    std::sort(best.begin(), best.end(), [](const Counted& a, const Counted& b) {
      return better(a.count, a.pair, b.count, b.pair);
    });
    uint64_t sum = 0;
    size_t kept = 0;
    for (; kept < best.size(); ++kept) {
      const uint64_t next = kPerCandidate + kPerPlace * best[kept].size;
      if (kept && sum + next > budget) break;
      sum += next;
    }
    cut = cut || kept < best.size();
    best.resize(kept);
    if (kept) worst = best.back();
    cost = sum;
  };
  // All of the memory is free now, and a table that grows stands beside its successor.
  const uint64_t table = std::max<uint64_t>(options_.memory / 4, uint64_t{1} << 16);
  for (uint64_t part = 0; part < parts_;) {
    PairTable<Tally> tallies;
    if (!tally_part(part, parts_, table, tallies)) {
      // in finer parts from the start; those counted already are among them again
      parts_ *= 2;
      part = 0;
      best.clear();
      cost = 0;
      cut = false;
      continue;
    }
    tallies.each([&](PairKey pair, const Tally& tally) {
      if (tally.count < least || left_out_.find(pair)) return;
      if (!may_join(left_of(pair), right_of(pair))) return;
      if (cut && !better(tally.count, pair, worst.count, worst.pair)) return;
      best.push_back({tally.count, pair, tally.size});
      cost += kPerCandidate + kPerPlace * tally.size;
      if (cost > 2 * budget) keep_affordable();
    });
    keep_affordable();
    ++part;
  }
  threshold_ = cut ? worst.count : least;
  last_pair_ = cut ? worst.pair : ~PairKey{0};
  return best;
}

void Merger::count_anew() {
  counts_ = PairTable<int64_t>();
  queue_ = PairQueue();
  places_ = Places();
  return_freed_memory();
  const uint64_t budget = options_.memory / 3;
  const std::vector<Counted> best = best_pairs(budget);
  if (best.size() == 1 && kPerPlace * best.front().size > budget) {
    counts_[best.front().pair] = static_cast<int64_t>(best.front().count);
    queue_.push({best.front().count, best.front().pair, kNoPlaces});
    return;
  }
  counts_ = PairTable<int64_t>(best.size());
  PairTable<uint32_t> places_of(best.size());
  std::vector<uint32_t> filled(best.size());
  for (size_t i = 0; i < best.size(); ++i) {
    const Counted& one = best[i];
    counts_[one.pair] = static_cast<int64_t>(one.count);
    const uint32_t places = places_.make(one.size);  // numbers follow one another in fresh Places
    places_of[one.pair] = places + 1;
    queue_.push({one.count, one.pair, places});
  }
  each_pair([&](PairKey pair, uint32_t position) {
    if (const uint32_t* number = places_of.find(pair)) {
      places_[*number - 1][filled[*number - 1]++] = position;
    }
  });
}

}  // namespace tokenworks::training
