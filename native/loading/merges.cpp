#include "loading/merges.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <queue>
#include <stdexcept>

namespace tokenworks {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

// An open-addressing table from a pair of tokens to the token that it merges to.
class PairTable {
 public:
  explicit PairTable(size_t expected) {
    size_t size = 1024;
    while (size < expected * 2) size *= 2;
    keys_.assign(size, UINT64_MAX);
    values_.assign(size, kNone);
  }

  void insert(uint32_t left, uint32_t right, uint32_t value) {
    const uint64_t key = join(left, right);
    size_t slot = hash(key) & (keys_.size() - 1);
    while (keys_[slot] != UINT64_MAX) slot = (slot + 1) & (keys_.size() - 1);
    keys_[slot] = key;
    values_[slot] = value;
  }

  uint32_t find(uint32_t left, uint32_t right) const {
    const uint64_t key = join(left, right);
    size_t slot = hash(key) & (keys_.size() - 1);
    while (keys_[slot] != key) {
      if (keys_[slot] == UINT64_MAX) return kNone;
      slot = (slot + 1) & (keys_.size() - 1);
    }
    return values_[slot];
  }

 private:
  static uint64_t join(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }
  static uint64_t hash(uint64_t key) {
    key *= 0x9E3779B97F4A7C15ull;
    return key ^ (key >> 29);
  }

  std::vector<uint64_t> keys_;
  std::vector<uint32_t> values_;
};

// Merges `parts` in place for short tokens: the best pair is found by looking at all of them.
void merge_short(std::vector<uint32_t>& parts, std::vector<uint32_t>& ranks,
                 const PairTable& table) {
  ranks.clear();
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    ranks.push_back(table.find(parts[i], parts[i + 1]));
  }
  while (!ranks.empty()) {
    const size_t best = std::min_element(ranks.begin(), ranks.end()) - ranks.begin();
    if (ranks[best] == kNone) return;
    parts[best] = ranks[best];
    parts.erase(parts.begin() + best + 1);
    ranks.erase(ranks.begin() + best);
    if (best > 0) ranks[best - 1] = table.find(parts[best - 1], parts[best]);
    if (best < ranks.size()) ranks[best] = table.find(parts[best], parts[best + 1]);
  }
}

// The same with a heap and a linked list, for tokens so long that looking at all pairs is slow.
void merge_long(std::vector<uint32_t>& parts, const PairTable& table) {
  struct Candidate {
    uint32_t rank, left, left_id, right_id;
    bool operator<(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  const uint32_t size = static_cast<uint32_t>(parts.size());
  std::vector<uint32_t> next(size), previous(size);
  std::priority_queue<Candidate> queue;
  auto push = [&](uint32_t left) {
    const uint32_t right = next[left];
    if (right >= size) return;
    const uint32_t rank = table.find(parts[left], parts[right]);
    if (rank != kNone) queue.push({rank, left, parts[left], parts[right]});
  };
  for (uint32_t i = 0; i < size; ++i) {
    next[i] = i + 1;
    previous[i] = i - 1;  // of the first: kNone
  }
  for (uint32_t i = 0; i < size; ++i) push(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const uint32_t right = next[best.left];
    if (parts[best.left] != best.left_id || right >= size || parts[right] != best.right_id) {
      continue;  // one of the two has been merged since
    }
    parts[best.left] = best.rank;
    parts[right] = kNone;
    next[best.left] = next[right];
    if (next[right] < size) previous[next[right]] = best.left;
    push(best.left);
    if (previous[best.left] != kNone) push(previous[best.left]);
  }
  parts.erase(std::remove(parts.begin(), parts.end(), kNone), parts.end());
}

}  // namespace

std::vector<std::pair<uint32_t, uint32_t>> recover_merges(
    const std::vector<std::string_view>& tokens) {
  std::array<uint32_t, 256> byte_token;
  byte_token.fill(kNone);
  for (uint32_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].size() == 1) byte_token[static_cast<unsigned char>(tokens[i][0])] = i;
  }
  PairTable table(tokens.size());
  std::vector<std::pair<uint32_t, uint32_t>> merges;
  std::vector<uint32_t> parts, ranks;
  for (uint32_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].size() < 2) continue;
    parts.clear();
    for (const unsigned char byte : tokens[i]) {
      if (byte_token[byte] == kNone) throw std::invalid_argument("a byte has no token");
      parts.push_back(byte_token[byte]);
    }
    if (parts.size() <= 256) {
      merge_short(parts, ranks, table);
    } else {
      merge_long(parts, table);
    }
    if (parts.size() == 2) {
      table.insert(parts[0], parts[1], i);
      merges.emplace_back(parts[0], parts[1]);
    }
  }
  return merges;
}

}  // namespace tokenworks
