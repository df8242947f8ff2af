// Pretokenizers that change the text of the pieces: Metaspace and ByteLevel.
#include <algorithm>

#include "pipeline/byte_characters.h"
#include "pipeline/pretokenizers.h"
#include "pipeline/splitting.h"
#include "scanner/scanner.h"
#include "unicode/normalization.h"

namespace tokenworks {
namespace {

// Builds the next text of `cuts` piece by piece.
class PieceWriter {
 public:
  PieceWriter(Cuts& cuts, bool track) : cuts_(cuts), track_(track) {
    cuts.scratch_text.text.clear();
    cuts.scratch_text.origin.clear();
    cuts.scratch_text.text.reserve(cuts.text.text.size() + cuts.text.text.size() / 8 + 16);
    cuts.scratch_pieces.clear();
  }

  void begin_piece() { piece_begin_ = size(); }
  // Writes `text`, which comes from the byte `at` of the current text.
  void write(std::string_view text, size_t at) {
    AlignedText& out = cuts_.scratch_text;
    out.text.append(text);
    if (track_) {
      out.origin.insert(out.origin.end(), text.size(), cuts_.text.origin[at]);
    } else if (at < cuts_.front) {
      front_ = out.text.size();
    }
  }
  void copy(size_t begin, size_t end) {
    AlignedText& out = cuts_.scratch_text;
    if (!track_ && begin < cuts_.front) {
      front_ = out.text.size() + std::min(end, cuts_.front) - begin;
    }
    out.text.append(cuts_.text.text, begin, end - begin);
    if (track_) {
      const auto from = cuts_.text.origin.begin();
      out.origin.insert(out.origin.end(), from + static_cast<std::ptrdiff_t>(begin),
                        from + static_cast<std::ptrdiff_t>(end));
    }
  }
  void end_piece(int64_t added_id) {
    if (size() > piece_begin_) {
      cuts_.scratch_pieces.push_back(
          {static_cast<uint32_t>(piece_begin_), static_cast<uint32_t>(size()), added_id});
    }
  }
  void finish() {
    check_length(size());
    std::swap(cuts_.text, cuts_.scratch_text);
    std::swap(cuts_.pieces, cuts_.scratch_pieces);
    cuts_.front = front_;
  }

 private:
  size_t size() const { return cuts_.scratch_text.text.size(); }

  Cuts& cuts_;
  bool track_;
  size_t piece_begin_ = 0;
  size_t front_ = 0;
};

class Metaspace final : public Pretokenizer {
 public:
  Metaspace(char32_t replacement, PrependScheme scheme, bool split)
      : scheme_(scheme), split_(split) {
    unicode::append_utf8(mark_, replacement);
  }

  void apply(Cuts& cuts, bool track) const override {
    PieceWriter out(cuts, track);
    const std::string& text = cuts.text.text;
    for (const Piece& piece : cuts.pieces) {
      out.begin_piece();
      if (piece.added_id >= 0) {
        out.copy(piece.begin, piece.end);
      } else {
        const std::string_view s = std::string_view(text).substr(piece.begin, piece.end - piece.begin);
        const bool marked = s.starts_with(' ') || s.starts_with(mark_);
        const bool at_front = track ? cuts.text.origin[piece.begin].begin == 0
                                    : piece.begin < cuts.front;
        if (!marked && (scheme_ == PrependScheme::kAlways ||
                        (scheme_ == PrependScheme::kFirst && at_front))) {
          out.write(mark_, piece.begin);
        }
        size_t i = piece.begin;
        while (i < piece.end) {
          const size_t space = std::min<size_t>(text.find(' ', i), piece.end);
          out.copy(i, space);
          if (space < piece.end) out.write(mark_, space);
          i = space + 1;
        }
      }
      out.end_piece(piece.added_id);
    }
    out.finish();
    if (!split_) return;
    cut_pieces(cuts, Behavior::kMergedWithNext, [&](std::string_view s, std::vector<Part>& parts) {
      uint32_t open = 0;
      for (size_t at = s.find(mark_); at != std::string_view::npos; at = s.find(mark_, open)) {
        const auto begin = static_cast<uint32_t>(at);
        if (open < begin) parts.push_back({open, begin, false});
        open = begin + static_cast<uint32_t>(mark_.size());
        parts.push_back({begin, open, true});
      }
      if (open < s.size()) parts.push_back({open, static_cast<uint32_t>(s.size()), false});
    });
  }

 private:
  std::string mark_;
  PrependScheme scheme_;
  bool split_;
};

class ByteLevel final : public Pretokenizer {
 public:
  ByteLevel(bool add_prefix_space, bool use_regex, bool map)
      : add_prefix_space_(add_prefix_space), use_regex_(use_regex), map_(map) {}

  void apply(Cuts& cuts, bool track) const override {
    if (add_prefix_space_) prefix_spaces(cuts, track);
    if (use_regex_) {
      std::vector<Span> matches;
      cut_pieces(cuts, Behavior::kIsolated, [&](std::string_view s, std::vector<Part>& parts) {
        matches.clear();
        scanner::find_matches(scanner::PatternId::kGpt2, s, matches);
        parts_of_matches(matches, s.size(), false, parts);
      });
    }
    if (map_) map_bytes(cuts, track);
  }

 private:
  static void prefix_spaces(Cuts& cuts, bool track) {
    bool any = false;
    for (const Piece& p : cuts.pieces) any |= p.added_id < 0 && cuts.text.text[p.begin] != ' ';
    if (!any) return;
    PieceWriter out(cuts, track);
    for (const Piece& piece : cuts.pieces) {
      out.begin_piece();
      if (piece.added_id < 0 && cuts.text.text[piece.begin] != ' ') out.write(" ", piece.begin);
      out.copy(piece.begin, piece.end);
      out.end_piece(piece.added_id);
    }
    out.finish();
  }

  static void map_bytes(Cuts& cuts, bool track) {
    PieceWriter out(cuts, track);
    std::string character;
    for (const Piece& piece : cuts.pieces) {
      out.begin_piece();
      if (piece.added_id >= 0) {
        out.copy(piece.begin, piece.end);
      } else {
        for (size_t i = piece.begin; i < piece.end; ++i) {
          character.clear();
          unicode::append_utf8(character, kByteCharacters[static_cast<uint8_t>(cuts.text.text[i])]);
          out.write(character, i);
        }
      }
      out.end_piece(piece.added_id);
    }
    out.finish();
  }

  bool add_prefix_space_;
  bool use_regex_;
  bool map_;
};

}  // namespace

PretokenizerPtr make_metaspace(char32_t replacement, PrependScheme scheme, bool split) {
  return std::make_unique<Metaspace>(replacement, scheme, split);
}
PretokenizerPtr make_byte_level(bool add_prefix_space, bool use_regex, bool map) {
  return std::make_unique<ByteLevel>(add_prefix_space, use_regex, map);
}

}  // namespace tokenworks
