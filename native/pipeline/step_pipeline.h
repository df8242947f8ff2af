// The general pipeline: any sequence of steps around two passes of added-token matching.
#pragma once

#include <string>
#include <vector>

#include "pipeline/added_matcher.h"
#include "pipeline/normalizers.h"
#include "pipeline/pipeline.h"
#include "pipeline/pretokenizers.h"

namespace tokenworks {

struct AddedTokenSpec {
  uint32_t id = 0;
  std::string content;
  bool special = false;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  bool normalized = false;
};

struct Steps {
  std::vector<NormalizerPtr> normalizers;
  std::vector<PretokenizerPtr> pretokenizers;
  std::vector<AddedTokenSpec> added;
  bool asks_for_front = false;      // a Metaspace step prepends to the first piece only
  bool ends_in_characters = false;  // pieces must be turned from byte characters into bytes
};

class StepPipeline final : public Pipeline {
 public:
  explicit StepPipeline(Steps steps);

  void stream(std::string_view text, SpecialPolicy policy, bool track,
              SegmentSink& sink) const override;
  void stream_unsplit(std::string_view text, SpecialPolicy policy, SegmentSink& sink) const override;
  bool split_unchanged(std::string_view text, SpecialPolicy policy,
                       std::vector<Piece>& parts) const override;

 private:
  struct AddedSet {
    std::vector<AddedTokenSpec> tokens;
    AddedMatcher matcher;
    bool only_special = true;

    // Whether a text can hold any that count.
    bool counts(SpecialPolicy policy) const {
      return !matcher.empty() && !(only_special && policy == SpecialPolicy::kText);
    }
  };
  struct Found {
    size_t begin;
    size_t end;
    const AddedTokenSpec* token;  // null: the text between
  };

  static AddedSet make_set(std::vector<AddedTokenSpec> tokens,
                           const std::vector<std::string>& contents);
  // Covers `text` with added tokens and what lies between them.
  static void find_added(std::string_view text, const AddedSet& set, SpecialPolicy policy,
                         std::vector<Found>& out);
  struct Mode {
    SpecialPolicy policy;
    bool track;
    bool split;  // run the pretokenizers
  };
  void stream(std::string_view text, Mode mode, SegmentSink& sink) const;
  void run_segment(std::string_view text, size_t base, Mode mode, Cuts& cuts, SegmentSink& sink) const;
  void normalize(AlignedText& text, uint32_t base, bool track, AlignedText& scratch) const;

  Steps steps_;
  AddedSet raw_;
  AddedSet normalized_;
};

}  // namespace tokenworks
