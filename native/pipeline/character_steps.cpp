// Normalizers that look at one character at a time.

#include "pipeline/normalizers.h"
#include "pipeline/rewriter.h"
#include "unicode/normalization_tables.h"

namespace tokenworks {
namespace {

using unicode::has;

// Rewrites with `step(rewriter, character)` for each character that `touches` picks; the text is
// left alone when it picks none.
template <class Touches, class Step>
void rewrite(AlignedText& text, uint32_t base, bool track, AlignedText& scratch, Touches touches,
             Step step) {
  const auto* s = reinterpret_cast<const uint8_t*>(text.text.data());
  const size_t n = text.text.size();
  size_t i = 0;
  while (i < n) {
    const Character c = decode(s, n, i);
    if (touches(c.code)) break;
    i += c.length;
  }
  if (i == n) return;
  Rewriter out(text, base, track, scratch);
  while (i < n) {
    const Character c = decode(s, n, i);
    if (touches(c.code)) {
      out.keep_until(i);
      step(out, c);
    }
    i += c.length;
  }
  out.keep_until(n);
  out.finish();
}

void write_lower(Rewriter& out, Character c) {
  const auto lower = unicode::lower_case(c.code);
  out.replace(lower[0], c.length);
  for (size_t k = 1; k < lower.size(); ++k) out.insert(lower[k]);
}

class Lowercase final : public Normalizer {
 public:
  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    rewrite(text, base, track, scratch,
            [](char32_t c) { return has(c, unicode::kLowers); }, write_lower);
  }
};

class StripAccents final : public Normalizer {
 public:
  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    rewrite(text, base, track, scratch,
            [](char32_t c) { return has(c, unicode::kCombiningMark); },
            [](Rewriter& out, Character c) { out.skip(c.length); });
  }
};

bool nmt_removes(char32_t c) {
  return (c >= 1 && c <= 8) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F ||
         c == 0x9F;
}

bool nmt_spaces(char32_t c) {
  return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
         (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF ||
         c == 0xFFFD;
}

class Nmt final : public Normalizer {
 public:
  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    rewrite(text, base, track, scratch,
            [](char32_t c) { return nmt_removes(c) || nmt_spaces(c); },
            [](Rewriter& out, Character c) {
              if (nmt_removes(c.code)) {
                out.skip(c.length);
              } else {
                out.replace(' ', c.length);
              }
            });
  }
};

bool is_chinese(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

class Bert final : public Normalizer {
 public:
  explicit Bert(BertOptions options)
      : options_(options), decompose_(make_unicode_form(unicode::Form::kNfd)) {}

  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    if (options_.clean_text) clean(text, base, track, scratch);
    if (options_.handle_chinese_chars) {
      rewrite(text, base, track, scratch, is_chinese, [](Rewriter& out, Character c) {
        out.insert_before(" ");
        out.keep(c.length);
        out.insert(" ");
      });
    }
    if (options_.strip_accents) {
      decompose_->apply(text, base, track, scratch);
      rewrite(text, base, track, scratch,
              [](char32_t c) { return has(c, unicode::kNonspacingMark); },
              [](Rewriter& out, Character c) { out.skip(c.length); });
    }
    if (options_.lowercase) {
      rewrite(text, base, track, scratch,
              [](char32_t c) { return has(c, unicode::kLowers); }, write_lower);
    }
  }

 private:
  static void clean(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) {
    const auto removes = [](char32_t c) {
      return c == 0 || c == 0xFFFD || has(c, unicode::kBertControl);
    };
    rewrite(text, base, track, scratch,
            [&](char32_t c) {
              return c != ' ' && (removes(c) || has(c, unicode::kRustSpace));
            },
            [&](Rewriter& out, Character c) {
              if (removes(c.code)) {
                out.skip(c.length);
              } else {
                out.replace(' ', c.length);
              }
            });
  }

  BertOptions options_;
  NormalizerPtr decompose_;
};

class UnicodeForm final : public Normalizer {
 public:
  explicit UnicodeForm(unicode::Form form) : form_(form) {}

  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    const size_t n = text.text.size();
    unicode::Region region = unicode::next_region(text.text, 0, form_);
    if (region.begin == n) return;
    Rewriter out(text, base, track, scratch);
    std::vector<unicode::Change> changes;
    while (region.begin < n) {
      out.keep_until(region.begin);
      changes.clear();
      unicode::normalize_region(
          out.source().substr(region.begin, region.end - region.begin), form_, changes);
      for (const unicode::Change& c : changes) out.apply(c);
      out.skip(region.end - out.position());
      region = unicode::next_region(out.source(), region.end, form_);
    }
    out.keep_until(n);
    out.finish();
  }

  bool leaves(std::string_view text) const override {
    return unicode::next_region(text, 0, form_).begin == text.size();
  }

 private:
  unicode::Form form_;
};

}  // namespace

NormalizerPtr make_unicode_form(unicode::Form form) { return std::make_unique<UnicodeForm>(form); }
NormalizerPtr make_lowercase() { return std::make_unique<Lowercase>(); }
NormalizerPtr make_strip_accents() { return std::make_unique<StripAccents>(); }
NormalizerPtr make_nmt() { return std::make_unique<Nmt>(); }
NormalizerPtr make_bert(BertOptions options) { return std::make_unique<Bert>(options); }

}  // namespace tokenworks
