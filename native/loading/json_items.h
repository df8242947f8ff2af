// A byte-level vocabulary and its merges as the items of a tokenizer.json.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tokenworks {

// What stands between the items of a JSON file, line ends and indents included.
struct JsonSpacing {
  std::string_view item;     // between items
  std::string_view colon;    // between key and value
  std::string_view opening;  // after the bracket of a merge
  std::string_view inner;    // between its two parts
  std::string_view closing;  // before the bracket that ends it
};

// "piece": index for each piece; pieces are [starts[i], starts[i + 1]) of `bytes`, spelled in GPT-2's
// characters for bytes.
std::string vocabulary_items(std::string_view bytes, std::span<const uint64_t> starts,
                             const JsonSpacing& spacing);

// ["left", "right"] for each pair of indices of pieces.
std::string merge_items(std::string_view bytes, std::span<const uint64_t> starts,
                        std::span<const uint32_t> pairs, const JsonSpacing& spacing);

}  // namespace tokenworks
