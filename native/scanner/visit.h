// From a pattern's id to its compiled scanner, for loops that want it inlined.
#pragma once

#include "scanner/patterns.h"
#include "scanner/scanner.h"

namespace tokenworks::scanner {

// Calls `f(Pattern{})` for a pattern that covers every text; false for one that leaves gaps.
template <class F>
bool visit_total(PatternId pattern, F&& f) {
  switch (pattern) {
    case PatternId::kGpt2: f(Gpt2{}); return true;
    case PatternId::kCl100k: f(Gpt4<3, true>{}); return true;
    case PatternId::kLlama3: f(Gpt4<3, false>{}); return true;
    case PatternId::kQwen2: f(Gpt4<1, false>{}); return true;
    case PatternId::kQwen35: f(Gpt4<1, false, kLetters | kMarks>{}); return true;
    case PatternId::kO200k: f(Gpt4o<3, true>{}); return true;
    case PatternId::kTekken: f(Gpt4o<1, false>{}); return true;
    case PatternId::kCl100kRuns: f(Gpt4<0, true>{}); return true;
    case PatternId::kLlama3Runs: f(Gpt4<0, false>{}); return true;
    case PatternId::kO200kRuns: f(Gpt4o<0, true>{}); return true;
    case PatternId::kTekkenRuns: f(Gpt4o<0, false>{}); return true;
    case PatternId::kWhitespace: f(Whitespace{}); return true;
    default: return false;
  }
}

}  // namespace tokenworks::scanner
