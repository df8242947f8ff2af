// How tokens lie on the texts they were made of: where each begins, and whether they spell the text.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tokenworks {

// The bytes of every token: token i is bytes.subspan(offsets[i], lengths[i]).
struct Spelled {
  std::span<const uint8_t> bytes;
  std::span<const int64_t> offsets, lengths;
};

enum class Spelling : uint8_t {
  same,         // the tokens spell the text
  after_space,  // they spell a space and then the text
  other,
};

// Compares every text with its tokens and marks in `cut` each byte at which a token begins; nothing is
// marked in a text that the tokens spell otherwise. Texts and ids lie end to end; text i has the bytes
// [begins[i], begins[i + 1]) and the ids [starts[i], starts[i + 1]). The caller has checked that these
// lie inside; an id without a token, or a token outside the bytes, makes a text `other`.
std::vector<Spelling> lay_tokens(const Spelled& tokens, std::span<const uint32_t> ids,
                                 std::span<const int64_t> starts, std::span<const uint8_t> data,
                                 std::span<const int64_t> begins, std::span<uint8_t> cut);

}  // namespace tokenworks
