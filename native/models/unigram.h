// Unigram language model: the segmentation of highest total score, as each reference finds it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "models/model.h"

namespace tokenworks {

struct UnigramOptions {
  std::optional<uint32_t> unk_id;
  bool byte_fallback = false;
  bool sentencepiece = false;  // its float sums, bonus of user-defined pieces and unknown penalty
  std::unordered_set<uint32_t> user_defined;  // ids; sentencepiece only
  std::unordered_set<uint32_t> unused;        // ids of pieces never looked up; sentencepiece only
};

// `pieces`, `ids` and `scores` are parallel. Throws std::invalid_argument if their lengths differ
// or `unk_id` is not among the ids.
std::unique_ptr<Model> make_unigram(const std::vector<std::string_view>& pieces,
                                    const std::vector<uint32_t>& ids,
                                    const std::vector<double>& scores,
                                    const UnigramOptions& options);

}  // namespace tokenworks
