#include "pipeline/splitting.h"

#include <algorithm>

namespace tokenworks {
namespace {

// Merges, in the given order, each match into the part before it: every match (contiguous runs of
// one kind) or the first of a run of matches.
template <class Merges>
void fold(std::vector<Part>& parts, Merges merges, bool backwards) {
  std::vector<Part> joined;
  bool previous = false;
  for (const Part& part : parts) {
    if (merges(part.match, previous) && !joined.empty()) {
      (backwards ? joined.back().begin : joined.back().end) = backwards ? part.begin : part.end;
    } else {
      joined.push_back(part);
    }
    previous = part.match;
  }
  parts = std::move(joined);
}

}  // namespace

void join_parts(std::vector<Part>& parts, Behavior behavior, uint32_t offset,
                std::vector<Piece>& out) {
  const auto starts_run = [](bool match, bool previous) { return match && !previous; };
  switch (behavior) {
    case Behavior::kContiguous:
      fold(parts, [](bool match, bool previous) { return match == previous; }, false);
      break;
    case Behavior::kMergedWithPrevious:
      fold(parts, starts_run, false);
      break;
    case Behavior::kMergedWithNext:
      std::reverse(parts.begin(), parts.end());
      fold(parts, starts_run, true);
      std::reverse(parts.begin(), parts.end());
      break;
    default:
      break;
  }
  for (const Part& part : parts) {
    if (part.begin == part.end || (behavior == Behavior::kRemoved && part.match)) continue;
    out.push_back({offset + part.begin, offset + part.end});
  }
}

void parts_of_matches(const std::vector<Span>& matches, size_t length, bool invert,
                      std::vector<Part>& parts) {
  uint32_t end = 0;
  for (const Span m : matches) {
    if (m.begin != end) parts.push_back({end, m.begin, invert});
    parts.push_back({m.begin, m.end, !invert});
    end = m.end;
  }
  if (end != length) parts.push_back({end, static_cast<uint32_t>(length), invert});
}

}  // namespace tokenworks
