// The merges that byte pair encoding would have made for a list of tokens.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace tokenworks::replay {

constexpr uint32_t kNoMerge = 0xFFFFFFFFu;

// For each result, in the order in which merges make them: the two parts that the merges before it leave
// of its spelling; kNoMerge twice where other than two are left, or where the spelling is longer than
// `longest`. Such a result has no merge in what follows. `symbols` are the spellings end to end.
std::vector<std::pair<uint32_t, uint32_t>> plain_merges(std::span<const uint32_t> results,
                                                        std::span<const uint32_t> symbols,
                                                        std::span<const uint64_t> starts,
                                                        size_t longest = 1024);

}  // namespace tokenworks::replay
