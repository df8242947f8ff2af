// The pretokenizer steps of tokenizer.json, as `tokenizers` carries them out.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/aligned_text.h"
#include "pipeline/matcher.h"
#include "pipeline/pipeline.h"

namespace tokenworks {

// A stretch of the text cut into pieces.
struct Cuts {
  AlignedText text;
  std::vector<Piece> pieces;
  // Bytes at the front that come from the first character of the original; without tracking only.
  size_t front = 0;
  AlignedText scratch_text;
  std::vector<Piece> scratch_pieces;
};

class Pretokenizer {
 public:
  virtual ~Pretokenizer() = default;
  // Cuts every piece that is not an added token further.
  virtual void apply(Cuts& cuts, bool track) const = 0;
};

using PretokenizerPtr = std::unique_ptr<Pretokenizer>;

enum class Behavior : uint8_t {
  kRemoved,
  kIsolated,
  kMergedWithPrevious,
  kMergedWithNext,
  kContiguous,
};

enum class PrependScheme : uint8_t { kAlways, kFirst, kNever };

PretokenizerPtr make_split(MatcherPtr pattern, Behavior behavior, bool invert);
PretokenizerPtr make_whitespace();
PretokenizerPtr make_whitespace_split();
PretokenizerPtr make_bert_pretokenizer();
PretokenizerPtr make_punctuation(Behavior behavior);
PretokenizerPtr make_digits(bool individual);
PretokenizerPtr make_character_delimiter(char32_t delimiter);
PretokenizerPtr make_unicode_scripts();
PretokenizerPtr make_fixed_length(size_t length);
PretokenizerPtr make_metaspace(char32_t replacement, PrependScheme scheme, bool split);
// `map` is false where the model's pieces are real bytes and no later step sees the characters.
PretokenizerPtr make_byte_level(bool add_prefix_space, bool use_regex, bool map);

}  // namespace tokenworks
