// Pretokenizers that only cut, by character class or by pattern.
#include "pipeline/pretokenizers.h"

#include "pipeline/splitting.h"
#include "unicode/normalization.h"
#include "unicode/normalization_tables.h"
#include "unicode/utf8.h"

namespace tokenworks {
namespace {

using unicode::has;

// Calls `f(code, begin, end)` for each character.
template <class F>
void each_character(std::string_view text, F&& f) {
  const auto* s = reinterpret_cast<const uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    const Character c = decode(s, text.size(), i);
    f(c.code, static_cast<uint32_t>(i), static_cast<uint32_t>(i + c.length));
    i += c.length;
  }
}

// Each character for which `is_delimiter` is a match of its own.
template <class Predicate>
class CharacterSplit final : public Pretokenizer {
 public:
  CharacterSplit(Predicate is_delimiter, Behavior behavior)
      : is_delimiter_(is_delimiter), behavior_(behavior) {}

  void apply(Cuts& cuts, bool) const override {
    cut_pieces(cuts, behavior_, [&](std::string_view text, std::vector<Part>& parts) {
      uint32_t open = 0;
      each_character(text, [&](char32_t c, uint32_t begin, uint32_t end) {
        if (!is_delimiter_(c)) return;
        if (open < begin) parts.push_back({open, begin, false});
        parts.push_back({begin, end, true});
        open = end;
      });
      if (open < text.size()) parts.push_back({open, static_cast<uint32_t>(text.size()), false});
    });
  }

 private:
  Predicate is_delimiter_;
  Behavior behavior_;
};

template <class Predicate>
PretokenizerPtr make_character_split(Predicate is_delimiter, Behavior behavior) {
  return std::make_unique<CharacterSplit<Predicate>>(is_delimiter, behavior);
}

bool is_space(char32_t c) { return has(c, unicode::kRustSpace); }
bool is_punctuation(char32_t c) { return has(c, unicode::kBertPunctuation); }

class PatternSplit final : public Pretokenizer {
 public:
  PatternSplit(MatcherPtr pattern, Behavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  void apply(Cuts& cuts, bool) const override {
    std::vector<Span> matches;
    cut_pieces(cuts, behavior_, [&](std::string_view text, std::vector<Part>& parts) {
      matches.clear();
      pattern_->find(text, matches);
      parts_of_matches(matches, text.size(), invert_, parts);
    });
  }

 private:
  MatcherPtr pattern_;
  Behavior behavior_;
  bool invert_;
};

// \w+|[^\w\s]+
class Whitespace final : public Pretokenizer {
 public:
  void apply(Cuts& cuts, bool) const override {
    cut_pieces(cuts, Behavior::kRemoved, [](std::string_view text, std::vector<Part>& parts) {
      enum Kind { kSpace, kWord, kOther };
      Kind last = kSpace;
      each_character(text, [&](char32_t c, uint32_t begin, uint32_t end) {
        const uint16_t flags = unicode::record(c).flags;
        const Kind kind = flags & unicode::kRegexWord   ? kWord
                          : flags & unicode::kRustSpace ? kSpace
                                                        : kOther;
        if (kind != kSpace) {
          if (kind == last) {
            parts.back().end = end;
          } else {
            parts.push_back({begin, end, false});
          }
        }
        last = kind;
      });
    });
  }
};

class Bert final : public Pretokenizer {
 public:
  void apply(Cuts& cuts, bool) const override {
    cut_pieces(cuts, Behavior::kRemoved, [](std::string_view text, std::vector<Part>& parts) {
      bool open = false;
      each_character(text, [&](char32_t c, uint32_t begin, uint32_t end) {
        const uint16_t flags = unicode::record(c).flags;
        if (flags & unicode::kRustSpace) {
          open = false;
        } else if (flags & unicode::kBertPunctuation) {
          parts.push_back({begin, end, false});
          open = false;
        } else if (open) {
          parts.back().end = end;
        } else {
          parts.push_back({begin, end, false});
          open = true;
        }
      });
    });
  }
};

// Cuts before a character whose script differs from the last one's. Characters of no script before
// the first cut belong to no piece, as in the reference.
class UnicodeScripts final : public Pretokenizer {
 public:
  void apply(Cuts& cuts, bool) const override {
    cut_pieces(cuts, Behavior::kRemoved, [](std::string_view text, std::vector<Part>& parts) {
      uint16_t last = 0;
      each_character(text, [&](char32_t c, uint32_t begin, uint32_t end) {
        const uint16_t script = unicode::script(c);
        if (script != 0 && script != last) {
          parts.push_back({begin, end, false});
          last = script;
        } else if (!parts.empty()) {
          parts.back().end = end;
        }
      });
    });
  }
};

class FixedLength final : public Pretokenizer {
 public:
  explicit FixedLength(size_t length) : length_(length) {}

  void apply(Cuts& cuts, bool) const override {
    cut_pieces(cuts, Behavior::kRemoved, [&](std::string_view text, std::vector<Part>& parts) {
      size_t count = 0;
      each_character(text, [&](char32_t, uint32_t begin, uint32_t end) {
        if (count++ % length_ == 0) parts.push_back({begin, begin, false});
        parts.back().end = end;
      });
    });
  }

 private:
  size_t length_;
};

}  // namespace

PretokenizerPtr make_split(MatcherPtr pattern, Behavior behavior, bool invert) {
  return std::make_unique<PatternSplit>(std::move(pattern), behavior, invert);
}
PretokenizerPtr make_whitespace() { return std::make_unique<Whitespace>(); }
PretokenizerPtr make_whitespace_split() {
  return make_character_split(is_space, Behavior::kRemoved);
}
PretokenizerPtr make_bert_pretokenizer() { return std::make_unique<Bert>(); }
PretokenizerPtr make_punctuation(Behavior behavior) {
  return make_character_split(is_punctuation, behavior);
}
PretokenizerPtr make_digits(bool individual) {
  return make_character_split([](char32_t c) { return has(c, unicode::kRustNumeric); },
                              individual ? Behavior::kIsolated : Behavior::kContiguous);
}
PretokenizerPtr make_character_delimiter(char32_t delimiter) {
  return make_character_split([delimiter](char32_t c) { return c == delimiter; },
                              Behavior::kRemoved);
}
PretokenizerPtr make_unicode_scripts() { return std::make_unique<UnicodeScripts>(); }
PretokenizerPtr make_fixed_length(size_t length) { return std::make_unique<FixedLength>(length); }

}  // namespace tokenworks
