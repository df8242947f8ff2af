// Cutting pieces where a pattern matches, and what becomes of the matches.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pipeline/pretokenizers.h"

namespace tokenworks {

// Part of a piece, as bytes from the piece's begin.
struct Part {
  uint32_t begin;
  uint32_t end;
  bool match;
};

// Lets `f(text, parts)` list the parts of each piece that is not an added token, joins them as
// `behavior` says and drops empty ones.
template <class F>
void cut_pieces(Cuts& cuts, Behavior behavior, F&& f);

// Appends the pieces made of `parts`, shifted by `offset`.
void join_parts(std::vector<Part>& parts, Behavior behavior, uint32_t offset,
                std::vector<Piece>& out);

// Appends `matches` and the gaps between them as parts.
void parts_of_matches(const std::vector<Span>& matches, size_t length, bool invert,
                      std::vector<Part>& parts);

template <class F>
void cut_pieces(Cuts& cuts, Behavior behavior, F&& f) {
  std::vector<Piece>& out = cuts.scratch_pieces;
  out.clear();
  std::vector<Part> parts;
  for (const Piece& piece : cuts.pieces) {
    if (piece.added_id >= 0) {
      out.push_back(piece);
      continue;
    }
    parts.clear();
    f(std::string_view(cuts.text.text).substr(piece.begin, piece.end - piece.begin), parts);
    join_parts(parts, behavior, piece.begin, out);
  }
  std::swap(cuts.pieces, out);
}

}  // namespace tokenworks
