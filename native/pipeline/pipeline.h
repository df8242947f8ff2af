// From raw text to pretokens: added tokens, normalizer steps, pretokenizer steps.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/aligned_text.h"

namespace tokenworks {

enum class SpecialPolicy { kError, kAllow, kText };

// A special token in a text whose policy does not allow any.
class SpecialTokenError : public std::runtime_error {
 public:
  SpecialTokenError(std::string content, size_t position)
      : std::runtime_error("special token " + content + " at byte " + std::to_string(position)),
        content_(std::move(content)),
        position_(position) {}
  const std::string& content() const { return content_; }
  size_t position() const { return position_; }  // byte in the original text

 private:
  std::string content_;
  size_t position_;
};

// A part of a segment's text: a pretoken, or an added token found in the text.
struct Piece {
  uint32_t begin;
  uint32_t end;
  int64_t added_id = -1;
};

// Takes the result segment by segment, in order.
class SegmentSink {
 public:
  virtual ~SegmentSink() = default;
  // `text.origin` is empty without tracking. The span of bytes [a, b) with a < b in the original
  // is {origin[a].begin, origin[b - 1].end}.
  virtual void segment(const AlignedText& text, const std::vector<Piece>& pieces) = 0;
};

// One pretoken, or one added token found in the text (then `added_id` >= 0).
struct Pretoken {
  AlignedText text;
  int64_t added_id = -1;
};

class Pipeline {
 public:
  virtual ~Pipeline() = default;

  // Splits `text` (valid UTF-8 of less than 4 GiB) into pretokens. With `track`, every piece knows
  // where it came from. Throws SpecialTokenError for a special token in the text under
  // SpecialPolicy::kError. Safe to call from several threads.
  virtual void stream(std::string_view text, SpecialPolicy policy, bool track,
                      SegmentSink& sink) const = 0;

  // For text that the normalizer steps leave as it is: `parts` becomes its added tokens and the
  // stretches between them, as spans of `text`, with nothing copied. False if they might change it,
  // or if only stream() can tell what an added token takes with it.
  virtual bool split_unchanged(std::string_view text, SpecialPolicy policy,
                               std::vector<Piece>& parts) const = 0;

  // The same for any text, without the pretokenizer steps: the pieces are the added tokens and what lies between
  // them, normalized.
  virtual void stream_unsplit(std::string_view text, SpecialPolicy policy, SegmentSink& sink) const = 0;

  // The same as stream(), with every pretoken a string of its own.
  void run(std::string_view text, SpecialPolicy policy, bool track,
           std::vector<Pretoken>& out) const;
};

}  // namespace tokenworks
