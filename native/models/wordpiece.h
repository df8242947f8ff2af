// WordPiece: greedy longest match inside a word, all or nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/model.h"

namespace tokenworks {

struct WordPieceOptions {
  uint32_t unk_id = 0;
  std::string continuing_subword_prefix = "##";
  size_t max_input_chars_per_word = 100;
};

// `pieces` and `ids` are parallel.
std::unique_ptr<Model> make_wordpiece(const std::vector<std::string_view>& pieces,
                                      const std::vector<uint32_t>& ids,
                                      const WordPieceOptions& options);

}  // namespace tokenworks
