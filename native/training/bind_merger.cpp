#include <nanobind/nanobind.h>
#include <nanobind/stl/unique_ptr.h>

#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "bind.h"
#include "training/arrays.h"
#include "training/counter.h"
#include "training/merger.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace tokenworks {

namespace {

// uint64 [m, 4]: left, right and resulting token of each merge, and its count.
using Rows = nb::ndarray<const uint64_t, nb::shape<-1, 4>, nb::c_contig, nb::device::cpu>;

std::vector<training::Merge> merges_of(const Rows& rows) {
  std::vector<training::Merge> merges(rows.shape(0));
  for (size_t i = 0; i < merges.size(); ++i) {
    const uint64_t* row = rows.data() + 4 * i;
    merges[i] = {static_cast<uint32_t>(row[0]), static_cast<uint32_t>(row[1]),
                 static_cast<uint32_t>(row[2]), row[3]};
  }
  return merges;
}

// The learned merges, gathered as they come.
class Learner {
 public:
  template <class Symbol>
  static std::unique_ptr<Learner> make(Input<Symbol> symbols, Input<uint64_t> starts,
                                       Input<uint64_t> counts, Input<int64_t> symbol_of,
                                       Input<uint8_t> strings, Input<uint64_t> string_starts,
                                       const training::MergerOptions& options) {
    check(view(symbols), view(starts), view(counts));
    check(view(symbol_of), string_starts.size());
    for (const Symbol symbol : view(symbols)) {
      if (symbol >= symbol_of.size()) throw nb::value_error("a symbol is not in symbol_of");
    }
    nb::gil_scoped_release release;
    training::TokenStrings known = spelled(strings, string_starts);
    training::Corpus corpus(view(symbols), view(starts), view(counts), view(symbol_of),
                            narrow(known, options));
    return std::make_unique<Learner>(std::move(corpus), std::move(known), options);
  }

  // The same from the words of a finished counter, which are then forgotten there.
  static std::unique_ptr<Learner> of_counts(training::Counter& counter, uint64_t least,
                                            unsigned symbol_bytes, const Input<int64_t>& symbol_of,
                                            const Input<uint8_t>& strings,
                                            const Input<uint64_t>& string_starts,
                                            const training::MergerOptions& options,
                                            std::vector<training::Merge> before) {
    check(view(symbol_of), string_starts.size());
    if (symbol_bytes != 1 && symbol_bytes != 4) throw nb::value_error("symbols take 1 or 4 bytes");
    nb::gil_scoped_release release;
    training::TokenStrings known = spelled(strings, string_starts);
    check(before, known);
    training::Corpus corpus(counter, least, counter.held(), symbol_bytes, view(symbol_of),
                            narrow(known, options));
    counter.forget();
    return std::make_unique<Learner>(std::move(corpus), std::move(known), options,
                                     std::move(before));
  }

  Learner(training::Corpus corpus, training::TokenStrings strings,
          const training::MergerOptions& options, std::vector<training::Merge> before = {})
      : merger_(std::move(corpus), std::move(strings), options, before),
        merges_(std::move(before)) {}

  size_t run(size_t most, double seconds) {
    using Clock = std::chrono::steady_clock;
    nb::gil_scoped_release release;
    const auto enough = std::chrono::duration<double>(seconds);
    const auto begun = Clock::now();
    size_t done = 0;
    for (; done < most && (done == 0 || Clock::now() - begun < enough); ++done) {
      const auto merge = merger_.next();
      if (!merge) break;
      merges_.push_back(*merge);
    }
    return done;
  }

  auto merges() const {
    std::vector<uint32_t> out;
    out.reserve(merges_.size() * 3);
    for (const auto& m : merges_) out.insert(out.end(), {m.left, m.right, m.token});
    return give(std::move(out), {merges_.size(), 3});
  }
  auto counts() const {
    std::vector<uint64_t> out;
    out.reserve(merges_.size());
    for (const auto& m : merges_) out.push_back(m.count);
    return give(std::move(out));
  }

 private:
  static training::TokenStrings spelled(const Input<uint8_t>& strings,
                                        const Input<uint64_t>& starts) {
    training::TokenStrings known;
    const auto* begin = reinterpret_cast<const char*>(strings.data());
    for (size_t i = 0; i + 1 < starts.size(); ++i) {
      known.add({begin + starts.data()[i], begin + starts.data()[i + 1]});
    }
    return known;
  }
  // Whether slots of two bytes will do: to the end, or until the corpus is widened on the way.
  static bool narrow(const training::TokenStrings& known, const training::MergerOptions& options) {
    return known.size() <= training::kMaxNarrowTokens &&
           (options.memory || options.vocab_size <= training::kMaxNarrowTokens);
  }
  // Merges of another vocabulary are refused before anything is taken from the counter.
  static void check(const std::vector<training::Merge>& before, training::TokenStrings known) {
    for (const training::Merge& merge : before) {
      if (merge.left >= known.size() || merge.right >= known.size() ||
          known.join(merge.left, merge.right).first != merge.token) {
        throw nb::value_error("the merges are of another vocabulary");
      }
    }
  }
  template <class Symbol>
  static void check(std::span<const Symbol> symbols, std::span<const uint64_t> starts,
                    std::span<const uint64_t> counts) {
    if (starts.size() != counts.size() + 1 || starts.back() != symbols.size() || starts[0] != 0) {
      throw nb::value_error("starts must hold one offset more than counts, from 0 to len(symbols)");
    }
    for (size_t i = 0; i + 1 < starts.size(); ++i) {
      if (starts[i] > starts[i + 1]) throw nb::value_error("starts must not fall");
    }
  }
  static void check(std::span<const int64_t> symbol_of, size_t strings) {
    for (const int64_t token : symbol_of) {
      if (token >= 0 && static_cast<size_t>(token) + 1 >= strings) {
        throw nb::value_error("symbol_of names a token without a string");
      }
    }
  }

  training::Merger merger_;
  std::vector<training::Merge> merges_;
};

template <class Symbol>
std::unique_ptr<Learner> make_learner(Input<Symbol> symbols, Input<uint64_t> starts,
                                      Input<uint64_t> counts, Input<int64_t> symbol_of,
                                      Input<uint8_t> strings, Input<uint64_t> string_starts,
                                      uint64_t vocab_size, uint64_t min_frequency,
                                      uint64_t max_token_length, uint64_t threshold,
                                      uint64_t max_words, bool veto_colon_space, bool reuse,
                                      uint64_t memory) {
  return Learner::make<Symbol>(symbols, starts, counts, symbol_of, strings, string_starts,
                               {vocab_size, min_frequency, max_token_length, threshold, max_words,
                                veto_colon_space, reuse, memory});
}

std::unique_ptr<Learner> learner_of_counts(training::Counter& counter, uint64_t least,
                                           unsigned symbol_bytes, Input<int64_t> symbol_of,
                                           Input<uint8_t> strings, Input<uint64_t> string_starts,
                                           uint64_t vocab_size, uint64_t min_frequency,
                                           uint64_t max_token_length, uint64_t max_words,
                                           bool veto_colon_space, bool reuse, uint64_t memory,
                                           const Rows& before) {
  return Learner::of_counts(counter, least, symbol_bytes, symbol_of, strings, string_starts,
                            {vocab_size, min_frequency, max_token_length, 0, max_words,
                             veto_colon_space, reuse, memory},
                            merges_of(before));
}

}  // namespace

void bind_merger(nb::module_& m) {
  nb::class_<Learner>(m, "Learner",
                      "Learns merges over distinct words; run() continues where it stopped.")
      .def("run", &Learner::run, "most"_a, "seconds"_a = 3600.0,
           "Learn up to `most` merges, or for so long; returns how many, 0 at the end.")
      .def("merges", &Learner::merges, "uint32 [m, 3]: left, right and resulting token.")
      .def("counts", &Learner::counts, "uint64 [m]: count of each pair when it was merged.");
  const auto define = [&]<class Symbol>(Symbol) {
    m.def("learner", &make_learner<Symbol>, "symbols"_a.noconvert(), "starts"_a, "counts"_a,
          "symbol_of"_a, "strings"_a, "string_starts"_a, "vocab_size"_a, "min_frequency"_a = 0,
          "max_token_length"_a = 0, "threshold"_a = 0,
          "max_words"_a = 0, "veto_colon_space"_a = false, "reuse"_a = true, "memory"_a = 0);
  };
  m.def("learner_of_counts", &learner_of_counts, "counter"_a, "least"_a, "symbol_bytes"_a,
        "symbol_of"_a, "strings"_a, "string_starts"_a, "vocab_size"_a, "min_frequency"_a,
        "max_token_length"_a, "max_words"_a, "veto_colon_space"_a, "reuse"_a, "memory"_a,
        "before"_a,
        "The learner of a finished counter's words, which are forgotten there; `before`, uint64 [m, 4], "
        "are left, right, token and count of the first merges, learned from the same words.");
  define(uint8_t{});
  define(uint32_t{});
}

}  // namespace tokenworks
