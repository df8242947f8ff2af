// Distinct pretokens of documents that come in groups, with the count in each group.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pipeline/pipeline.h"
#include "training/word_table.h"

namespace tokenworks::replay {

class WordTally final : public SegmentSink {
 public:
  // `marker` stands at the beginning of a word where pretokens hold many: they are split before each run
  // of it. Empty: pretokens are words. `longest` bytes are counted as one word; what is longer is cut.
  WordTally(std::string marker, size_t longest) : marker_(std::move(marker)), longest_(longest) {}

  // All text of a group comes before that of the next group.
  void begin(uint32_t group);
  void segment(const AlignedText& text, const std::vector<Piece>& pieces) override;
  void end();  // of the last group

  struct Words {
    std::vector<uint8_t> text;
    std::vector<uint64_t> starts;        // [words + 1]
    std::vector<uint64_t> entry_starts;  // [words + 1]
    std::vector<uint32_t> groups, counts;
  };
  Words words() const;

 private:
  struct Entry {
    uint32_t word, group, count;
  };
  void split(std::string_view pretoken);
  void count(std::string_view word);

  std::string marker_;
  size_t longest_;
  training::WordTable table_;           // number of the word + 1
  std::vector<uint32_t> counts_;        // of the group, by word
  std::vector<uint32_t> touched_;
  std::vector<Entry> entries_;
  std::vector<uint8_t> padded_;
  uint32_t group_ = 0;
};

}  // namespace tokenworks::replay
