#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>

#include "bind.h"
#include "loading/merges.h"
#include "unicode/categories.h"

namespace nb = nanobind;

namespace tokenworks {
namespace {

using Offsets = nb::ndarray<const uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

nb::ndarray<nb::numpy, uint32_t, nb::shape<-1, 2>> recover(nb::bytes pieces, Offsets offsets) {
  const std::string_view blob(pieces.c_str(), pieces.size());
  if (offsets.size() == 0) throw nb::value_error("offsets need one entry more than tokens");
  std::vector<std::string_view> tokens;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    const uint64_t begin = offsets(i), end = offsets(i + 1);
    if (begin > end || end > blob.size()) throw nb::value_error("offsets run out of the pieces");
    tokens.push_back(blob.substr(begin, end - begin));
  }
  std::vector<std::pair<uint32_t, uint32_t>> merges;
  {
    nb::gil_scoped_release release;
    merges = recover_merges(tokens);
  }
  auto* flat = new uint32_t[merges.size() * 2 + 1];
  for (size_t i = 0; i < merges.size(); ++i) {
    flat[2 * i] = merges[i].first;
    flat[2 * i + 1] = merges[i].second;
  }
  nb::capsule owner(flat, [](void* data) noexcept { delete[] static_cast<uint32_t*>(data); });
  return nb::ndarray<nb::numpy, uint32_t, nb::shape<-1, 2>>(flat, {merges.size(), 2}, owner);
}

nb::bytes character_categories() {
  std::string table(0x110000, '\0');
  for (char32_t c = 0; c < 0x110000; ++c) table[c] = static_cast<char>(category_and_space(c));
  return nb::bytes(table.data(), table.size());
}

}  // namespace

void bind_loading(nb::module_& m) {
  m.def("recover_merges", &recover, nb::arg("pieces"), nb::arg("offsets"),
        "Merges of tokens given in rank order: positions of left and right part, uint32 [m, 2].");
  m.def("character_categories", &character_categories,
        "General category (low five bits) and White_Space (32) of every code point, as bytes.");
}

}  // namespace tokenworks
