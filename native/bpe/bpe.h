// Byte pair encoding of pretokens.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bpe/characters.h"
#include "bpe/cuts.h"
#include "bpe/merge_table.h"
#include "bpe/merging.h"
#include "bpe/merging_side_by_side.h"
#include "bpe/vocabulary.h"
#include "models/model.h"

namespace tokenworks {

struct BpeOptions {
  bool byte_level = false;
  bool ignore_merges = false;
  bool byte_fallback = false;
  bool fuse_unk = false;
  int64_t unk_id = -1;
  std::string continuing_subword_prefix;
  std::string end_of_word_suffix;
  std::vector<uint32_t> user_defined;  // ids
  std::vector<uint32_t> unused;        // ids
};

class Bpe final : public Model {
 public:
  // `merges` are pairs of piece indices, best first; `merge_ranks`, if not empty, says which of
  // them are equal. Throws std::invalid_argument naming the first merge without a result.
  Bpe(Vocabulary vocabulary, std::vector<uint32_t> ids,
      const std::vector<std::array<uint32_t, 2>>& merges, std::vector<uint32_t> merge_ranks,
      BpeOptions options);

  void encode(std::string_view pretoken, std::vector<uint32_t>& ids,
              std::vector<uint32_t>* ends) const override;

  // The same without offsets, into a reused vector of ids.
  void encode_plain(const uint8_t* s, size_t n, MergeScratch& scratch,
                    std::vector<uint32_t>& out) const;

  // Where pretokens can be cut; empty for models whose parts do not merge by themselves.
  const Cuts& cuts() const { return cuts_; }

  // The same for a part of a pretoken that was cut, or for one character of it that is not ASCII and
  // below U+10000, whose ids are counted.
  void encode_part(const uint8_t* s, size_t n, MergeScratch& scratch, std::vector<uint32_t>& out) const;
  size_t ids_of_character(uint32_t code, std::array<uint32_t, 3>& ids) const;

  // The same for many parts at once, if this model can: begun, their symbols lie in `symbols`, and then their
  // ids.
  bool side_by_side() const { return side_by_side_; }
  // False, and nothing, for a part of too many symbols.
  bool begin(const uint8_t* s, size_t n, std::vector<uint32_t>& symbols, MergeJob& job) const;
  void encode_begun(std::span<MergeJob> jobs, std::vector<uint32_t>& symbols) const;

  // The id of the piece that a whole pretoken is, where that comes before merging, or Vocabulary::kNone.
  uint32_t id_of_whole(const uint8_t* s, size_t n) const;

  // Whether a pretoken and a part of the same bytes can have different ids.
  bool parts_differ() const { return options_.ignore_merges; }

  bool byte_level() const { return options_.byte_level; }
  bool ignore_merges() const { return options_.ignore_merges; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  const std::vector<uint32_t>& ids() const { return ids_; }
  // Whether no piece has `separator` after anything else: then no merge reaches across the place
  // before a separator that does not follow another one, and the parts of a text cut there can be
  // encoded apart.
  bool separable_before(std::string_view separator) const;

 private:
  void first_symbols(const uint8_t* s, size_t n, std::vector<uint32_t>& symbols,
                     std::vector<uint32_t>* ends) const;
  void resegment_unused(std::vector<uint32_t>& symbols, std::vector<uint32_t>* ends,
                        MergeScratch& scratch) const;
  void number_symbols_by_rank();
  uint32_t producer(uint32_t piece) const;
  uint32_t id_of_symbol(uint32_t symbol) const { return symbol_ids_[symbol]; }

  Vocabulary vocabulary_;
  std::vector<uint32_t> ids_;
  BpeOptions options_;
  MergeTable merges_;
  ByteRanks bytes_;          // byte-level models
  Characters characters_;    // byte-level models whose symbols are numbered by rank
  Cuts cuts_;
  bool all_bytes_ = false;  // every byte has a piece
  bool side_by_side_ = false;
  std::array<uint32_t, 256> fallback_piece_{};  // <0x00>..<0xFF>
  uint32_t unk_piece_ = Vocabulary::kNone;
  std::vector<uint8_t> piece_unused_;
  // Symbols are pieces, and past them the user-defined pieces again, which no merge knows. In
  // byte-level models they are the 256 bytes, and past them the results of the merges by rank.
  std::vector<uint32_t> symbol_ids_;
  std::vector<uint32_t> user_defined_;  // piece indices, longest first
  std::array<bool, 256> user_defined_first_{};
};

}  // namespace tokenworks
