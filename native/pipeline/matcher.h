// Finding the matches of a pattern, whatever finds them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/aligned_text.h"

namespace tokenworks {

class Matcher {
 public:
  virtual ~Matcher() = default;
  // Appends the byte spans of the matches in `text`, in order; they do not overlap.
  virtual void find(std::string_view text, std::vector<Span>& matches) const = 0;
};

using MatcherPtr = std::unique_ptr<Matcher>;

// A literal, non-empty string.
MatcherPtr make_literal_matcher(std::string literal);

// The native scanner of a regex, or null where there is none.
MatcherPtr make_scanner_matcher(std::string_view regex);

}  // namespace tokenworks
