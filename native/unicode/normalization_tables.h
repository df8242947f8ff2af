// Tables behind normalization and the library-specific character classes; see the generator.
#pragma once

#include <cstdint>

namespace tokenworks::unicode {

enum Flag : uint16_t {
  kDecomposes = 1 << 0,        // NFD changes it
  kDecomposesCompat = 1 << 1,  // NFKD changes it
  kChangesNfc = 1 << 2,        // NFC changes it, alone or after another character
  kChangesNfkc = 1 << 3,
  kLowers = 1 << 4,
  kRustSpace = 1 << 5,         // char::is_whitespace, and \s of the regex crate
  kRustNumeric = 1 << 6,       // char::is_numeric
  kBertPunctuation = 1 << 7,   // unicode_categories' P, or ASCII punctuation
  kBertControl = 1 << 8,       // unicode_categories' C except tab, LF and CR
  kNonspacingMark = 1 << 9,    // unicode_categories' Mn
  kCombiningMark = 1 << 10,    // M of the normalization crate
  kRegexWord = 1 << 11,        // \w of the regex crate
};

// Grapheme_Cluster_Break in the low four bits of CharacterRecord::grapheme, flags above.
enum Grapheme : uint8_t {
  kGraphemeOther, kCr, kLf, kControl, kExtend, kZwj, kRegionalIndicator, kPrepend, kSpacingMark,
  kHangulL, kHangulV, kHangulT, kHangulLv, kHangulLvt,
  kConjunctConsonant = 16,
  kConjunctLinker = 32,
  kPictographic = 64,
};

struct CharacterRecord {
  uint16_t flags;
  uint8_t combining_class;
  uint8_t grapheme;
};

struct MappingEntry {
  uint32_t code;
  uint32_t begin;  // into the text table; the next entry's begin is the end
};

struct CompositionEntry {
  uint64_t pair;  // first << 32 | second
  uint32_t composed;
};

struct ScriptRun {
  uint32_t first;
  uint16_t script;  // 0: a character that goes with any script
};

extern const CharacterRecord kRecords[];
extern const uint16_t kRecordIndex[];
extern const uint8_t kRecordBlocks[][128];

extern const MappingEntry kCanonical[];
extern const uint32_t kCanonicalSize;
extern const char32_t kCanonicalText[];
extern const MappingEntry kCompatible[];
extern const uint32_t kCompatibleSize;
extern const char32_t kCompatibleText[];
extern const MappingEntry kLower[];
extern const uint32_t kLowerSize;
extern const char32_t kLowerText[];
extern const CompositionEntry kCompositions[];
extern const uint32_t kCompositionsSize;
extern const ScriptRun kScripts[];
extern const uint32_t kScriptsSize;

// The record of a code point; those past U+10FFFF have no properties.
inline const CharacterRecord& record(char32_t c) {
  static constexpr CharacterRecord kNone{0, 0, 0};
  return c < 0x110000 ? kRecords[kRecordBlocks[kRecordIndex[c >> 7]][c & 127]] : kNone;
}
inline bool has(char32_t c, uint16_t flags) { return record(c).flags & flags; }

}  // namespace tokenworks::unicode
