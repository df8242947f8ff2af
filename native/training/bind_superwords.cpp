#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unique_ptr.h>

#include <memory>
#include <string>
#include <vector>

#include "bind.h"
#include "training/arrays.h"
#include "training/superwords.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace tokenworks {

namespace {

using training::SuperwordJoiner;

std::unique_ptr<SuperwordJoiner> make(const std::string& pattern, const Input<uint32_t>& lengths,
                                      const Input<uint32_t>& eligible, const Input<uint32_t>& special,
                                      const Input<uint32_t>& merges) {
  std::optional<scanner::PatternId> id;
  if (!pattern.empty()) {
    id = scanner::find_pattern(pattern);
    if (!id) throw nb::value_error("no native scanner for this pattern");
  }
  const size_t n = lengths.size();
  const auto marks = [n](const Input<uint32_t>& ids) {
    std::vector<bool> marked(n);
    for (const uint32_t one : view(ids)) {
      if (one >= n) throw nb::value_error("an id has no length");
      marked[one] = true;
    }
    return marked;
  };
  if (merges.size() % 3) throw nb::value_error("merges come as left, right, token");
  std::vector<training::SuperwordMerge> rules;
  for (size_t i = 0; i < merges.size(); i += 3) {
    const uint32_t* m = merges.data() + i;
    if (m[0] >= n || m[1] >= n || m[2] >= n) throw nb::value_error("a merge names an unknown id");
    rules.push_back({m[0], m[1], m[2]});
  }
  return std::make_unique<SuperwordJoiner>(id, std::vector<uint32_t>(lengths.data(), lengths.data() + n),
                                           marks(eligible), marks(special), rules);
}

nb::tuple join(const SuperwordJoiner& joiner, const nb::bytes& text, const Input<uint32_t>& ids,
               const Input<uint64_t>& ends) {
  SuperwordJoiner::Joined out;
  const std::string_view whole{text.c_str(), text.size()};
  bool spelled;
  {
    nb::gil_scoped_release release;
    out.ids.reserve(ids.size());
    out.firsts.reserve(ids.size());
    spelled = joiner.join(whole, view(ids), view(ends), out);
  }
  if (!spelled) throw nb::value_error("the ids do not spell the text");
  return nb::make_tuple(give(std::move(out.ids)), give(std::move(out.firsts)));
}

}  // namespace

void bind_superwords(nb::module_& m) {
  nb::class_<SuperwordJoiner>(m, "SuperwordJoiner", "Joins whole words that stand side by side.")
      .def(nb::new_(&make), "pattern"_a, "lengths"_a, "eligible"_a, "special"_a, "merges"_a)
      .def("join", &join, "text"_a, "ids"_a, "ends"_a,
           "Ids of a text, word by word, as superwords; and the index of the first id of each.");
}

}  // namespace tokenworks
