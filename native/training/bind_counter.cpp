#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bind.h"
#include "training/arrays.h"
#include "scanner/visit.h"
#include "training/counter.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace tokenworks {

namespace {

using training::Counter;

void check_offsets(std::span<const uint64_t> offsets, size_t size) {
  uint64_t last = 0;
  for (const uint64_t offset : offsets) {
    if (offset < last || offset > size) throw nb::value_error("offsets must rise within the text");
    last = offset;
  }
}

// Text with offsets into it, to a method of the counter that takes both.
template <auto Add>
void add_text(Counter& counter, const nb::bytes& text, const Input<uint64_t>& offsets) {
  check_offsets(view(offsets), text.size());
  const std::string_view whole{text.c_str(), text.size()};
  nb::gil_scoped_release release;
  (counter.*Add)(whole, view(offsets));
}

// Words end to end, where each begins, and their values.
using RunWords = std::tuple<Input<uint8_t>, Input<uint64_t>, Input<uint32_t>>;

std::shared_ptr<const training::WordTable> table_of(const RunWords& words) {
  const auto& [text, starts, values] = words;
  check_offsets(view(starts), text.size());
  if (starts.size() != values.size() + 1) {
    throw nb::value_error("starts must hold one offset more than values");
  }
  auto table = std::make_shared<training::WordTable>();
  std::vector<uint8_t> word;
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t begin = starts.data()[i], end = starts.data()[i + 1];
    if (begin == end) continue;
    word.assign(text.data() + begin, text.data() + end);
    word.resize(end - begin + training::WordTable::kPadding);
    table->at(word.data(), end - begin) = values.data()[i];
  }
  return table;
}

std::unique_ptr<Counter> make(const std::string& pattern, unsigned threads, uint64_t memory,
                              const std::string& run_prefix, uint64_t longest,
                              const std::optional<RunWords>& run_words) {
  training::CounterOptions options{std::nullopt, threads, memory, run_prefix, longest, nullptr};
  if (run_words) options.run_words = table_of(*run_words);
  if (!pattern.empty()) {
    options.pattern = scanner::find_pattern(pattern);
    if (!options.pattern) throw nb::value_error("no native scanner for this pattern");
    if (!scanner::visit_total(*options.pattern, [](auto) {})) {
      throw nb::value_error("this pattern leaves gaps; give the pretokens instead");
    }
  }
  if (longest == 0 || longest > UINT32_MAX) throw nb::value_error("longest is out of range");
  return std::make_unique<Counter>(options);
}

nb::dict finish(Counter& counter, bool keep) {
  training::CountHistogram histogram;
  {
    nb::gil_scoped_release release;
    histogram = counter.finish(keep);
  }
  nb::dict out;
  out["words"] = give(std::move(histogram.words));
  out["bytes"] = give(std::move(histogram.bytes));
  return out;
}

nb::tuple words(const Counter& counter, uint64_t least, uint64_t expected_words,
                uint64_t expected_bytes) {
  std::vector<uint8_t> text;
  std::vector<uint64_t> starts, counts;
  {
    nb::gil_scoped_release release;
    text.reserve(expected_bytes);
    starts.reserve(expected_words + 1);
    counts.reserve(expected_words);
    counter.each(least, [&](const uint8_t* word, size_t length, uint64_t count) {
      starts.push_back(text.size());
      text.insert(text.end(), word, word + length);
      counts.push_back(count);
    });
    starts.push_back(text.size());
  }
  return nb::make_tuple(give(std::move(text)), give(std::move(starts)), give(std::move(counts)));
}

// Hands out the words in parts of about so many bytes. In order where they are on disk or `sorted`.
void each_part(const Counter& counter, uint64_t least, uint64_t bytes, bool sorted,
               const nb::callable& visit) {
  std::vector<uint8_t> text;
  std::vector<uint64_t> starts{0}, counts;
  const auto hand_out = [&] {
    visit(give(std::exchange(text, {})), give(std::exchange(starts, {0})),
          give(std::exchange(counts, {})));
  };
  const training::CountedWord put = [&](const uint8_t* word, size_t length, uint64_t count) {
    text.insert(text.end(), word, word + length);
    starts.push_back(text.size());
    counts.push_back(count);
    if (text.size() + 16 * counts.size() >= bytes) hand_out();
  };
  if (sorted) {
    counter.each_in_order(least, put);
  } else {
    counter.each(least, put);
  }
  if (!counts.empty()) hand_out();
}

nb::dict statistics(Counter& counter) {
  training::CounterStatistics s;
  {
    nb::gil_scoped_release release;
    s = counter.statistics();
  }
  nb::dict out;
  out["bytes"] = s.bytes;
  out["pretokens"] = s.pretokens;
  out["cut"] = s.cut;
  out["spilled_bytes"] = s.spilled_bytes;
  return out;
}

}  // namespace

void bind_counter(nb::module_& m) {
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    try {
      std::rethrow_exception(p);
    } catch (const training::RunError& error) {
      const std::string message = "cannot " + std::string(error.writing ? "write " : "read ") +
                                  error.path + ": " + error.reason;
      PyErr_SetString(PyExc_OSError, message.c_str());
    }
  });
  nb::class_<Counter>(m, "Counter", "Counts the distinct pretokens of documents on several threads.")
      .def(nb::new_(&make), "pattern"_a, "threads"_a = 1, "memory"_a = 0, "run_prefix"_a = "",
           "longest"_a = 65536, "run_words"_a = nb::none())
      .def("add", &add_text<&Counter::add>, "text"_a, "ends"_a,
           "Documents end to end, valid UTF-8, and where each ends.")
      .def("add_pretokens", &add_text<&Counter::add_pretokens>, "text"_a, "spans"_a,
           "A text and begin, end, begin, end, ... of its pretokens in bytes.")
      .def(
          "add_sequences",
          [](Counter& counter, const Input<uint32_t>& symbols, const Input<uint64_t>& starts) {
            check_offsets(view(starts), symbols.size());
            nb::gil_scoped_release release;
            counter.add_sequences(view(symbols), view(starts));
          },
          "symbols"_a, "starts"_a, "Sequences of symbols, counted as four bytes a symbol.")
      .def(
          "add_counts",
          [](Counter& counter, const Input<uint8_t>& text, const Input<uint64_t>& starts,
             const Input<uint64_t>& counts) {
            check_offsets(view(starts), text.size());
            if (starts.size() != counts.size() + 1) {
              throw nb::value_error("starts must hold one offset more than counts");
            }
            nb::gil_scoped_release release;
            counter.add_counts({reinterpret_cast<const char*>(text.data()), text.size()}, view(starts),
                               view(counts));
          },
          "text"_a, "starts"_a, "counts"_a)
      .def("flush", &Counter::flush, nb::call_guard<nb::gil_scoped_release>(),
           "Move all counts to disk; returns the files.")
      .def("adopt", &Counter::adopt, "path"_a)
      .def("finish", &finish, "keep"_a = false,
           "The histogram of counts: words and bytes of those seen 0, 1, 2, ... times.")
      .def("words", &words, "least"_a, "expected_words"_a = 0, "expected_bytes"_a = 0,
           "After finish(): the words seen at least so often, as text, starts and counts.")
      .def("each_part", &each_part, "least"_a, "bytes"_a, "sorted"_a, "visit"_a,
           "After finish(): the words seen at least so often, as text, starts and counts, in parts.")
      .def("forget", &Counter::forget, "After finish(): gives the memory of the counts back.")
      .def("statistics", &statistics)
      .def_prop_ro("runs", &Counter::runs);
}

}  // namespace tokenworks
