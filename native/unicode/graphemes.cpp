#include "unicode/graphemes.h"

#include "unicode/normalization_tables.h"
#include "unicode/utf8.h"

namespace tokenworks::unicode {
namespace {

// What the rules need to know of the characters before a boundary.
struct Before {
  uint8_t cls;
  bool conjunct = false;     // a consonant, then extenders only (GB9c)
  bool linked = false;       // ... with a linker among them
  bool pictograph = false;   // a pictograph, then Extend* (GB11)
  bool pictograph_zwj = false;
  bool odd_indicators = false;

  explicit Before(uint8_t grapheme) : cls(grapheme & 15) {
    conjunct = grapheme & kConjunctConsonant;
    pictograph = grapheme & kPictographic;
    odd_indicators = cls == kRegionalIndicator;
  }

  void advance(uint8_t grapheme) {
    const uint8_t next = grapheme & 15;
    const bool extender = next == kExtend || next == kZwj;
    linked = conjunct && extender && (linked || (grapheme & kConjunctLinker));
    if (!extender) conjunct = grapheme & kConjunctConsonant;
    pictograph_zwj = pictograph && next == kZwj;
    pictograph = (pictograph && next == kExtend) || (grapheme & kPictographic);
    odd_indicators = next == kRegionalIndicator && !odd_indicators;
    cls = next;
  }
};

bool joins(const Before& before, uint8_t grapheme) {
  const uint8_t a = before.cls, b = grapheme & 15;
  if (a == kCr) return b == kLf;
  if (a == kControl || a == kLf || b == kControl || b == kCr || b == kLf) return false;
  if (a == kHangulL && (b == kHangulL || b == kHangulV || b == kHangulLv || b == kHangulLvt)) {
    return true;
  }
  if ((a == kHangulLv || a == kHangulV) && (b == kHangulV || b == kHangulT)) return true;
  if ((a == kHangulLvt || a == kHangulT) && b == kHangulT) return true;
  if (b == kExtend || b == kZwj || b == kSpacingMark || a == kPrepend) return true;
  if (before.linked && (grapheme & kConjunctConsonant)) return true;
  if (before.pictograph_zwj && (grapheme & kPictographic)) return true;
  return before.odd_indicators && b == kRegionalIndicator;
}

}  // namespace

size_t grapheme_end(std::string_view text, size_t from) {
  const auto* s = reinterpret_cast<const uint8_t*>(text.data());
  const size_t n = text.size();
  if (s[from] < 0x80 && s[from] != '\r' && from + 1 < n && s[from + 1] < 0x80) return from + 1;
  Character c = decode(s, n, from);
  Before before(record(c.code).grapheme);
  size_t i = from + c.length;
  while (i < n) {
    c = decode(s, n, i);
    const uint8_t grapheme = record(c.code).grapheme;
    if (!joins(before, grapheme)) break;
    before.advance(grapheme);
    i += c.length;
  }
  return i;
}

}  // namespace tokenworks::unicode
