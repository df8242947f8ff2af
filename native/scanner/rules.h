// The alternatives that the published pretoken patterns share.
#pragma once

#include "scanner/runs.h"

namespace tokenworks::scanner {

// End of 's 't 'm 'd 'll 've 're at the apostrophe `s[i]`, or 0. Without case the regex engines
// also fold U+017F (long s) to s.
template <bool IgnoreCase>
size_t contraction_end(const uint8_t* s, size_t n, size_t i) {
  if (i + 1 >= n) return 0;
  const auto fold = [](uint8_t c) -> uint8_t {
    return IgnoreCase && c >= 'A' && c <= 'Z' ? static_cast<uint8_t>(c + 32) : c;
  };
  const uint8_t a = fold(s[i + 1]);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return i + 2;
  if (IgnoreCase && a == 0xC5 && i + 2 < n && s[i + 2] == 0xBF) return i + 3;
  if (i + 2 >= n) return 0;
  const uint8_t b = fold(s[i + 2]);
  if ((a == 'l' && b == 'l') || (a == 'v' && b == 'e') || (a == 'r' && b == 'e')) return i + 3;
  return 0;
}

// \p{N}{1,Most}; Most = 0 is unbounded. Needs a digit at `i`.
template <unsigned Most>
size_t digits_end(const uint8_t* s, size_t n, size_t i) {
  for (unsigned k = 0; i < n && (Most == 0 || k < Most); ++k) {
    const Classed c = classify(s, n, i);
    if (c.cls != kDigit) break;
    i += c.length;
  }
  return i;
}

// [\r\n]* or [\r\n/]*
template <bool Slash>
size_t line_ends_end(const uint8_t* s, size_t n, size_t i) {
  while (i < n && (s[i] == '\r' || s[i] == '\n' || (Slash && s[i] == '/'))) ++i;
  return i;
}

struct WhiteRun {
  size_t end;          // end of the run
  size_t last_begin;   // begin of its last character
  size_t newline_end;  // end of its last CR or LF, 0 without one
};

inline WhiteRun white_run(const uint8_t* s, size_t n, size_t i) {
  WhiteRun run{i, i, 0};
  while (run.end < n) {
    const Classed c = classify(s, n, run.end);
    if (!(c.cls & kWhite)) break;
    run.last_begin = run.end;
    run.end += c.length;
    if (c.cls == kNewline) run.newline_end = run.end;
  }
  return run;
}

// \s+(?!\S)|\s+ : the run, less its last character when a word follows.
inline size_t leave_last_space(const WhiteRun& run, size_t n, size_t i) {
  return run.end == n || run.last_begin == i ? run.end : run.last_begin;
}

// \s*[\r\n]+|\s+(?!\S)|\s+ ; with WholeTail, \s++$ comes before them (as tiktoken writes cl100k).
template <bool WholeTail>
size_t white_end(const uint8_t* s, size_t n, size_t i) {
  if (s[i] == ' ' && i + 1 < n && kAsciiClass[s[i + 1] & 127] & ~kWhite && s[i + 1] < 0x80) {
    return i + 1;
  }
  const WhiteRun run = white_run(s, n, i);
  if (WholeTail && run.end == n) return n;
  if (run.newline_end) return run.newline_end;
  return leave_last_space(run, n, i);
}

}  // namespace tokenworks::scanner
