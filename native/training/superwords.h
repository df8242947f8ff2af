// The second phase of encoding: whole words that stand side by side become superwords.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "scanner/scanner.h"
#include "training/pair_table.h"

namespace tokenworks::training {

struct SuperwordMerge {
  uint32_t left, right, token;
};

// Words are encoded first, each pretoken by itself. A run is a maximal sequence of pretokens that each
// came out as one eligible token; within a run the superword merges are applied by rank.
class SuperwordJoiner {
 public:
  // `lengths`: bytes of text that each id stands for. `eligible`: ids that may stand in a run.
  // `special`: ids that stand outside the text's pretokens.
  SuperwordJoiner(std::optional<scanner::PatternId> pattern, std::vector<uint32_t> lengths,
                  const std::vector<bool>& eligible, const std::vector<bool>& special,
                  std::span<const SuperwordMerge> merges);

  struct Joined {
    std::vector<uint32_t> ids;
    std::vector<uint32_t> firsts;  // the index of the first given id of each
  };
  // `ids` encode `text` word by word. `ends` are the ends of its pretokens where the pattern is not
  // known natively. False if the ids do not spell the text.
  bool join(std::string_view text, std::span<const uint32_t> ids, std::span<const uint64_t> ends,
            Joined& out) const;

 private:
  enum Kind : uint8_t { kPlain, kEligible, kSpecial };
  struct Rule {
    uint32_t rank = 0;  // 1 is the first
    uint32_t token = 0;
    bool operator==(const Rule& other) const { return rank == other.rank; }
  };

  void flush(std::span<const uint32_t> run, uint32_t first, Joined& out) const;
  const Rule* rule(uint32_t left, uint32_t right) const { return rules_.find(pair_key(left, right)); }

  std::optional<scanner::PatternId> pattern_;
  std::vector<uint32_t> lengths_;
  std::vector<uint8_t> kinds_;
  PairTable<Rule> rules_;
};

}  // namespace tokenworks::training
