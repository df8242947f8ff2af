// From the steps of a tokenizer definition to a pipeline.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <stdexcept>

#include "pipeline/pipeline.h"

namespace tokenworks {

// A step that is not known, or that cannot be carried out as written.
class UnsupportedStepError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// `normalizer` and `pretokenizer` are sequences of mappings in the vocabulary of tokenizer.json,
// `added` of mappings with the fields of an added token. `split(pattern, text)` returns the
// character spans of a regex's matches; it serves the patterns without a native scanner.
// `byte_level` says that the model's pieces are real bytes. Throws UnsupportedStepError, or
// std::invalid_argument for a malformed field.
std::unique_ptr<Pipeline> make_pipeline(nanobind::handle normalizer, nanobind::handle pretokenizer,
                                        nanobind::handle added, nanobind::handle split,
                                        bool byte_level);

// "error", "allow" or "text"; throws std::invalid_argument for anything else.
SpecialPolicy parse_policy(std::string_view name);

}  // namespace tokenworks
