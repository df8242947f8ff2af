#include <nanobind/ndarray.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>


#include "bind.h"
#include "loading/json_items.h"
#include "loading/merges.h"
#include "unicode/categories.h"
#include "unicode/validate.h"

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

using Pairs = nb::ndarray<const uint32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

nb::tuple byte_level_items(nb::bytes pieces, Offsets offsets, Pairs merges, std::string_view item,
                           std::string_view colon, std::string_view opening,
                           std::string_view inner, std::string_view closing) {
  const std::string_view blob(pieces.c_str(), pieces.size());
  const std::span<const uint64_t> starts(offsets.data(), offsets.size());
  const std::span<const uint32_t> pairs(merges.data(), merges.size());
  if (starts.empty() || merges.shape(1) != 2) throw nb::value_error("arrays of a wrong shape");
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    if (starts[i] > starts[i + 1] || starts[i + 1] > blob.size()) {
      throw nb::value_error("offsets run out of the pieces");
    }
  }
  for (const uint32_t index : pairs) {
    if (index + 1 >= starts.size()) throw nb::value_error("a merge names a piece that is not there");
  }
  const JsonSpacing spacing{item, colon, opening, inner, closing};
  std::string vocabulary, rules;
  {
    nb::gil_scoped_release release;
    vocabulary = vocabulary_items(blob, starts, spacing);
    rules = merge_items(blob, starts, pairs, spacing);
  }
  return nb::make_tuple(nb::bytes(vocabulary.data(), vocabulary.size()),
                        nb::bytes(rules.data(), rules.size()));
}

const uint8_t* bytes_of(const nb::bytes& data) {
  return reinterpret_cast<const uint8_t*>(data.c_str());
}

bool is_utf8(const nb::bytes& data) {
  nb::gil_scoped_release release;
  return valid_utf8(bytes_of(data), data.size());
}

size_t newlines(const nb::bytes& data) {
  nb::gil_scoped_release release;
  return count_newlines(bytes_of(data), data.size());
}

}  // namespace

void bind_loading(nb::module_& m) {
  m.def("recover_merges", &recover, nb::arg("pieces"), nb::arg("offsets"),
        "Merges of tokens given in rank order: positions of left and right part, uint32 [m, 2].");
  m.def("byte_level_items", &byte_level_items, nb::arg("pieces"), nb::arg("offsets"),
        nb::arg("merges"), nb::arg("item"), nb::arg("colon"), nb::arg("opening"), nb::arg("inner"),
        nb::arg("closing"),
        "The items of a vocabulary and of its merges as they stand in a tokenizer.json, UTF-8.");
  m.def("is_utf8", &is_utf8, nb::arg("data"), "Whether bytes are UTF-8.");
  m.def("count_newlines", &newlines, nb::arg("data"), "The number of line feeds.");
  m.def("character_categories", &character_categories,
        "General category (low five bits) and White_Space (32) of every code point, as bytes.");
}

}  // namespace tokenworks
