// Finds added tokens in a text: leftmost first, the longest of those that begin there.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tokenworks {

class AddedMatcher {
 public:
  struct Match {
    size_t begin;
    size_t end;
    uint32_t index;  // of the token in the list given to the constructor
  };

  AddedMatcher() : AddedMatcher(std::vector<std::string_view>{}) {}
  // Of equal contents the first counts; empty ones never match.
  explicit AddedMatcher(const std::vector<std::string_view>& contents);

  bool empty() const { return nodes_.size() == 1; }

  // The next match that begins at or after `from`; false if there is none. One pass over the text
  // up to the match, whatever the number of tokens.
  bool find(std::string_view text, size_t from, Match& out) const;

 private:
  struct Node {
    uint32_t first_edge = 0;
    uint32_t fail = 0;        // the longest proper suffix that is a node
    uint32_t depth = 0;
    int32_t pattern = -1;     // the longest pattern that ends here (a suffix of this node)
    uint32_t pattern_length = 0;
    uint16_t edge_count = 0;
  };

  int64_t child(uint32_t node, uint8_t c) const;

  std::vector<Node> nodes_;
  std::vector<uint8_t> edge_bytes_;
  std::vector<uint32_t> edge_targets_;
  std::array<uint32_t, 256> root_{};  // 0: no token begins with this byte
  int only_first_byte_ = -1;          // if all tokens begin with one byte
};

}  // namespace tokenworks
