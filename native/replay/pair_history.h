// Questions to a log of pair counts: which pairs a mixture of the groups makes more frequent than the pair
// that was merged, and how often a pair occurred before a step.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "replay/merge_replay.h"

namespace tokenworks::replay {

// A pair that is more frequent in the mixture than the pair merged in this step.
struct Rival {
  uint32_t step;
  uint32_t pair;
};

struct Search {
  std::span<const double> group_weights;  // [groups]: what one occurrence in the group counts
  std::span<const uint8_t> asked;         // [steps]: whether the step is looked at
  std::span<const double> allowance;      // [steps]: by how much a rival may be ahead in this step
  std::span<const double> pair_allowance; // [pairs]: by how much this pair may be ahead in any step
  double tolerance;
  size_t per_step;  // rivals of one step
  size_t enough;    // the search ends with the step that reaches so many
};

class PairHistory {
 public:
  explicit PairHistory(const PairLog& log);

  // Rivals that are not known, the first steps first.
  std::vector<Rival> rivals(const Search& search, const std::unordered_set<uint64_t>& known) const;

  // Adds `factors[group] * count` of a pair before a step to `out[column_of[group]]`.
  void add_counts(size_t step, uint32_t pair, double sign, std::span<const double> factors,
                  std::span<const uint32_t> column_of, double* out) const;

  static uint64_t key(uint32_t step, uint32_t pair) { return uint64_t{step} << 32 | pair; }

 private:
  const PairLog& log_;
  std::vector<uint64_t> starts_;     // [pairs + 1] into entries_
  std::vector<uint32_t> entries_;    // entries that change each pair, in the order of steps
  std::vector<uint32_t> merged_at_;  // the step that left nothing of each pair
};

}  // namespace tokenworks::replay
