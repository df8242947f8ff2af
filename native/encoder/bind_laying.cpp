#include <nanobind/ndarray.h>

#include "bind.h"
#include "encoder/laying.h"

namespace nb = nanobind;

namespace tokenworks {
namespace {

template <typename T>
using Array = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <typename T>
std::span<T> span_of(const Array<T>& array) {
  return {array.data(), array.size()};
}

void check_edges(std::span<const int64_t> edges, size_t most, const char* what) {
  int64_t last = 0;
  for (const int64_t edge : edges) {
    if (edge < last || edge > static_cast<int64_t>(most)) throw nb::value_error(what);
    last = edge;
  }
}

nb::bytes lay(Array<const uint8_t> bytes, Array<const int64_t> offsets,
              Array<const int64_t> lengths, Array<const uint32_t> ids, Array<const int64_t> starts,
              Array<const uint8_t> data, Array<const int64_t> begins, Array<uint8_t> cut) {
  if (starts.size() == 0 || starts.size() != begins.size()) {
    throw nb::value_error("starts and begins need one entry more than texts");
  }
  if (offsets.size() != lengths.size()) throw nb::value_error("offsets and lengths differ in size");
  if (cut.size() != data.size() + 1) throw nb::value_error("cut needs one entry more than bytes");
  check_edges(span_of(starts), ids.size(), "starts run out of the ids");
  check_edges(span_of(begins), data.size(), "begins run out of the bytes");
  const Spelled tokens{span_of(bytes), span_of(offsets), span_of(lengths)};
  std::vector<Spelling> found;
  {
    nb::gil_scoped_release release;
    found = lay_tokens(tokens, span_of(ids), span_of(starts), span_of(data), span_of(begins),
                       span_of(cut));
  }
  return nb::bytes(reinterpret_cast<const char*>(found.data()), found.size());
}

void count_ids(Array<const uint32_t> ids, Array<int64_t> counts) {
  const auto given = span_of(ids);
  const auto sums = span_of(counts);
  bool inside = true;
  {
    nb::gil_scoped_release release;
    for (const uint32_t id : given) inside &= id < sums.size();
    if (inside) {
      for (const uint32_t id : given) ++sums[id];
    }
  }
  if (!inside) throw nb::value_error("an id lies beyond the counts");
}

}  // namespace

void bind_laying(nb::module_& m) {
  m.def("lay_tokens", &lay, nb::arg("bytes"), nb::arg("offsets"), nb::arg("lengths"),
        nb::arg("ids"), nb::arg("starts"), nb::arg("data"), nb::arg("begins"), nb::arg("cut"),
        "Mark in cut (uint8 [bytes + 1]) where tokens begin; per text one byte: 0 if the tokens spell "
        "it, 1 if they spell a space before it, 2 otherwise (then nothing is marked).");
  m.def("count_ids", &count_ids, nb::arg("ids"), nb::arg("counts"),
        "Add to counts (int64, one per id) how often each id occurs.");
}

}  // namespace tokenworks
