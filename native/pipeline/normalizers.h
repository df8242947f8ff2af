// The normalizer steps of tokenizer.json, as `tokenizers` carries them out.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/aligned_text.h"
#include "pipeline/matcher.h"
#include "unicode/normalization.h"

namespace tokenworks {

class Normalizer {
 public:
  virtual ~Normalizer() = default;

  // Rewrites `text`, which begins at byte `base` of the original. With `track` its origins are
  // kept up to date. `scratch` is working memory.
  virtual void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const = 0;

  // Whether `text` and every part of it surely stay as they are.
  virtual bool leaves(std::string_view /*text*/) const { return false; }
};

using NormalizerPtr = std::unique_ptr<Normalizer>;

struct BertOptions {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};

struct SpaceOptions {
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
  bool treat_whitespace_as_suffix = false;
};

NormalizerPtr make_unicode_form(unicode::Form form);
NormalizerPtr make_lowercase();
NormalizerPtr make_strip_accents();
NormalizerPtr make_strip(bool left, bool right);
NormalizerPtr make_replace(MatcherPtr pattern, std::string content);
NormalizerPtr make_prepend(std::string text);
NormalizerPtr make_nmt();
NormalizerPtr make_bert(BertOptions options);
NormalizerPtr make_byte_characters();  // the ByteLevel normalizer

// `charsmap` is the binary map of a SentencePiece model; malformed ones throw std::invalid_argument.
NormalizerPtr make_precompiled(std::string_view charsmap);

// SentencePiece's whole normalization: character map (may be empty), protected strings, white space.
NormalizerPtr make_sentencepiece(std::string_view charsmap, std::vector<std::string> protected_pieces,
                                 SpaceOptions spaces);

// The same without the white space rules.
NormalizerPtr make_sentencepiece_map(std::string_view charsmap,
                                     std::vector<std::string> protected_pieces);

}  // namespace tokenworks
