#include "pipeline/added_matcher.h"

#include <algorithm>
#include <cstring>

namespace tokenworks {

AddedMatcher::AddedMatcher(const std::vector<std::string_view>& contents) : nodes_(1) {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < contents.size(); ++i) {
    if (!contents[i].empty()) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return contents[a] < contents[b]; });
  // Breadth first over ranges of the sorted tokens, so that edges are contiguous and sorted and a
  // node's failure link, which is shallower, is known when the node is made.
  struct Range {
    uint32_t node, begin, end;
  };
  std::vector<Range> queue{{0, 0, static_cast<uint32_t>(order.size())}};
  for (size_t head = 0; head < queue.size(); ++head) {
    const Range r = queue[head];
    const uint32_t depth = nodes_[r.node].depth;
    uint32_t i = r.begin;
    if (i < r.end && contents[order[i]].size() == depth && depth > 0) {
      nodes_[r.node].pattern = static_cast<int32_t>(order[i]);
      nodes_[r.node].pattern_length = depth;
    } else if (r.node != 0) {
      const Node& fail = nodes_[nodes_[r.node].fail];
      nodes_[r.node].pattern = fail.pattern;
      nodes_[r.node].pattern_length = fail.pattern_length;
    }
    while (i < r.end && contents[order[i]].size() == depth) ++i;
    nodes_[r.node].first_edge = static_cast<uint32_t>(edge_bytes_.size());
    while (i < r.end) {
      const auto c = static_cast<uint8_t>(contents[order[i]][depth]);
      uint32_t end = i;
      while (end < r.end && static_cast<uint8_t>(contents[order[end]][depth]) == c) ++end;
      Node made;
      made.depth = depth + 1;
      if (r.node != 0) {
        uint32_t f = nodes_[r.node].fail;
        int64_t target = child(f, c);
        while (target < 0 && f != 0) {
          f = nodes_[f].fail;
          target = child(f, c);
        }
        made.fail = target < 0 ? 0 : static_cast<uint32_t>(target);
      }
      const auto id = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back(made);
      edge_bytes_.push_back(c);
      edge_targets_.push_back(id);
      ++nodes_[r.node].edge_count;
      if (r.node == 0) root_[c] = id;
      queue.push_back({id, i, end});
      i = end;
    }
  }
  if (nodes_[0].edge_count == 1) only_first_byte_ = edge_bytes_[0];
}

int64_t AddedMatcher::child(uint32_t node, uint8_t c) const {
  if (node == 0) return root_[c] ? static_cast<int64_t>(root_[c]) : -1;
  const Node& n = nodes_[node];
  const auto begin = edge_bytes_.begin() + n.first_edge;
  const auto end = begin + n.edge_count;
  const auto found = std::lower_bound(begin, end, c);
  if (found == end || *found != c) return -1;
  return edge_targets_[static_cast<size_t>(found - edge_bytes_.begin())];
}

bool AddedMatcher::find(std::string_view text, size_t from, Match& out) const {
  if (empty()) return false;
  const auto* s = reinterpret_cast<const uint8_t*>(text.data());
  const size_t n = text.size();
  uint32_t node = 0;
  bool found = false;
  for (size_t i = from; i < n; ++i) {
    if (node == 0) {
      if (found) return true;
      if (only_first_byte_ >= 0) {
        const void* next = std::memchr(s + i, only_first_byte_, n - i);
        if (!next) return false;
        i = static_cast<size_t>(static_cast<const uint8_t*>(next) - s);
      } else {
        while (i < n && root_[s[i]] == 0) ++i;
        if (i == n) return false;
      }
    }
    int64_t next = child(node, s[i]);
    while (next < 0 && node != 0) {
      node = nodes_[node].fail;
      next = child(node, s[i]);
    }
    node = next < 0 ? 0 : static_cast<uint32_t>(next);
    const Node& at = nodes_[node];
    // Nothing that begins at or before the match can still grow.
    if (found && i + 1 - at.depth > out.begin) return true;
    if (at.pattern >= 0) {
      const size_t begin = i + 1 - at.pattern_length;
      if (!found || begin <= out.begin) {
        out = {begin, i + 1, static_cast<uint32_t>(at.pattern)};
        found = true;
      }
    }
  }
  return found;
}

}  // namespace tokenworks
