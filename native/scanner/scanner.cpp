#include "scanner/scanner.h"

#include <array>

#include "scanner/ascii_starts.h"
#include "scanner/partial_patterns.h"
#include "scanner/visit.h"

namespace tokenworks::scanner {
namespace {

struct Known {
  std::string_view name;
  std::string_view regex;
  PatternId id;
};

// The first entry of each id carries our name for it; the others are spellings found in the wild
// that match the same strings.
constexpr std::array kKnown = {
    Known{"gpt2", R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)",
          PatternId::kGpt2},
    Known{"", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
          PatternId::kGpt2},
    Known{"", R"('s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
          PatternId::kGpt2},
    Known{"", R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
          PatternId::kGpt2},
    Known{"cl100k",
          R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)",
          PatternId::kCl100k},
    // As written for Oniguruma, to which a counted repetition with + is no possessive one.
    Known{"",
          R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)",
          PatternId::kCl100k},
    Known{"llama3",
          R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          PatternId::kLlama3},
    Known{"",
          R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          PatternId::kLlama3},
    Known{"",
          R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
          PatternId::kLlama3},
    Known{"qwen2",
          R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          PatternId::kQwen2},
    Known{"qwen3.5",
          R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          PatternId::kQwen35},
    Known{"o200k",
          R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          PatternId::kO200k},
    Known{"tekken",
          R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          PatternId::kTekken},
    // With \p{N}+ for numbers: digit rules then split the runs.
    Known{"",
          R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)",
          PatternId::kCl100kRuns},
    Known{"",
          R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          PatternId::kLlama3Runs},
    Known{"",
          R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          PatternId::kO200kRuns},
    Known{"",
          R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          PatternId::kTekkenRuns},
    Known{"deepseek-words",
          R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
          PatternId::kDeepseekWords},
    Known{"superbpe", R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]{2,}[\r\n/]*| +(?!\S))",
          PatternId::kSuperbpe},
    Known{"digits-1", R"(\p{N})", PatternId::kDigits1},
    Known{"digits-3", R"(\p{N}{1,3})", PatternId::kDigits3},
    Known{"digits-3-right", R"(\p{N}{1,3}(?=(?:\p{N}{3})*(?:\P{N}|$)))",
          PatternId::kDigits3FromRight},
    Known{"digit-runs", R"(\p{N}+)", PatternId::kDigitRuns},
    Known{"cjk-runs", "[一-龥\u3040-ゟ゠-ヿ]+", PatternId::kCjkRuns},
    Known{"whitespace", R"( ?\S+|\s+(?!\S)|\s+)", PatternId::kWhitespace},
};

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

template <class Pattern>
void find_partial(std::string_view text, std::vector<Span>& matches) {
  const uint8_t* s = bytes_of(text);
  const size_t n = text.size();
  for (size_t i = 0; i < n;) {
    const size_t end = Pattern::next(s, n, i);
    if (end > i) {
      matches.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(end)});
      i = end;
    } else {
      i += decode(s, n, i).length;
    }
  }
}

}  // namespace

std::optional<PatternId> find_pattern(std::string_view name_or_regex) {
  for (const Known& known : kKnown) {
    if (known.regex == name_or_regex || (!known.name.empty() && known.name == name_or_regex)) {
      return known.id;
    }
  }
  return std::nullopt;
}

const std::vector<NamedPattern>& named_patterns() {
  static const std::vector<NamedPattern> named = [] {
    std::vector<NamedPattern> out;
    for (const Known& known : kKnown) {
      if (!known.name.empty()) out.push_back({known.name, known.regex, known.id});
    }
    return out;
  }();
  return named;
}

void find_matches(PatternId pattern, std::string_view text, std::vector<Span>& matches) {
  const bool total = visit_total(pattern, [&]<class Pattern>(Pattern) {
    scan<Pattern>(bytes_of(text), text.size(), [&](size_t begin, size_t end) {
      matches.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    });
  });
  if (total) return;
  switch (pattern) {
    case PatternId::kDeepseekWords: return find_partial<DeepseekWords>(text, matches);
    case PatternId::kSuperbpe: return find_partial<Superbpe>(text, matches);
    case PatternId::kDigits1: return find_partial<DigitGroups<1>>(text, matches);
    case PatternId::kDigits3: return find_partial<DigitGroups<3>>(text, matches);
    case PatternId::kDigits3FromRight:
      return digit_groups_from_right(bytes_of(text), text.size(), [&](size_t begin, size_t end) {
        matches.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      });
    case PatternId::kDigitRuns: return find_partial<DigitGroups<0>>(text, matches);
    case PatternId::kCjkRuns: return find_partial<CjkRuns>(text, matches);
    default: return;
  }
}

}  // namespace tokenworks::scanner
