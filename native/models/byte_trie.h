// A set of byte strings with a number each, for finding all that begin at a place in a text.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace tokenworks {

// A double array: the child of node p by byte c is base(p) + c, if that slot says its parent is p.
class ByteTrie {
 public:
  static constexpr uint32_t kRoot = 0;
  static constexpr int32_t kNone = -1;

  ByteTrie() : units_(256) {}
  // Of equal strings the last one counts; empty ones are left out. Numbers are below 2^31.
  explicit ByteTrie(std::vector<std::pair<std::string_view, uint32_t>> entries);

  // Moves `node` to its child by `c`; false (and `node` unchanged) if it has none.
  bool step(uint32_t& node, uint8_t c) const {
    const uint32_t child = units_[node].base + c;
    if (units_[child].parent != node + 1) return false;
    node = child;
    return true;
  }
  // The number of the string that ends at `node`, or kNone.
  int32_t value(uint32_t node) const { return units_[node].value; }

  // Length of the longest string that `text` begins with, 0 if none.
  size_t longest_prefix(std::string_view text) const;
  // The number of exactly this string, or kNone.
  int32_t find(std::string_view text) const;

 private:
  struct Unit {
    uint32_t base = 0;
    uint32_t parent = 0;  // node + 1; 0 is free
    int32_t value = kNone;
  };
  std::vector<Unit> units_;  // always 256 beyond the highest base
};

}  // namespace tokenworks
