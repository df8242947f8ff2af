#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unique_ptr.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "bind.h"
#include "pipeline/factory.h"
#include "replay/merge_replay.h"
#include "replay/pair_history.h"
#include "replay/plain_merges.h"
#include "replay/word_tally.h"
#include "training/arrays.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace tokenworks {

namespace {

using replay::MergeReplay;
using replay::PairHistory;

void require(bool holds, const char* message) {
  if (!holds) throw nb::value_error(message);
}

template <class Value>
void check_offsets(const Input<Value>& offsets, size_t size, const char* message) {
  require(offsets.size() > 0 && offsets.data()[0] == 0 && offsets.data()[offsets.size() - 1] == size,
          message);
  require(std::is_sorted(offsets.data(), offsets.data() + offsets.size()), message);
}

// Documents in, words by group out.
class Tally {
 public:
  Tally(nb::handle normalizer, nb::handle pretokenizer, nb::handle split, bool byte_level,
        std::string marker, size_t longest)
      : pipeline_(make_pipeline(normalizer, pretokenizer, nb::make_tuple(), split, byte_level)),
        tally_(std::move(marker), longest) {}

  void begin(uint32_t group) { tally_.begin(group); }
  void add(std::string_view text) {
    nb::gil_scoped_release release;
    pipeline_->stream(text, SpecialPolicy::kText, false, tally_);
  }
  nb::tuple words() {
    replay::WordTally::Words found;
    {
      nb::gil_scoped_release release;
      tally_.end();
      found = tally_.words();
    }
    return nb::make_tuple(give(std::move(found.text)), give(std::move(found.starts)),
                          give(std::move(found.entry_starts)), give(std::move(found.groups)),
                          give(std::move(found.counts)));
  }

 private:
  std::unique_ptr<Pipeline> pipeline_;
  replay::WordTally tally_;
};

class Replay {
 public:
  Replay(Input<uint32_t> symbols, Input<uint64_t> starts, Input<uint64_t> entry_starts,
         Input<uint32_t> groups, Input<uint32_t> counts, Input<uint32_t> merges, size_t tokens,
         size_t n_groups)
      : tokens_(tokens), groups_(n_groups) {
    require(n_groups > 0 && n_groups < replay::kMaxGroups, "there must be 1 to 65,534 groups");
    require(starts.size() == entry_starts.size(), "starts and entry_starts differ in length");
    check_offsets(starts, symbols.size(), "starts must rise from 0 to len(symbols)");
    check_offsets(entry_starts, groups.size(), "entry_starts must rise from 0 to len(groups)");
    require(groups.size() == counts.size(), "groups and counts differ in length");
    require(merges.size() % 3 == 0, "merges are left, right, result");
    for (const uint32_t symbol : view(symbols)) {
      require(symbol < tokens || symbol == replay::kNoSymbol, "a symbol is no token");
    }
    for (const uint32_t group : view(groups)) require(group < n_groups, "a group is out of range");
    std::vector<replay::ReplayMerge> list;
    std::vector<uint8_t> stands(tokens, 1);  // symbols that no merge makes, and results so far
    for (size_t i = 2; i < merges.size(); i += 3) {
      require(merges.data()[i] < tokens, "a merge names no token");
      stands[merges.data()[i]] = 0;
    }
    for (size_t i = 0; i < merges.size(); i += 3) {
      const auto* m = merges.data() + i;
      require(m[0] < tokens && m[1] < tokens, "a merge names no token");
      require(stands[m[0]] && stands[m[1]], "a part of a merge is made after it");
      require(!stands[m[2]], "a result has two merges");
      stands[m[2]] = 1;
      list.push_back({m[0], m[1], m[2]});
    }
    for (const uint32_t symbol : view(symbols)) {
      if (symbol != replay::kNoSymbol) stands[symbol] = 2;
    }
    for (const auto& m : list) require(stands[m.result] != 2, "the result of a merge is a symbol");
    nb::gil_scoped_release release;
    replay_ = std::make_unique<MergeReplay>(
        replay::GroupedWords{view(symbols), view(starts), view(entry_starts), view(groups), view(counts)},
        std::move(list), tokens, n_groups);
  }

  size_t advance(size_t most, bool write) {
    require(!history_, "the replay is finished");
    nb::gil_scoped_release release;
    return replay_->advance(most, write);
  }
  void finish() {
    nb::gil_scoped_release release;
    if (history_) return;
    replay_->finish();
    history_.emplace(replay_->log());
  }

  auto first_pairs() const { return give(std::vector<uint64_t>(replay_->first_pairs())); }
  auto pairs() const {
    std::vector<uint32_t> out;
    out.reserve(replay_->log().pairs.size() * 2);
    for (const auto pair : replay_->log().pairs) {
      out.insert(out.end(), {training::left_of(pair), training::right_of(pair)});
    }
    return give(std::move(out), {replay_->log().pairs.size(), 2});
  }
  size_t n_pairs() const { return replay_->log().pairs.size(); }
  auto merged() const { return give(std::vector<uint32_t>(replay_->log().merged)); }

  // Tokens of the words as they stand, [tokens, columns].
  auto token_counts(Input<double> factors, Input<uint32_t> column_of, size_t columns) const {
    require(factors.size() == groups_, "there must be one factor for each group");
    check_columns(column_of, columns);
    std::vector<double> out(tokens_ * columns, 0.0);
    {
      nb::gil_scoped_release release;
      const uint32_t* column = column_of.data();
      const double* factor = factors.data();
      replay_->each_token([&](uint32_t token, uint16_t group, uint32_t count) {
        out[size_t{token} * columns + column[group]] += factor[group] * count;
      });
    }
    return give(std::move(out), {tokens_, columns});
  }

  void know(Input<uint32_t> steps, Input<uint32_t> pairs) {
    require(steps.size() == pairs.size(), "steps and pairs differ in length");
    for (size_t i = 0; i < steps.size(); ++i) {
      known_.insert(PairHistory::key(steps.data()[i], pairs.data()[i]));
    }
  }
  void forget() { known_.clear(); }

  nb::tuple rivals(Input<double> group_weights, Input<uint8_t> asked, Input<double> allowance,
                   Input<double> pair_allowance, double tolerance, size_t per_step, size_t enough) {
    const auto& log = replay_->log();
    require(history_.has_value(), "finish the replay first");
    require(group_weights.size() == groups_, "there must be one weight for each group");
    require(asked.size() == log.steps() && allowance.size() == log.steps(),
            "asked and allowance must have one value for each step");
    require(pair_allowance.size() == log.pairs.size(), "there must be one allowance for each pair");
    std::vector<uint32_t> steps, pairs;
    {
      nb::gil_scoped_release release;
      const auto found = history_->rivals({view(group_weights), view(asked), view(allowance),
                                           view(pair_allowance), tolerance, per_step, enough},
                                          known_);
      for (const auto& rival : found) {
        steps.push_back(rival.step);
        pairs.push_back(rival.pair);
        known_.insert(PairHistory::key(rival.step, rival.pair));
      }
    }
    return nb::make_tuple(give(std::move(steps)), give(std::move(pairs)));
  }

  // By how often the merged pair of each step is ahead of a pair, [n, columns].
  auto leads(Input<uint32_t> steps, Input<uint32_t> pairs, Input<double> factors,
             Input<uint32_t> column_of, size_t columns) const {
    const auto& log = replay_->log();
    require(history_.has_value(), "finish the replay first");
    require(steps.size() == pairs.size(), "steps and pairs differ in length");
    require(factors.size() == groups_, "there must be one factor for each group");
    check_columns(column_of, columns);
    for (size_t i = 0; i < steps.size(); ++i) {
      require(steps.data()[i] < log.steps(), "a step is out of range");
      require(pairs.data()[i] < log.pairs.size() || pairs.data()[i] == replay::kNoPair,
              "a pair is out of range");
    }
    std::vector<double> out(steps.size() * columns, 0.0);
    {
      nb::gil_scoped_release release;
      std::vector<double> ahead(columns);  // of the merged pair, of the step before
      uint32_t counted = replay::kNoPair;
      for (size_t i = 0; i < steps.size(); ++i) {
        const uint32_t step = steps.data()[i], pair = pairs.data()[i], merged = log.merged[step];
        if (step != counted) {
          std::fill(ahead.begin(), ahead.end(), 0.0);
          if (merged != replay::kNoPair) {
            history_->add_counts(step, merged, 1, view(factors), view(column_of), ahead.data());
          }
          counted = step;
        }
        double* row = out.data() + i * columns;
        std::copy(ahead.begin(), ahead.end(), row);
        if (pair != replay::kNoPair) {
          history_->add_counts(step, pair, -1, view(factors), view(column_of), row);
        }
      }
    }
    return give(std::move(out), {steps.size(), columns});
  }

 private:
  void check_columns(const Input<uint32_t>& column_of, size_t columns) const {
    require(column_of.size() == groups_, "there must be one column for each group");
    for (const uint32_t column : view(column_of)) require(column < columns, "a column is out of range");
  }

  size_t tokens_, groups_;
  std::unique_ptr<MergeReplay> replay_;
  std::optional<PairHistory> history_;
  std::unordered_set<uint64_t> known_;
};

auto plain_merges(Input<uint32_t> results, Input<uint32_t> symbols, Input<uint64_t> starts) {
  require(starts.size() == results.size() + 1, "starts must hold one offset more than results");
  check_offsets(starts, symbols.size(), "starts must rise from 0 to len(symbols)");
  std::vector<uint32_t> out;
  {
    nb::gil_scoped_release release;
    for (const auto& [left, right] : replay::plain_merges(view(results), view(symbols), view(starts))) {
      out.insert(out.end(), {left, right});
    }
  }
  return give(std::move(out), {results.size(), size_t{2}});
}

}  // namespace

void bind_replay(nb::module_& m) {
  nb::class_<Tally>(m, "WordTally", "Distinct words of documents that come in groups.")
      .def(nb::init<nb::handle, nb::handle, nb::handle, bool, std::string, size_t>(), "normalizer"_a,
           "pretokenizer"_a, "split"_a, "byte_level"_a, "marker"_a, "longest"_a)
      .def("begin", &Tally::begin, "group"_a, "What follows belongs to this group.")
      .def("add", &Tally::add, "text"_a)
      .def("words", &Tally::words,
           "text uint8, starts uint64 [n + 1], entry_starts uint64 [n + 1], groups and counts uint32.");
  nb::class_<Replay>(m, "Replay", "Someone else's merges over counted words, with the history of counts.")
      .def(nb::init<Input<uint32_t>, Input<uint64_t>, Input<uint64_t>, Input<uint32_t>, Input<uint32_t>,
                    Input<uint32_t>, size_t, size_t>(),
           "symbols"_a, "starts"_a, "entry_starts"_a, "groups"_a, "counts"_a, "merges"_a, "tokens"_a,
           "n_groups"_a)
      .def("advance", &Replay::advance, "most"_a, "write"_a,
           "Apply up to `most` further merges, and write their changes down or not; returns how many.")
      .def("finish", &Replay::finish, "No more merges: make the history ready for questions.")
      .def("first_pairs", &Replay::first_pairs, "uint64 [groups]: pairs before any merge.")
      .def("pairs", &Replay::pairs, "uint32 [pairs, 2]: the tokens of each pair of the history.")
      .def("merged", &Replay::merged, "uint32 [steps]: the pair merged, 2^32 - 1 where none occurs.")
      .def("token_counts", &Replay::token_counts, "factors"_a, "column_of"_a, "columns"_a,
           "float64 [tokens, columns]: tokens of the words as they stand now.")
      .def("know", &Replay::know, "steps"_a, "pairs"_a, "Rivals that need not be found again.")
      .def("forget", &Replay::forget)
      .def("rivals", &Replay::rivals, "group_weights"_a, "asked"_a, "allowance"_a, "pair_allowance"_a,
           "tolerance"_a, "per_step"_a, "enough"_a,
           "Pairs more frequent than the merged one: steps and pairs, uint32 [n] each; then known.")
      .def("leads", &Replay::leads, "steps"_a, "pairs"_a, "factors"_a, "column_of"_a, "columns"_a,
           "float64 [n, columns]: count of the merged pair less that of the pair (2^32 - 1: of none).")
      .def_prop_ro("n_pairs", &Replay::n_pairs);
  m.def("plain_merges", &plain_merges, "results"_a, "symbols"_a, "starts"_a,
        "uint32 [n, 2]: the two parts that earlier merges leave of each spelling; 2^32 - 1 for none.");
}

}  // namespace tokenworks
