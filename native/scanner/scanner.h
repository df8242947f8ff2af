// Pretoken patterns by name and by the regex text that published tokenizers carry.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "pipeline/aligned_text.h"

namespace tokenworks::scanner {

enum class PatternId : uint8_t {
  kGpt2,
  kCl100k,
  kLlama3,
  kQwen2,
  kQwen35,
  kO200k,
  kTekken,
  kCl100kRuns,  // the same with runs of digits left whole
  kLlama3Runs,
  kO200kRuns,
  kTekkenRuns,
  kDeepseekWords,
  kSuperbpe,
  kDigits1,
  kDigits3,
  kDigits3FromRight,
  kDigitRuns,
  kCjkRuns,
  kWhitespace,
};

struct NamedPattern {
  std::string_view name;
  std::string_view regex;
  PatternId id;
};

// The scanner of a pattern given by our name for it ("cl100k") or by its regex, if there is one.
std::optional<PatternId> find_pattern(std::string_view name_or_regex);

// Every pattern with a name of its own, and the regex it stands for.
const std::vector<NamedPattern>& named_patterns();

// The matches of the pattern in `text`, exactly as the reference regex engines find them. Patterns
// of whole tokenizers leave no gaps; those of one step (digits, CJK runs) do. `text` is valid UTF-8
// of less than 4 GiB.
void find_matches(PatternId pattern, std::string_view text, std::vector<Span>& matches);

}  // namespace tokenworks::scanner
