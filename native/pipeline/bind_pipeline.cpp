#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unique_ptr.h>

#include <exception>

#include "bind.h"
#include "pipeline/factory.h"

namespace nb = nanobind;

namespace tokenworks {
namespace {

// A pipeline on its own, to look at what a tokenizer does to a text before its model.
class PipelineInspector {
 public:
  PipelineInspector(nb::handle normalizer, nb::handle pretokenizer, nb::handle added,
                    nb::handle split, bool byte_level)
      : pipeline_(make_pipeline(normalizer, pretokenizer, added, split, byte_level)) {}

  nb::list run(std::string_view text, std::string_view specials, bool track) const {
    const SpecialPolicy policy = parse_policy(specials);
    std::vector<Pretoken> pretokens;
    {
      nb::gil_scoped_release release;
      pipeline_->run(text, policy, track, pretokens);
    }
    nb::list out;
    for (const Pretoken& p : pretokens) {
      nb::list spans;
      for (const Span s : p.text.origin) spans.append(nb::make_tuple(s.begin, s.end));
      out.append(nb::make_tuple(nb::bytes(p.text.text.data(), p.text.text.size()),
                                p.added_id < 0 ? nb::none() : nb::object(nb::int_(p.added_id)),
                                spans));
    }
    return out;
  }

 private:
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace

void bind_pipeline(nb::module_& m) {
  static PyObject* special_error =
      nb::exception<SpecialTokenError>(m, "SpecialTokenError", PyExc_ValueError).ptr();
  // Registered last, so asked first: args are the content and the byte position.
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    try {
      std::rethrow_exception(p);
    } catch (const SpecialTokenError& e) {
      const nb::tuple args = nb::make_tuple(
          nb::str(e.content().data(), e.content().size()), e.position());
      PyErr_SetObject(special_error, args.ptr());
    }
  });
  nb::exception<UnsupportedStepError>(m, "UnsupportedStepError", PyExc_ValueError);
  nb::class_<PipelineInspector>(
      m, "Pipeline", "What a tokenizer does to a text before its model sees it.")
      .def(nb::init<nb::handle, nb::handle, nb::handle, nb::handle, bool>(), nb::arg("normalizer"),
           nb::arg("pretokenizer"), nb::arg("added") = nb::make_tuple(),
           nb::arg("split") = nb::none(), nb::arg("byte_level") = false)
      .def("run", &PipelineInspector::run, nb::arg("text"), nb::arg("specials") = "allow",
           nb::arg("track") = true,
           "The pretokens of `text` as (bytes, added id or None, span in the text of each byte).");
}

}  // namespace tokenworks
