// The character map of SentencePiece models, as `tokenizers` reads it and as sentencepiece does.
#include <algorithm>

#include "models/byte_trie.h"
#include "pipeline/character_map.h"
#include "pipeline/normalizers.h"
#include "pipeline/rewriter.h"
#include "unicode/graphemes.h"

namespace tokenworks {
namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581

int32_t count_characters(std::string_view text) {
  int32_t count = 0;
  for (const char c : text) count += (static_cast<uint8_t>(c) & 0xC0) != 0x80;
  return count;
}

class Precompiled final : public Normalizer {
 public:
  explicit Precompiled(std::string_view blob) : map_(blob) {}

  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    const std::string_view source = text.text;
    std::vector<unicode::Change> changes;
    bool modified = false;
    for (size_t i = 0; i < source.size();) {
      const size_t end = unicode::grapheme_end(source, i);
      // Short clusters are looked up whole, and the shortest key they begin with replaces all of
      // them; the parts of longer ones are looked up alone.
      if (end - i < 6) {
        const std::string_view cluster = source.substr(i, end - i);
        if (const auto rule = map_.shortest(cluster)) {
          replace(cluster, rule->replacement, changes);
          modified = true;
          i = end;
          continue;
        }
      }
      while (i < end) {
        const Character c = decode(reinterpret_cast<const uint8_t*>(source.data()), end, i);
        const std::string_view part = source.substr(i, c.length);
        if (const auto rule = map_.shortest(part)) {
          replace(part, rule->replacement, changes);
          modified = true;
        } else {
          changes.push_back({c.code, 0});
        }
        i += c.length;
      }
    }
    if (!modified) return;
    Rewriter out(text, base, track, scratch);
    for (const unicode::Change& c : changes) out.apply(c);
    out.finish();
  }

 private:
  // A replacement that is longer inserts its last characters; what a shorter one removes is
  // counted to the last character written, whichever that is.
  static void replace(std::string_view old_part, std::string_view new_part,
                      std::vector<unicode::Change>& changes) {
    const int32_t old_count = count_characters(old_part);
    const int32_t new_count = count_characters(new_part);
    const auto* s = reinterpret_cast<const uint8_t*>(new_part.data());
    int32_t written = 0;
    for (size_t i = 0; i < new_part.size(); ++written) {
      const Character c = decode(s, new_part.size(), i);
      changes.push_back({c.code, written >= old_count ? 1 : 0});
      i += c.length;
    }
    if (new_count < old_count && !changes.empty()) changes.back().change += new_count - old_count;
  }

  CharacterMap map_;
};

class SentencePiece final : public Normalizer {
 public:
  SentencePiece(std::string_view blob, std::vector<std::string> protected_pieces)
      : map_(blob), protected_(trie_of(protected_pieces)) {}
  SentencePiece(std::string_view blob, std::vector<std::string> protected_pieces,
                SpaceOptions spaces)
      : map_(blob), protected_(trie_of(protected_pieces)), handles_spaces_(true), spaces_(spaces) {}

  void apply(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const override {
    if (text.text.empty()) return;
    const auto origin_at = [&](size_t i) -> uint32_t {
      if (i < text.origin.size()) return text.origin[i].begin;
      return text.origin.empty() ? base : text.origin.back().end;
    };
    const std::string_view source = text.text;
    std::string& out = scratch.text;
    std::vector<Span>& origin = scratch.origin;
    out.clear();
    origin.clear();
    out.reserve(source.size() + source.size() / 4 + 16);
    const auto write = [&](std::string_view s, uint32_t begin) {
      out.append(s);
      if (track) origin.insert(origin.end(), s.size(), Span{begin, begin});
    };
    const bool escape = handles_spaces_ && spaces_.escape_whitespaces;
    const bool squeeze = handles_spaces_ && spaces_.remove_extra_whitespaces;
    const std::string_view space = escape ? kSpaceSymbol : std::string_view(" ");
    size_t at = 0;
    if (squeeze) {
      while (at < source.size()) {
        const Unit unit = next_unit(source, at);
        if (unit.text != " ") break;
        at += unit.length;
      }
    }
    bool any = at < source.size();
    const bool dummy = any && handles_spaces_ && spaces_.add_dummy_prefix;
    if (dummy && !spaces_.treat_whitespace_as_suffix) write(space, origin_at(at));
    bool after_space = squeeze;
    while (at < source.size()) {
      const Unit unit = next_unit(source, at);
      std::string_view s = unit.text;
      while (after_space && s.starts_with(' ')) s.remove_prefix(1);
      if (!s.empty()) {
        const uint32_t begin = origin_at(at);
        for (size_t from = 0; from < s.size();) {
          const size_t blank = escape ? std::min(s.find(' ', from), s.size()) : s.size();
          write(s.substr(from, blank - from), begin);
          if (blank < s.size()) write(kSpaceSymbol, begin);
          from = blank + 1;
        }
        after_space = squeeze && s.ends_with(' ');
      }
      at += unit.length;
    }
    uint32_t end = origin_at(source.size());
    while (squeeze && any && std::string_view(out).ends_with(space)) {
      out.erase(out.size() - space.size());
      if (track) {
        end = origin[out.size()].begin;
        origin.resize(out.size());
      }
    }
    if (dummy && spaces_.treat_whitespace_as_suffix) write(space, end);
    // A byte's span ends where the next byte's begins, which is what sentencepiece reports.
    for (size_t i = 0; i < origin.size(); ++i) {
      origin[i].end = i + 1 < origin.size() ? origin[i + 1].begin : end;
    }
    check_length(out.size());
    std::swap(text, scratch);
  }

 private:
  struct Unit {
    std::string_view text;
    size_t length;  // of what it stands for
  };

  static ByteTrie trie_of(const std::vector<std::string>& pieces) {
    std::vector<std::pair<std::string_view, uint32_t>> entries;
    for (const std::string& piece : pieces) entries.emplace_back(piece, 0);
    return ByteTrie(std::move(entries));
  }

  // The next protected piece, replaced prefix or single character.
  Unit next_unit(std::string_view source, size_t at) const {
    const std::string_view rest = source.substr(at);
    if (const size_t length = protected_.longest_prefix(rest)) {
      return {rest.substr(0, length), length};
    }
    if (const auto rule = map_.longest(rest)) return {rule->replacement, rule->length};
    const Character c = decode(reinterpret_cast<const uint8_t*>(source.data()), source.size(), at);
    return {rest.substr(0, c.length), c.length};
  }

  CharacterMap map_;
  ByteTrie protected_;
  bool handles_spaces_ = false;
  SpaceOptions spaces_;
};

}  // namespace

NormalizerPtr make_precompiled(std::string_view charsmap) {
  if (charsmap.empty()) throw std::invalid_argument("Precompiled: precompiled_charsmap is empty");
  return std::make_unique<Precompiled>(charsmap);
}

NormalizerPtr make_sentencepiece(std::string_view charsmap, std::vector<std::string> protected_pieces,
                                 SpaceOptions spaces) {
  return std::make_unique<SentencePiece>(charsmap, std::move(protected_pieces), spaces);
}

NormalizerPtr make_sentencepiece_map(std::string_view charsmap,
                                     std::vector<std::string> protected_pieces) {
  return std::make_unique<SentencePiece>(charsmap, std::move(protected_pieces));
}

}  // namespace tokenworks
