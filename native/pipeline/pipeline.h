// From raw text to pretokens: added tokens, normalizer steps, pretokenizer steps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/aligned_text.h"

namespace tokenworks {

enum class SpecialPolicy { kError, kAllow, kText };

// One pretoken, or one added token found in the text (then `added_id` >= 0).
struct Pretoken {
  AlignedText text;
  int64_t added_id = -1;
};

class Pipeline {
 public:
  virtual ~Pipeline() = default;

  // Splits `text` into pretokens in order. With `track`, every pretoken's `origin` is filled.
  // Throws SpecialTokenError for a special token in the text under SpecialPolicy::kError.
  virtual void run(std::string_view text, SpecialPolicy policy, bool track,
                   std::vector<Pretoken>& out) const = 0;
};

}  // namespace tokenworks
