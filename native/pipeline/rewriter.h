// Writes the next version of an aligned text while reading the current one from left to right.
#pragma once

#include <string_view>
#include <utility>

#include "pipeline/aligned_text.h"
#include "unicode/normalization.h"
#include "unicode/utf8.h"

namespace tokenworks {

class Rewriter {
 public:
  // `base` is where the text begins in the original, for characters inserted before its first.
  // `scratch` lends its memory; `finish` leaves the old text there.
  Rewriter(AlignedText& text, uint32_t base, bool track, AlignedText& scratch)
      : text_(text), out_(scratch), base_(base), track_(track) {
    out_.text.clear();
    out_.origin.clear();
    out_.text.reserve(text.text.size() + 16);
    if (track) out_.origin.reserve(text.text.size() + 16);
  }

  std::string_view source() const { return text_.text; }
  const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(text_.text.data()); }
  size_t size() const { return text_.text.size(); }
  size_t position() const { return at_; }
  bool done() const { return at_ >= text_.text.size(); }
  Character peek() const { return decode(bytes(), size(), at_); }

  // Copies everything up to `end`.
  void keep_until(size_t end) {
    out_.text.append(text_.text, at_, end - at_);
    if (track_) {
      const auto from = text_.origin.begin();
      out_.origin.insert(out_.origin.end(), from + static_cast<std::ptrdiff_t>(at_),
                         from + static_cast<std::ptrdiff_t>(end));
    }
    at_ = end;
  }
  void keep(size_t bytes) { keep_until(at_ + bytes); }
  void skip(size_t bytes) { at_ += bytes; }

  // Writes `c` in place of the next character.
  void replace(char32_t c, size_t bytes) {
    write(c, here());
    at_ += bytes;
  }
  // Writes text that belongs to the byte before the current position.
  void insert(std::string_view text) { write(text, before()); }
  void insert(char32_t c) { write(c, before()); }
  // Writes text that belongs to the next character, without passing it.
  void insert_before(std::string_view text) { write(text, here()); }
  void insert_before(char32_t c) { write(c, here()); }

  // One step of a normal form: see unicode::Change.
  void apply(unicode::Change c) {
    if (!track_) return unicode::append_utf8(out_.text, c.code);
    if (c.change > 0) return insert(c.code);
    write(c.code, here());
    for (int32_t k = c.change; k <= 0 && at_ < size(); ++k) at_ += peek().length;
  }

  // Makes the written text the current one.
  void finish() {
    check_length(out_.text.size());
    std::swap(text_, out_);
  }

 private:
  Span here() const {
    if (!track_) return {};
    if (at_ < size()) return text_.origin[at_];
    return before();
  }
  Span before() const {
    if (!track_) return {};
    return at_ == 0 ? Span{base_, base_} : text_.origin[at_ - 1];
  }
  void write(char32_t c, Span origin) {
    const size_t length = out_.text.size();
    unicode::append_utf8(out_.text, c);
    if (track_) out_.origin.insert(out_.origin.end(), out_.text.size() - length, origin);
  }
  void write(std::string_view text, Span origin) {
    out_.text.append(text);
    if (track_) out_.origin.insert(out_.origin.end(), text.size(), origin);
  }

  AlignedText& text_;
  AlignedText& out_;
  size_t at_ = 0;
  uint32_t base_;
  bool track_;
};

}  // namespace tokenworks
