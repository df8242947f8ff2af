#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unique_ptr.h>

#include "bind.h"
#include "encoder/encoder.h"

namespace nb = nanobind;

namespace tokenworks {
namespace {

nb::ndarray<nb::numpy, uint32_t, nb::ndim<1>> to_numpy(const IdBuffer& ids) {
  auto* data = new uint32_t[ids.size() + 1];
  if (ids.size()) std::memcpy(data, ids.data(), ids.size() * sizeof(uint32_t));
  nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<uint32_t*>(p); });
  return nb::ndarray<nb::numpy, uint32_t, nb::ndim<1>>(data, {ids.size()}, owner);
}

std::unique_ptr<Encoder> probe(nb::bytes blob, nb::ndarray<uint64_t, nb::ndim<1>, nb::c_contig> offsets,
                               nb::ndarray<uint32_t, nb::ndim<1>, nb::c_contig> ids,
                               nb::ndarray<uint32_t, nb::shape<-1, 2>, nb::c_contig> merges,
                               bool ignore_merges, std::string pattern) {
  std::vector<std::array<uint32_t, 2>> pairs(merges.shape(0));
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = {merges.data()[2 * i], merges.data()[2 * i + 1]};
  BpeOptions options;
  options.byte_level = true;
  options.ignore_merges = ignore_merges;
  auto bpe = std::make_unique<Bpe>(
      Vocabulary(std::string(blob.c_str(), blob.size()),
                 std::vector<uint64_t>(offsets.data(), offsets.data() + offsets.shape(0))),
      std::vector<uint32_t>(ids.data(), ids.data() + ids.shape(0)), pairs, std::vector<uint32_t>{},
      options);
  return std::make_unique<Encoder>(std::move(bpe), nullptr, scanner::find_pattern(pattern));
}

}  // namespace

void bind_encoder(nb::module_& m) {
  nb::class_<Encoder>(m, "Encoder")
      .def_static("probe", &probe)
      .def("encode", [](const Encoder& encoder, std::string_view text) {
        auto w = encoder.workspaces().borrow();
        w->ids.clear();
        {
          nb::gil_scoped_release release;
          encoder.encode(text, SpecialPolicy::kText, *w, w->ids);
        }
        return to_numpy(w->ids);
      });
}

}  // namespace tokenworks
