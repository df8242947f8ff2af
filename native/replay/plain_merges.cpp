#include "replay/plain_merges.h"

#include "training/pair_table.h"

namespace tokenworks::replay {

using training::pair_key;

std::vector<std::pair<uint32_t, uint32_t>> plain_merges(std::span<const uint32_t> results,
                                                        std::span<const uint32_t> symbols,
                                                        std::span<const uint64_t> starts,
                                                        size_t longest) {
  training::PairTable<uint32_t> order_of(results.size());  // order of the result + 1
  const auto order = [&](uint32_t left, uint32_t right) {
    const uint32_t* found = order_of.find(pair_key(left, right));
    return found ? *found - 1 : kNoMerge;
  };
  std::vector<std::pair<uint32_t, uint32_t>> merges;
  merges.reserve(results.size());
  std::vector<uint32_t> parts, orders;
  for (size_t i = 0; i < results.size(); ++i) {
    const size_t size = starts[i + 1] - starts[i];
    merges.emplace_back(kNoMerge, kNoMerge);
    if (size < 2 || size > longest) continue;
    parts.assign(symbols.begin() + static_cast<ptrdiff_t>(starts[i]),
                 symbols.begin() + static_cast<ptrdiff_t>(starts[i + 1]));
    orders.clear();
    for (size_t at = 0; at + 1 < parts.size(); ++at) orders.push_back(order(parts[at], parts[at + 1]));
    while (parts.size() > 2) {
      size_t best = 0;
      for (size_t at = 1; at < orders.size(); ++at) {
        if (orders[at] < orders[best]) best = at;
      }
      if (orders[best] == kNoMerge) break;
      parts[best] = results[orders[best]];
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(best) + 1);
      orders.erase(orders.begin() + static_cast<ptrdiff_t>(best));
      if (best > 0) orders[best - 1] = order(parts[best - 1], parts[best]);
      if (best < orders.size()) orders[best] = order(parts[best], parts[best + 1]);
    }
    // Two parts that merge already make another token of the same spelling; it comes first.
    if (parts.size() != 2 || orders[0] != kNoMerge) continue;
    merges.back() = {parts[0], parts[1]};
    order_of[pair_key(parts[0], parts[1])] = static_cast<uint32_t>(i + 1);
  }
  return merges;
}

}  // namespace tokenworks::replay
