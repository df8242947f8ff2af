// Patterns that leave gaps, compiled by hand. Each `next` returns the end of the match that begins
// at `s[i]`, or `i` when none does.
#pragma once

#include "scanner/rules.h"

namespace tokenworks::scanner {

// \p{N}{1,Most}; Most = 0 is \p{N}+
template <unsigned Most>
struct DigitGroups {
  static size_t next(const uint8_t* s, size_t n, size_t i) { return digits_end<Most>(s, n, i); }
};

// \p{N}{1,3}(?=(?:\p{N}{3})*(?:\P{N}|$)) : 1234567 -> 1|234|567. Whole runs at a time, since each
// group depends on the length of its run: calls `found(begin, end)` for the groups of all of them.
template <class Found>
void digit_groups_from_right(const uint8_t* s, size_t n, Found&& found) {
  for (size_t i = 0; i < n;) {
    Classed c = classify(s, n, i);
    if (c.cls != kDigit) {
      i += c.length;
      continue;
    }
    size_t digits = 0;
    for (size_t j = i; j < n; ++digits) {
      c = classify(s, n, j);
      if (c.cls != kDigit) break;
      j += c.length;
    }
    for (size_t group = (digits - 1) % 3 + 1; digits; digits -= group, group = 3) {
      size_t end = i;
      for (size_t k = 0; k < group; ++k) end += classify(s, n, end).length;
      found(i, end);
      i = end;
    }
  }
}

// [一-龥぀-ゟ゠-ヿ]+
struct CjkRuns {
  static size_t next(const uint8_t* s, size_t n, size_t i) {
    while (i < n) {
      const Character c = decode(s, n, i);
      if (!((c.code >= 0x4E00 && c.code <= 0x9FA5) || (c.code >= 0x3040 && c.code <= 0x30FF))) break;
      i += c.length;
    }
    return i;
  }
};

// \p{N}{1,3}| ?[^\s\p{L}\p{N}]{2,}[\r\n/]*| +(?!\S)
struct Superbpe {
  static size_t next(const uint8_t* s, size_t n, size_t i) {
    if (class_at(s, n, i) == kDigit) return digits_end<3>(s, n, i);
    const size_t begin = s[i] == ' ' ? i + 1 : i;
    if (class_at(s, n, begin) & kNonWord) {
      const size_t second = begin + classify(s, n, begin).length;
      if (class_at(s, n, second) & kNonWord) {
        return line_ends_end<true>(s, n, run_end<kNonWord>(s, n, second));
      }
    }
    size_t end = i;
    while (end < n && s[end] == ' ') ++end;
    if (end == n || end == i || (class_at(s, n, end) & kWhite)) return end;
    return end - 1;
  }
};

// [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+
// | ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
struct DeepseekWords {
  static size_t next(const uint8_t* s, size_t n, size_t i) {
    if (is_ascii_punctuation(s[i])) {
      size_t j = i + 1;
      while (j < n && is_ascii_letter(s[j])) ++j;
      if (j > i + 1) return j;
    }
    const Seen c = see(s, n, i);
    const size_t j = i + c.length;
    if (c.word && !c.mark) return word_end(s, n, j);
    if (!c.sign && !(c.cls & kNewline)) {
      const size_t end = word_end(s, n, j);
      if (end > j || c.mark) return end;
    }
    if (c.sign) return line_ends_end<false>(s, n, signs_end(s, n, j));
    if (s[i] == ' ' && j < n && see(s, n, j).sign) {
      return line_ends_end<false>(s, n, signs_end(s, n, j));
    }
    return c.cls & kWhite ? white_end<false>(s, n, i) : i;
  }

 private:
  struct Seen {
    uint8_t cls;
    bool word, mark, sign;
    uint32_t length;
  };

  static Seen see(const uint8_t* s, size_t n, size_t i) {
    const Character c = decode(s, n, i);
    const uint8_t entry = category_and_space(c.code);
    const uint8_t cls = class_of(c.code, entry);
    const uint32_t b = 1u << (entry & 31);
    return {cls, (cls & (kLetters | kMarks)) != 0, cls == kMarks,
            (b & (kPunctuation | kSymbol)) != 0, c.length};
  }
  static size_t word_end(const uint8_t* s, size_t n, size_t i) {
    return run_end<kLetters | kMarks>(s, n, i);
  }
  static size_t signs_end(const uint8_t* s, size_t n, size_t i) {
    while (i < n) {
      const Seen c = see(s, n, i);
      if (!c.sign) break;
      i += c.length;
    }
    return i;
  }
  static bool is_ascii_letter(uint8_t c) { return static_cast<uint8_t>((c | 0x20) - 'a') < 26; }
  static bool is_ascii_punctuation(uint8_t c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  }
};

}  // namespace tokenworks::scanner
