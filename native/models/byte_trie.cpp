#include "models/byte_trie.h"

#include <algorithm>

namespace tokenworks {
namespace {

struct Range {
  uint32_t node;
  uint32_t begin;
  uint32_t end;
  uint32_t depth;
};

}  // namespace

ByteTrie::ByteTrie(std::vector<std::pair<std::string_view, uint32_t>> entries) : units_(256) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Range> open{{kRoot, 0, static_cast<uint32_t>(entries.size()), 0}};
  std::vector<std::pair<uint8_t, uint32_t>> children;  // byte, first entry
  units_[kRoot].parent = UINT32_MAX;                   // never the child of anything
  uint32_t first_free = 1;
  uint32_t taken_end = 1;  // no slot from here on is taken
  while (!open.empty()) {
    const Range r = open.back();
    open.pop_back();
    uint32_t i = r.begin;
    while (i < r.end && entries[i].first.size() == r.depth) {
      if (r.depth > 0) units_[r.node].value = static_cast<int32_t>(entries[i].second);
      ++i;
    }
    if (i == r.end) continue;
    children.clear();
    for (uint32_t k = i; k < r.end; ++k) {
      const auto c = static_cast<uint8_t>(entries[k].first[r.depth]);
      if (children.empty() || children.back().first != c) children.emplace_back(c, k);
    }
    // The lowest place where all children fit; after many tries the place behind all that is
    // taken, which keeps building linear at the price of some holes.
    while (first_free < units_.size() && units_[first_free].parent) ++first_free;
    const uint8_t lowest = children.front().first;
    uint32_t base = std::max<uint32_t>(first_free, lowest + 1u) - lowest;
    for (int tries = 0;; ++tries, ++base) {
      if (tries == 64) base = std::max(base, std::max<uint32_t>(taken_end, lowest) - lowest);
      if (base + 256 > units_.size()) units_.resize(base + 256 + units_.size() / 2);
      if (std::none_of(children.begin(), children.end(),
                       [&](const auto& c) { return units_[base + c.first].parent != 0; })) {
        break;
      }
    }
    units_[r.node].base = base;
    for (size_t k = 0; k < children.size(); ++k) {
      const uint32_t node = base + children[k].first;
      units_[node].parent = r.node + 1;
      taken_end = std::max(taken_end, node + 1);
      const uint32_t end = k + 1 < children.size() ? children[k + 1].second : r.end;
      open.push_back({node, children[k].second, end, r.depth + 1});
    }
  }
  uint32_t top = 0;
  for (const Unit& u : units_) top = std::max(top, u.base);
  units_.resize(top + 256);
  units_.shrink_to_fit();
}

size_t ByteTrie::longest_prefix(std::string_view text) const {
  size_t longest = 0;
  uint32_t node = kRoot;
  for (size_t i = 0; i < text.size() && step(node, static_cast<uint8_t>(text[i])); ++i) {
    if (value(node) != kNone) longest = i + 1;
  }
  return longest;
}

int32_t ByteTrie::find(std::string_view text) const {
  uint32_t node = kRoot;
  for (const char c : text) {
    if (!step(node, static_cast<uint8_t>(c))) return kNone;
  }
  return value(node);
}

}  // namespace tokenworks
