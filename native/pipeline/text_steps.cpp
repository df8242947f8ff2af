// Normalizers that look at the text as a whole: ends, matches of a pattern, bytes.
#include "pipeline/byte_characters.h"
#include "pipeline/normalizers.h"
#include "pipeline/rewriter.h"
#include "unicode/normalization_tables.h"

namespace tokenworks {
namespace {

bool is_space(char32_t c) { return unicode::has(c, unicode::kRustSpace); }

class Strip final : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    const auto* s = reinterpret_cast<const uint8_t*>(text.text.data());
    const size_t n = text.text.size();
    size_t begin = 0;
    while (left_ && begin < n) {
      const Character c = decode(s, n, begin);
      if (!is_space(c.code)) break;
      begin += c.length;
    }
    size_t end = n;
    while (right_ && end > begin) {
      size_t last = end - 1;
      while (last > begin && (s[last] & 0xC0) == 0x80) --last;
      if (!is_space(decode(s, end, last).code)) break;
      end = last;
    }
    if (begin == 0 && end == n) return;
    Rewriter out(text, base, track, scratch);
    out.skip(begin);
    out.keep_until(end);
    out.finish();
  }

 private:
  bool left_;
  bool right_;
};

class Replace final : public Normalizer {
 public:
  Replace(MatcherPtr pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    if (text.text.empty()) return;
    std::vector<Span> matches;
    pattern_->find(text.text, matches);
    if (matches.empty()) return;
    Rewriter out(text, base, track, scratch);
    for (const Span m : matches) {
      out.keep_until(m.begin);
      out.skip(m.end - m.begin);
      out.insert(content_);
    }
    out.keep_until(out.size());
    out.finish();
  }

 private:
  MatcherPtr pattern_;
  std::string content_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}

  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    if (text.text.empty() || prefix_.empty()) return;
    Rewriter out(text, base, track, scratch);
    out.insert_before(prefix_);
    out.keep_until(out.size());
    out.finish();
  }

 private:
  std::string prefix_;
};

class ByteCharacters final : public Normalizer {
 public:
  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    Rewriter out(text, base, track, scratch);
    while (!out.done()) out.replace(kByteCharacters[out.bytes()[out.position()]], 1);
    out.finish();
  }
};

}  // namespace

NormalizerPtr make_strip(bool left, bool right) { return std::make_unique<Strip>(left, right); }
NormalizerPtr make_replace(MatcherPtr pattern, std::string content) {
  return std::make_unique<Replace>(std::move(pattern), std::move(content));
}
NormalizerPtr make_prepend(std::string text) { return std::make_unique<Prepend>(std::move(text)); }
NormalizerPtr make_byte_characters() { return std::make_unique<ByteCharacters>(); }

}  // namespace tokenworks
