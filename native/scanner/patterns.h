// The published pretoken patterns, compiled by hand. Each `next` returns the end of the pretoken
// that begins at `s[i]` (i < n); together they cover the text.
#pragma once

#include "scanner/rules.h"

namespace tokenworks::scanner {

// '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
struct Gpt2 {
  static size_t next(const uint8_t* s, size_t n, size_t i) {
    if (s[i] == '\'') {
      if (const size_t end = contraction_end<false>(s, n, i)) return end;
    }
    Classed c = classify(s, n, i);
    size_t j = i;
    if (s[i] == ' ' && i + 1 < n) {
      const Classed after = classify(s, n, i + 1);
      if (!(after.cls & kWhite)) {
        c = after;
        ++j;
      }
    }
    j += c.length;
    if (c.cls & kLetters) return run_end<kLetters>(s, n, j);
    if (c.cls == kDigit) return run_end<kDigit>(s, n, j);
    if (c.cls & kNonWord) return run_end<kNonWord>(s, n, j);
    return leave_last_space(white_run(s, n, i), n, i);
  }
};

// The GPT-4 family:
// '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,Digits}| ?[^\s\p{L}\p{N}]+[\r\n]*
// |\s*[\r\n]+|\s+(?!\S)|\s+
// Word is \p{L}, or [\p{L}\p{M}] where marks stay with their letters.
template <unsigned Digits, bool WholeTail, uint8_t Word = kLetters>
struct Gpt4 {
  static constexpr uint8_t kPunctuation = static_cast<uint8_t>(kNonWord & ~Word);

  static size_t next(const uint8_t* s, size_t n, size_t i) {
    if (s[i] == '\'') {
      if (const size_t end = contraction_end<true>(s, n, i)) return end;
    }
    const Classed c = classify(s, n, i);
    const size_t j = i + c.length;
    if (c.cls & kLetters) return run_end<Word>(s, n, j);
    if (c.cls & (kSpace | kNonWord)) {
      if (j < n) {
        const Classed after = classify(s, n, j);
        if (after.cls & Word) return run_end<Word>(s, n, j + after.length);
        if (s[i] == ' ' && (after.cls & kPunctuation)) {
          return line_ends_end<false>(s, n, run_end<kPunctuation>(s, n, j + after.length));
        }
      }
      if (c.cls & Word) return j;  // a mark with no letter after it
      if (c.cls & kPunctuation) {
        return line_ends_end<false>(s, n, run_end<kPunctuation>(s, n, j));
      }
    }
    if (c.cls == kDigit) return digits_end<Digits>(s, n, i);
    return white_end<WholeTail>(s, n, i);
  }
};

// The GPT-4o family, U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], W = [\p{Ll}\p{Lm}\p{Lo}\p{M}]:
// [^\r\n\p{L}\p{N}]?U*W+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?U+W*(?i:...)?
// |\p{N}{1,Digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
template <unsigned Digits, bool Contractions>
struct Gpt4o {
  static constexpr uint8_t kU = kUpper | kUncased | kMarks;
  static constexpr uint8_t kW = kLower | kUncased | kMarks;

  static size_t next(const uint8_t* s, size_t n, size_t i) {
    const Classed c = classify(s, n, i);
    const size_t j = i + c.length;
    if (c.cls & (kLetters | kMarks | kSpace | kOther)) {
      const bool prefix = !(c.cls & kLetters);
      if (c.cls == kMarks) {  // in U, in W and a possible prefix: U*W+ is tried both ways first
        size_t end = word_end<false>(s, n, j);
        if (!end) end = word_end<false>(s, n, i);
        return suffix_end(s, n, end);
      }
      if (const size_t end = word_end<true>(s, n, prefix ? j : i)) return suffix_end(s, n, end);
    }
    if (c.cls == kDigit) return digits_end<Digits>(s, n, i);
    if (c.cls == kOther) return line_ends_end<true>(s, n, run_end<kNonWord>(s, n, j));
    if (s[i] == ' ' && (class_at(s, n, j) & kNonWord)) {
      return line_ends_end<true>(s, n, run_end<kNonWord>(s, n, j));
    }
    return white_end<false>(s, n, i);
  }

 private:
  // End of U*W+ from `i`, else of U+W* if AllowUpper, else 0.
  template <bool AllowUpper>
  static size_t word_end(const uint8_t* s, size_t n, size_t i) {
    size_t j = i;
    if (AllowUpper && i + 32 <= n && s[i] < 0x80) {  // ASCII words of up to 16 letters a case
      const unsigned upper = leading_range16(s + i, 'A');
      const unsigned lower = leading_range16(s + i + upper, 'a');
      const size_t end = i + upper + lower;
      if (upper < 16 && lower < 16 && s[end] < 0x80) return end == i ? 0 : end;
    }
    size_t both_end = 0;  // end of the last character in U that is in W too
    uint8_t cls = 0;
    while (j < n) {
      const Classed c = classify(s, n, j);
      cls = c.cls;
      if (!(cls & kU)) break;
      j += c.length;
      if (cls & kW) both_end = j;
      cls = 0;
    }
    if (cls & kW) return run_end<kW>(s, n, j);
    if (both_end) return both_end;
    return AllowUpper && j != i ? j : 0;
  }

  static size_t suffix_end(const uint8_t* s, size_t n, size_t i) {
    if (Contractions && i < n && s[i] == '\'') {
      if (const size_t end = contraction_end<true>(s, n, i)) return end;
    }
    return i;
  }
};

//  ?\S+|\s+(?!\S)|\s+
struct Whitespace {
  static size_t next(const uint8_t* s, size_t n, size_t i) {
    constexpr uint8_t kNonWhite = static_cast<uint8_t>(~kWhite);
    const size_t begin = s[i] == ' ' ? i + 1 : i;
    const size_t end = run_end<kNonWhite>(s, n, begin);
    if (end > begin) return end;
    return leave_last_space(white_run(s, n, i), n, i);
  }
};

}  // namespace tokenworks::scanner
