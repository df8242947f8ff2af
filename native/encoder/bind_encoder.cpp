#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unique_ptr.h>

#include <algorithm>
#include <thread>

#include "bind.h"
#include "encoder/encoder.h"
#include "encoder/python_arrays.h"
#include "encoder/python_lists.h"
#include "encoder/python_text.h"
#include "models/unigram.h"
#include "models/wordpiece.h"
#include "pipeline/factory.h"
#include "scanner/visit.h"

namespace nb = nanobind;

namespace tokenworks {
namespace {

using Offsets = nb::ndarray<const uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<const uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Pairs = nb::ndarray<const uint32_t, nb::shape<-1, 2>, nb::c_contig, nb::device::cpu>;
using Scores = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <class T>
T option(const nb::dict& options, const char* name, T otherwise) {
  if (!options.contains(name) || nb::object(options[name]).is_none()) return otherwise;
  return nb::cast<T>(options[name]);
}

std::vector<uint32_t> id_list(const nb::dict& options, const char* name) {
  std::vector<uint32_t> out;
  if (options.contains(name)) {
    for (nb::handle item : options[name]) out.push_back(nb::cast<uint32_t>(item));
  }
  return out;
}

std::vector<std::string_view> pieces_of(std::string_view blob, const Offsets& offsets) {
  std::vector<std::string_view> out;
  for (size_t i = 0; i + 1 < offsets.shape(0); ++i) {
    out.push_back(blob.substr(offsets.data()[i], offsets.data()[i + 1] - offsets.data()[i]));
  }
  return out;
}

void check_offsets(const Offsets& offsets, size_t blob_size, size_t ids) {
  const size_t n = offsets.shape(0);
  if (n != ids + 1 || offsets.data()[0] != 0 || offsets.data()[n - 1] != blob_size) {
    throw std::invalid_argument("offsets must have one entry more than there are ids and end at the "
                                "size of the pieces");
  }
  for (size_t i = 0; i + 1 < n; ++i) {
    if (offsets.data()[i] > offsets.data()[i + 1]) throw std::invalid_argument("offsets must not decrease");
  }
}

std::unique_ptr<Model> make_bpe(std::string_view blob, const Offsets& offsets, const Numbers& ids,
                                const Pairs& merges, const nb::dict& options) {
  BpeOptions o;
  o.byte_level = option(options, "byte_level", false);
  o.ignore_merges = option(options, "ignore_merges", false);
  o.byte_fallback = option(options, "byte_fallback", false);
  o.fuse_unk = option(options, "fuse_unk", false);
  o.unk_id = option<int64_t>(options, "unk_id", -1);
  o.continuing_subword_prefix = option<std::string>(options, "continuing_subword_prefix", "");
  o.end_of_word_suffix = option<std::string>(options, "end_of_word_suffix", "");
  o.user_defined = id_list(options, "user_defined");
  o.unused = id_list(options, "unused");
  std::vector<std::array<uint32_t, 2>> pairs(merges.shape(0));
  if (!pairs.empty()) std::memcpy(pairs.data(), merges.data(), pairs.size() * sizeof pairs[0]);
  std::vector<uint32_t> ranks;
  if (options.contains("merge_ranks") && !nb::object(options["merge_ranks"]).is_none()) {
    const auto given = nb::cast<Numbers>(options["merge_ranks"]);
    ranks.assign(given.data(), given.data() + given.shape(0));
  }
  return std::make_unique<Bpe>(
      Vocabulary(std::string(blob),
                 std::vector<uint64_t>(offsets.data(), offsets.data() + offsets.shape(0))),
      std::vector<uint32_t>(ids.data(), ids.data() + ids.shape(0)), pairs, std::move(ranks),
      std::move(o));
}

// The pattern of a pretokenizer that only cuts normalized text where a native scanner would.
std::optional<scanner::PatternId> direct_pattern(nb::handle normalizer, nb::handle pretokenizer) {
  const size_t n = nb::len(pretokenizer);
  if (n != 1 && n != 2) return std::nullopt;
  const auto text = [](nb::handle step, const char* name) -> std::string {
    const nb::object value = step.attr("get")(name);
    return nb::isinstance<nb::str>(value) ? nb::cast<std::string>(value) : std::string();
  };
  const auto flag = [](nb::handle step, const char* name, bool otherwise) {
    const nb::object value = step.attr("get")(name);
    return value.is_none() ? otherwise : nb::cast<bool>(value);
  };
  for (nb::handle step : normalizer) {
    if (text(step, "type") == "ByteLevel") return std::nullopt;  // the text is in byte characters
  }
  const nb::object last = pretokenizer[n - 1];
  if (text(last, "type") != "ByteLevel" || flag(last, "add_prefix_space", true)) return std::nullopt;
  if (n == 1) {
    if (flag(last, "use_regex", true)) return scanner::PatternId::kGpt2;
    return std::nullopt;
  }
  const nb::object first = pretokenizer[0];
  if (text(first, "type") != "Split" || text(first, "behavior") != "Isolated" ||
      flag(first, "invert", false) || flag(last, "use_regex", true)) {
    return std::nullopt;
  }
  const std::string regex = text(first.attr("get")("pattern"), "Regex");
  const auto found = scanner::find_pattern(regex);
  if (!found || !scanner::visit_total(*found, [](auto) {})) return std::nullopt;
  return found;
}

// All but a few ids of strange vocabularies are below this.
size_t usual_ids(const std::vector<uint32_t>& ids) {
  const size_t last = ids.empty() ? 0 : *std::max_element(ids.begin(), ids.end());
  return std::min(last + 1, 2 * ids.size());
}

std::unique_ptr<Encoder> make_encoder(std::string_view kind, nb::bytes blob, Offsets offsets,
                                      Numbers ids, Pairs merges, Scores scores, nb::dict options,
                                      nb::object normalizer, nb::object pretokenizer,
                                      nb::object added, nb::object split) {
  const std::string_view pieces(blob.c_str(), blob.size());
  check_offsets(offsets, pieces.size(), ids.shape(0));
  const std::vector<uint32_t> id_vector(ids.data(), ids.data() + ids.shape(0));
  const bool byte_level = option(options, "byte_level", false);
  std::unique_ptr<Model> model;
  std::optional<scanner::PatternId> direct;
  if (kind == "bpe") {
    model = make_bpe(pieces, offsets, ids, merges, options);
    if (byte_level) direct = direct_pattern(normalizer, pretokenizer);
  } else if (kind == "unigram") {
    UnigramOptions o;
    if (const auto unk = option<int64_t>(options, "unk_id", -1); unk >= 0) {
      o.unk_id = static_cast<uint32_t>(unk);
    }
    o.byte_fallback = option(options, "byte_fallback", false);
    o.sentencepiece = option<std::string>(options, "flavour", "tokenizers") == "sentencepiece";
    for (uint32_t id : id_list(options, "user_defined")) o.user_defined.insert(id);
    for (uint32_t id : id_list(options, "unused")) o.unused.insert(id);
    model = make_unigram(pieces_of(pieces, offsets), id_vector,
                         std::vector<double>(scores.data(), scores.data() + scores.shape(0)), o);
  } else if (kind == "wordpiece") {
    WordPieceOptions o;
    o.unk_id = static_cast<uint32_t>(option<int64_t>(options, "unk_id", 0));
    o.continuing_subword_prefix = option<std::string>(options, "continuing_subword_prefix", "##");
    o.max_input_chars_per_word =
        static_cast<size_t>(option<int64_t>(options, "max_input_chars_per_word", 100));
    model = make_wordpiece(pieces_of(pieces, offsets), id_vector, o);
  } else {
    throw std::invalid_argument("kind must be 'bpe', 'unigram' or 'wordpiece'");
  }
  return std::make_unique<Encoder>(std::move(model),
                                   make_pipeline(normalizer, pretokenizer, added, split, byte_level),
                                   direct, usual_ids(id_vector));
}

// The ids of a short text lie in a buffer that is kept; those of others stay where they are written, in an
// array of about the right size.
constexpr size_t kShortText = 2048;

void encode_into(const Encoder& encoder, const PythonText& text, SpecialPolicy policy, Workspace& w,
                 IdBuffer& ids) {
  nb::gil_scoped_release release;
  const std::string_view utf8 = text.utf8(w.text);
  if (utf8.size() >= kShortText) ids.ensure(utf8.size() / 3);
  encoder.encode(utf8, policy, w, ids);
}

nb::object encode(const Encoder& encoder, nb::handle object, std::string_view specials) {
  const SpecialPolicy policy = parse_policy(specials);
  const PythonText text(object);
  auto w = encoder.workspaces().borrow();
  IdBuffer own;
  const bool is_short = text.size_hint() < kShortText;
  IdBuffer& ids = is_short ? w->ids : own;
  ids.clear();
  encode_into(encoder, text, policy, *w, ids);
  if (is_short) return copy_to_array(ids.data(), ids.size());
  const size_t n = ids.size();
  return to_array(ids.take(), n);
}

nb::object encode_list(const Encoder& encoder, nb::handle object, std::string_view specials) {
  const SpecialPolicy policy = parse_policy(specials);
  const PythonText text(object);
  auto w = encoder.workspaces().borrow();
  w->ids.clear();
  encode_into(encoder, text, policy, *w, w->ids);
  return SharedNumbers::all().list(w->ids.data(), w->ids.size(), encoder.usual_ids());
}

nb::tuple encode_spans(const Encoder& encoder, nb::handle object, std::string_view specials) {
  const SpecialPolicy policy = parse_policy(specials);
  const PythonText text(object);
  TextBuffer buffer;
  std::vector<uint32_t> ids;
  std::vector<Span> spans;
  {
    nb::gil_scoped_release release;
    encoder.encode_spans(text.utf8(buffer), policy, ids, spans);
  }
  const size_t n = spans.size();
  auto* flat = new uint32_t[2 * n + 1];
  nb::capsule owner(flat, [](void* p) noexcept { delete[] static_cast<uint32_t*>(p); });
  for (size_t i = 0; i < n; ++i) {
    flat[2 * i] = spans[i].begin;
    flat[2 * i + 1] = spans[i].end;
  }
  return nb::make_tuple(copy_to_array(ids.data(), ids.size()),
                        array_over(flat, NPY_UINT32, {static_cast<npy_intp>(n), 2}, std::move(owner)));
}

Encoder::Batch encode_all(const Encoder& encoder, nb::sequence texts, std::string_view specials,
                          unsigned threads) {
  const SpecialPolicy policy = parse_policy(specials);
  std::vector<PythonText> all;
  std::vector<size_t> sizes;
  std::vector<nb::object> alive;  // a sequence may make its items on the fly
  const size_t n = nb::len(texts);
  all.reserve(n);
  sizes.reserve(n);
  alive.reserve(n);
  for (size_t i = 0; i < n; ++i) {
    alive.push_back(texts[i]);
    all.emplace_back(alive.back());
    sizes.push_back(all.back().size_hint());
  }
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  nb::gil_scoped_release release;
  return encoder.encode_batch(
      sizes, [&](size_t i, Workspace& w) { return all[i].utf8(w.text); }, policy, threads);
}

nb::tuple encode_batch(const Encoder& encoder, nb::sequence texts, std::string_view specials,
                       unsigned threads) {
  Encoder::Batch batch = encode_all(encoder, texts, specials, threads);
  const size_t total = batch.starts.back();
  auto* starts = new std::vector<uint64_t>(std::move(batch.starts));
  nb::capsule owner(starts, [](void* p) noexcept { delete static_cast<std::vector<uint64_t>*>(p); });
  nb::object begins =
      array_over(starts->data(), NPY_UINT64, {static_cast<npy_intp>(starts->size())}, std::move(owner));
  return nb::make_tuple(to_array(std::move(batch.ids), total), std::move(begins));
}

nb::list encode_lists(const Encoder& encoder, nb::sequence texts, std::string_view specials,
                      unsigned threads) {
  const Encoder::Batch batch = encode_all(encoder, texts, specials, threads);
  const CollectorPaused paused;
  nb::list made;
  for (size_t i = 0; i + 1 < batch.starts.size(); ++i) {
    const uint64_t begin = batch.starts[i], end = batch.starts[i + 1];
    made.append(SharedNumbers::all().list(batch.ids.get() + begin, end - begin, encoder.usual_ids()));
  }
  return made;
}

}  // namespace

void bind_encoder(nb::module_& m) {
  import_arrays();
  nb::class_<Encoder>(m, "Encoder", "A whole tokenizer at work. Immutable; safe from any thread.")
      .def(nb::new_(&make_encoder), nb::kw_only(), nb::arg("kind"), nb::arg("pieces"),
           nb::arg("offsets"), nb::arg("ids"), nb::arg("merges"), nb::arg("scores"),
           nb::arg("options"), nb::arg("normalizer"), nb::arg("pretokenizer"), nb::arg("added"),
           nb::arg("split") = nb::none())
      .def("encode", &encode, nb::arg("text"), nb::arg("specials") = "error",
           "The ids of a text, uint32 [n].")
      .def("encode_list", &encode_list, nb::arg("text"), nb::arg("specials") = "error",
           "The ids of a text, a list.")
      .def("encode_lists", &encode_lists, nb::arg("texts"), nb::arg("specials") = "error",
           nb::arg("threads") = 0, "The ids of many texts, a list for each.")
      .def("encode_spans", &encode_spans, nb::arg("text"), nb::arg("specials") = "error",
           "The ids of a text and the byte span of each in it, uint32 [n] and [n, 2].")
      .def("encode_batch", &encode_batch, nb::arg("texts"), nb::arg("specials") = "error",
           nb::arg("threads") = 0,
           "The ids of many texts end to end, uint32 [total], and where each begins, "
           "uint64 [len + 1].");
}

}  // namespace tokenworks
