#include "pipeline/step_pipeline.h"

#include <algorithm>

#include "pipeline/byte_characters.h"
#include "unicode/normalization_tables.h"
#include "unicode/utf8.h"

namespace tokenworks {
namespace {

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

Character character_at(std::string_view text, size_t i) {
  return decode(bytes_of(text), text.size(), i);
}

size_t last_character(std::string_view text) {
  size_t i = text.size() - 1;
  while (i > 0 && (static_cast<uint8_t>(text[i]) & 0xC0) == 0x80) --i;
  return i;
}

bool starts_with_word(std::string_view text) {
  return !text.empty() && unicode::has(character_at(text, 0).code, unicode::kRegexWord);
}

bool ends_with_word(std::string_view text) {
  return !text.empty() &&
         unicode::has(character_at(text, last_character(text)).code, unicode::kRegexWord);
}

// Begin of the white space that `text` ends with.
size_t trailing_space(std::string_view text) {
  while (!text.empty()) {
    const size_t last = last_character(text);
    if (!unicode::has(character_at(text, last).code, unicode::kRustSpace)) break;
    text = text.substr(0, last);
  }
  return text.size();
}

// End of the white space that `text` begins with.
size_t leading_space(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const Character c = character_at(text, i);
    if (!unicode::has(c.code, unicode::kRustSpace)) break;
    i += c.length;
  }
  return i;
}

void track_characters(AlignedText& text, uint32_t base) {
  text.origin.clear();
  text.origin.reserve(text.text.size());
  for (size_t i = 0; i < text.text.size();) {
    const uint32_t length = character_at(text.text, i).length;
    const uint32_t begin = base + static_cast<uint32_t>(i);
    text.origin.insert(text.origin.end(), length, Span{begin, begin + length});
    i += length;
  }
}

// Turns the byte characters of every pretoken into the bytes they stand for, in place: the bytes
// are never more than the characters' UTF-8.
void unmap_bytes(Cuts& cuts, bool track) {
  std::string& text = cuts.text.text;
  size_t out = 0;
  for (Piece& piece : cuts.pieces) {
    const size_t begin = out;
    for (size_t i = piece.begin; i < piece.end;) {
      const Character c = decode(bytes_of(text), text.size(), i);
      const int byte = piece.added_id >= 0 ? -1 : byte_of_character(c.code);
      const size_t next = i + c.length;
      for (; i < next; ++i) {
        if (byte >= 0 && i + 1 < next) continue;
        text[out] = byte >= 0 ? static_cast<char>(byte) : text[i];
        if (track) cuts.text.origin[out] = cuts.text.origin[i];
        ++out;
      }
    }
    piece.begin = static_cast<uint32_t>(begin);
    piece.end = static_cast<uint32_t>(out);
  }
  text.resize(out);
  if (track) cuts.text.origin.resize(out);
}

class IgnoreSink final : public SegmentSink {
 public:
  void segment(const AlignedText&, const std::vector<Piece>&) override {}
};

class CollectSink final : public SegmentSink {
 public:
  explicit CollectSink(std::vector<Pretoken>& out) : out_(out) {}

  void segment(const AlignedText& text, const std::vector<Piece>& pieces) override {
    for (const Piece& p : pieces) {
      Pretoken pretoken;
      pretoken.added_id = p.added_id;
      pretoken.text.text = text.text.substr(p.begin, p.end - p.begin);
      if (!text.origin.empty()) {
        pretoken.text.origin.assign(text.origin.begin() + p.begin, text.origin.begin() + p.end);
      }
      out_.push_back(std::move(pretoken));
    }
  }

 private:
  std::vector<Pretoken>& out_;
};

}  // namespace

void Pipeline::run(std::string_view text, SpecialPolicy policy, bool track,
                   std::vector<Pretoken>& out) const {
  CollectSink sink(out);
  stream(text, policy, track, sink);
}

StepPipeline::StepPipeline(Steps steps) : steps_(std::move(steps)) {
  std::vector<AddedTokenSpec> raw, normalized;
  std::vector<std::string> raw_contents, normalized_contents;
  for (AddedTokenSpec& token : steps_.added) {
    if (token.content.empty()) continue;
    if (token.normalized) {
      AlignedText content{token.content, {}};
      AlignedText scratch;
      normalize(content, 0, false, scratch);
      normalized_contents.push_back(std::move(content.text));
      normalized.push_back(std::move(token));
    } else {
      raw_contents.push_back(token.content);
      raw.push_back(std::move(token));
    }
  }
  steps_.added.clear();
  raw_ = make_set(std::move(raw), raw_contents);
  normalized_ = make_set(std::move(normalized), normalized_contents);
}

StepPipeline::AddedSet StepPipeline::make_set(std::vector<AddedTokenSpec> tokens,
                                              const std::vector<std::string>& contents) {
  AddedSet set;
  set.matcher = AddedMatcher(std::vector<std::string_view>(contents.begin(), contents.end()));
  set.only_special = std::all_of(tokens.begin(), tokens.end(), [](const AddedTokenSpec& t) { return t.special; });
  set.tokens = std::move(tokens);
  return set;
}

void StepPipeline::normalize(AlignedText& text, uint32_t base, bool track,
                             AlignedText& scratch) const {
  for (const NormalizerPtr& step : steps_.normalizers) step->apply(text, base, track, scratch);
}

void StepPipeline::find_added(std::string_view text, const AddedSet& set, SpecialPolicy policy,
                              std::vector<Found>& out) {
  size_t covered = 0;
  AddedMatcher::Match m{};
  for (size_t from = 0; set.matcher.find(text, from, m); from = m.end) {
    const AddedTokenSpec& token = set.tokens[m.index];
    if (token.special && policy == SpecialPolicy::kText) continue;
    if (token.single_word &&
        (ends_with_word(text.substr(0, m.begin)) || starts_with_word(text.substr(m.end)))) {
      continue;
    }
    if (token.special && policy == SpecialPolicy::kError) {
      throw SpecialTokenError(token.content, m.begin);
    }
    size_t begin = m.begin;
    size_t end = m.end;
    if (token.lstrip && covered < begin) {
      begin = covered + trailing_space(text.substr(covered, begin - covered));
    }
    if (token.lstrip) begin = std::max(begin, covered);
    if (token.rstrip) end += leading_space(text.substr(end));
    if (begin >= end) continue;  // white space that the token before has taken
    if (covered < begin) out.push_back({covered, begin, nullptr});
    out.push_back({begin, end, &token});
    covered = end;
  }
  if (covered != text.size()) out.push_back({covered, text.size(), nullptr});
}

void StepPipeline::stream(std::string_view text, SpecialPolicy policy, bool track,
                          SegmentSink& sink) const {
  stream(text, {.policy = policy, .track = track, .split = true}, sink);
}

void StepPipeline::stream_unsplit(std::string_view text, SpecialPolicy policy, SegmentSink& sink) const {
  stream(text, {.policy = policy, .track = false, .split = false}, sink);
}

void StepPipeline::stream(std::string_view text, Mode mode, SegmentSink& sink) const {
  check_length(text.size());
  std::vector<Found> found;
  find_added(text, raw_, mode.policy, found);
  Cuts cuts;
  for (const Found& f : found) {
    const std::string_view part = text.substr(f.begin, f.end - f.begin);
    if (!f.token) {
      run_segment(part, f.begin, mode, cuts, sink);
      continue;
    }
    cuts.text.text = part;
    cuts.text.origin.clear();
    if (mode.track) track_characters(cuts.text, static_cast<uint32_t>(f.begin));
    cuts.pieces.assign(1, {0, static_cast<uint32_t>(part.size()), f.token->id});
    sink.segment(cuts.text, cuts.pieces);
  }
}

bool StepPipeline::split_unchanged(std::string_view text, SpecialPolicy policy,
                                   std::vector<Piece>& parts) const {
  for (const NormalizerPtr& step : steps_.normalizers) {
    if (!step->leaves(text)) return false;
  }
  parts.clear();
  const auto add = [&](size_t begin, size_t end, const AddedTokenSpec* token) {
    if (begin == end) return;
    parts.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end),
                     token ? static_cast<int64_t>(token->id) : -1});
  };
  if (!raw_.counts(policy) && !normalized_.counts(policy)) {
    add(0, text.size(), nullptr);
    return true;
  }
  std::vector<Found> found, inner;
  find_added(text, raw_, policy, found);
  for (const Found& f : found) {
    if (f.token || normalized_.matcher.empty()) {
      add(f.begin, f.end, f.token);
      continue;
    }
    inner.clear();
    try {
      find_added(text.substr(f.begin, f.end - f.begin), normalized_, policy, inner);
    } catch (const SpecialTokenError& e) {
      throw SpecialTokenError(e.content(), f.begin + e.position());
    }
    for (const Found& g : inner) add(f.begin + g.begin, f.begin + g.end, g.token);
  }
  return true;
}

void StepPipeline::run_segment(std::string_view text, size_t base, Mode mode, Cuts& cuts,
                               SegmentSink& sink) const {
  cuts.text.text = text;
  cuts.text.origin.clear();
  cuts.front = 0;
  const auto begin = static_cast<uint32_t>(base);
  bool track = mode.track;
  if (mode.split && base == 0 && steps_.asks_for_front) {
    // Without normalizers the front is the first character; otherwise only tracking can tell.
    if (steps_.normalizers.empty()) {
      cuts.front = character_at(text, 0).length;
    } else {
      track = true;
    }
  }
  if (track) track_characters(cuts.text, begin);
  normalize(cuts.text, begin, track, cuts.scratch_text);
  if (cuts.text.text.empty()) return;

  cuts.pieces.clear();
  if (normalized_.matcher.empty()) {
    cuts.pieces.push_back({0, static_cast<uint32_t>(cuts.text.text.size())});
  } else {
    std::vector<Found> found;
    try {
      find_added(cuts.text.text, normalized_, mode.policy, found);
    } catch (const SpecialTokenError& e) {
      if (track) throw SpecialTokenError(e.content(), cuts.text.origin[e.position()].begin);
      Cuts again;
      IgnoreSink ignore;
      // throws with the right position
      run_segment(text, base, {.policy = mode.policy, .track = true, .split = false}, again, ignore);
      throw;
    }
    for (const Found& f : found) {
      if (f.begin == f.end) continue;
      cuts.pieces.push_back({static_cast<uint32_t>(f.begin), static_cast<uint32_t>(f.end),
                             f.token ? static_cast<int64_t>(f.token->id) : -1});
    }
  }
  if (mode.split) {
    for (const PretokenizerPtr& step : steps_.pretokenizers) step->apply(cuts, track);
    if (steps_.ends_in_characters) unmap_bytes(cuts, track);
  }
  if (!mode.track) cuts.text.origin.clear();
  sink.segment(cuts.text, cuts.pieces);
}

}  // namespace tokenworks
