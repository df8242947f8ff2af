#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/unordered_set.h>
#include <nanobind/stl/vector.h>

#include "bind.h"
#include "models/unigram.h"
#include "models/wordpiece.h"

namespace nb = nanobind;

namespace tokenworks {
namespace {

std::vector<std::string_view> views(const std::vector<nb::bytes>& pieces) {
  std::vector<std::string_view> out;
  for (const nb::bytes& piece : pieces) out.emplace_back(piece.c_str(), piece.size());
  return out;
}

nb::tuple encode(const Model& model, const nb::bytes& pretoken) {
  std::vector<uint32_t> ids, ends;
  const std::string_view text(pretoken.c_str(), pretoken.size());
  {
    nb::gil_scoped_release release;
    model.encode(text, ids, &ends);
  }
  return nb::make_tuple(nb::cast(ids), nb::cast(ends));
}

}  // namespace

void bind_models(nb::module_& m) {
  nb::class_<Model>(m, "Model", "One model on its own, to look at what it does to a pretoken.")
      .def("encode", &encode, nb::arg("pretoken"), "The ids of a pretoken, and where each ends.");
  m.def(
      "unigram",
      [](const std::vector<nb::bytes>& pieces, const std::vector<uint32_t>& ids,
         const std::vector<double>& scores, std::optional<uint32_t> unk_id, bool byte_fallback,
         const std::string& flavour, const std::unordered_set<uint32_t>& user_defined,
         const std::unordered_set<uint32_t>& unused) {
        return make_unigram(views(pieces), ids, scores,
                            {unk_id, byte_fallback, flavour == "sentencepiece", user_defined, unused});
      },
      nb::arg("pieces"), nb::arg("ids"), nb::arg("scores"), nb::arg("unk_id").none(),
      nb::arg("byte_fallback") = false, nb::arg("flavour") = "tokenizers",
      nb::arg("user_defined") = nb::make_tuple(), nb::arg("unused") = nb::make_tuple());
  m.def(
      "wordpiece",
      [](const std::vector<nb::bytes>& pieces, const std::vector<uint32_t>& ids, uint32_t unk_id,
         const std::string& prefix, size_t max_input_chars_per_word) {
        return make_wordpiece(views(pieces), ids, {unk_id, prefix, max_input_chars_per_word});
      },
      nb::arg("pieces"), nb::arg("ids"), nb::arg("unk_id"),
      nb::arg("continuing_subword_prefix") = "##", nb::arg("max_input_chars_per_word") = 100);
}

}  // namespace tokenworks
