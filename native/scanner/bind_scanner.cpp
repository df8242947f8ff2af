#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>


#include "bind.h"
#include "scanner/scanner.h"

namespace nb = nanobind;

namespace tokenworks {

void bind_scanner(nb::module_& m) {
  m.def(
      "pattern_names",
      [] {
        nb::dict out;
        for (const auto& p : scanner::named_patterns()) {
          out[nb::str(p.name.data(), p.name.size())] = nb::str(p.regex.data(), p.regex.size());
        }
        return out;
      },
      "Every natively compiled pretoken pattern: name -> regex.");
  m.def(
      "knows_pattern",
      [](std::string_view pattern) { return scanner::find_pattern(pattern).has_value(); },
      nb::arg("pattern"), "Whether a pattern, by name or regex, has a native scanner.");
  m.def(
      "find_matches",
      [](std::string_view pattern, std::string_view text) {
        const auto id = scanner::find_pattern(pattern);
        if (!id) throw nb::value_error("no native scanner for this pattern");
        if (text.size() >= UINT32_MAX) throw nb::value_error("text of 4 GiB or more");
        auto* spans = new std::vector<Span>();
        nb::capsule owner(spans, [](void* p) noexcept { delete static_cast<std::vector<Span>*>(p); });
        {
          nb::gil_scoped_release release;
          scanner::find_matches(*id, text, *spans);
        }
        const size_t n = spans->size();
        return nb::ndarray<nb::numpy, uint32_t>(spans->data(), {n, 2}, owner);
      },
      nb::arg("pattern"), nb::arg("text"),
      "Byte spans [n, 2] of the matches of a natively compiled pattern in a text.");
}

}  // namespace tokenworks
