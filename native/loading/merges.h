// Merges of a BPE vocabulary that is known only by its tokens in rank order.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace tokenworks {

// For each token of two bytes or more, in rank order: the two parts that BPE with the lower ranks
// leaves of it. A token that more than two parts are left of has no merge and is skipped.
// `tokens` must hold every single byte that occurs in a longer one. Returns pairs of positions.
std::vector<std::pair<uint32_t, uint32_t>> recover_merges(
    const std::vector<std::string_view>& tokens);

}  // namespace tokenworks
