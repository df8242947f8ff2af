#include "pipeline/factory.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <utility>

#include "pipeline/base64.h"
#include "pipeline/step_pipeline.h"
#include "unicode/utf8.h"

namespace nb = nanobind;

namespace tokenworks {
namespace {

constexpr std::string_view kNormalizers =
    "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Replace, Prepend, Nmt, BertNormalizer, "
    "ByteLevel, Precompiled, SentencePieceSpaces";
constexpr std::string_view kPretokenizers =
    "ByteLevel, Whitespace, WhitespaceSplit, BertPreTokenizer, Metaspace, CharDelimiterSplit, "
    "Punctuation, Digits, Split, UnicodeScripts, FixedLength";

// Calls Python for the matches of a pattern; needs no GIL held.
class CallbackMatcher final : public Matcher {
 public:
  CallbackMatcher(nb::object split, std::string pattern)
      : split_(std::move(split)), pattern_(std::move(pattern)) {}
  ~CallbackMatcher() override {
    nb::gil_scoped_acquire gil;
    split_.reset();
  }
  CallbackMatcher(const CallbackMatcher&) = delete;
  CallbackMatcher& operator=(const CallbackMatcher&) = delete;

  void find(std::string_view text, std::vector<Span>& matches) const override {
    nb::gil_scoped_acquire gil;
    const nb::object found = split_(pattern_, nb::str(text.data(), text.size()));
    const auto* s = reinterpret_cast<const uint8_t*>(text.data());
    size_t characters = 0, bytes = 0;
    const auto byte_of = [&](size_t character) {
      while (characters < character && bytes < text.size()) {
        bytes += decode(s, text.size(), bytes).length;
        ++characters;
      }
      return static_cast<uint32_t>(bytes);
    };
    for (nb::handle span : found) {
      const auto begin = byte_of(nb::cast<size_t>(span[0]));
      matches.push_back({begin, byte_of(nb::cast<size_t>(span[1]))});
    }
  }

 private:
  nb::object split_;
  std::string pattern_;
};

// Typed reading of one step's fields, with errors that say where.
class StepReader {
 public:
  StepReader(nb::handle step, std::string where) : step_(step), where_(std::move(where)) {
    type_ = text("type");
    where_ += " (" + type_ + ")";
  }

  const std::string& type() const { return type_; }
  [[noreturn]] void reject(const std::string& why) const {
    throw std::invalid_argument(where_ + ": " + why);
  }

  bool has(const char* name) const {
    return PyMapping_HasKeyString(step_.ptr(), name) && !nb::object(step_[name]).is_none();
  }
  bool flag(const char* name, bool fallback) const {
    if (!has(name)) return fallback;
    bool value;
    if (!nb::try_cast(step_[name], value)) reject(std::string(name) + " must be true or false");
    return value;
  }
  std::string text(const char* name) const {
    std::string value;
    if (!has(name)) reject(std::string("field ") + name + " is missing");
    if (!nb::try_cast(step_[name], value)) reject(std::string(name) + " must be a string");
    return value;
  }
  char32_t character(const char* name) const {
    const std::string value = text(name);
    const auto* s = reinterpret_cast<const uint8_t*>(value.data());
    if (!value.empty()) {
      const Character c = decode(s, value.size(), 0);
      if (c.length == value.size() && c.code != kInvalid) return c.code;
    }
    reject(std::string(name) + " must be one character, got \"" + value + "\"");
  }
  size_t count(const char* name, size_t fallback) const {
    if (!has(name)) return fallback;
    size_t value = 0;
    if (!nb::try_cast(step_[name], value) || value == 0) {
      reject(std::string(name) + " must be a positive whole number");
    }
    return value;
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> out;
    if (!has(name)) return out;
    for (nb::handle item : nb::object(step_[name])) {
      std::string value;
      if (!nb::try_cast(item, value)) reject(std::string(name) + " must be a list of strings");
      out.push_back(std::move(value));
    }
    return out;
  }
  // Base64 text, or bytes as they are.
  std::string blob(const char* name) const {
    if (!has(name)) return {};
    const nb::object value = step_[name];
    if (nb::isinstance<nb::bytes>(value)) {
      const auto bytes = nb::cast<nb::bytes>(value);
      return {bytes.c_str(), bytes.size()};
    }
    auto decoded = decode_base64(text(name));
    if (!decoded) reject(std::string(name) + " is not valid base64");
    return std::move(*decoded);
  }

  // {"String": ...} or {"Regex": ...}
  MatcherPtr pattern(nb::handle split) const {
    const nb::object value = has("pattern") ? nb::object(step_["pattern"]) : nb::none();
    std::string text;
    if (nb::isinstance<nb::str>(value)) {
      return literal(nb::cast<std::string>(value), split);
    }
    if (nb::hasattr(value, "keys")) {
      if (PyMapping_HasKeyString(value.ptr(), "String") && nb::try_cast(value["String"], text)) {
        return literal(text, split);
      }
      if (PyMapping_HasKeyString(value.ptr(), "Regex") && nb::try_cast(value["Regex"], text)) {
        if (auto native = make_scanner_matcher(text)) return native;
        return callback(text, split);
      }
    }
    reject("pattern must be {\"String\": ...} or {\"Regex\": ...}");
  }

  Behavior behavior(std::string_view fallback) const {
    std::string name = has("behavior") ? text("behavior") : std::string(fallback);
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    std::erase(name, '_');
    if (name == "removed") return Behavior::kRemoved;
    if (name == "isolated") return Behavior::kIsolated;
    if (name == "mergedwithprevious") return Behavior::kMergedWithPrevious;
    if (name == "mergedwithnext") return Behavior::kMergedWithNext;
    if (name == "contiguous") return Behavior::kContiguous;
    reject("behavior must be Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
  }

 private:
  MatcherPtr literal(const std::string& text, nb::handle split) const {
    // The empty string matches between all characters, which only the regex library does here.
    return text.empty() ? callback(text, split) : make_literal_matcher(text);
  }
  MatcherPtr callback(const std::string& pattern, nb::handle split) const {
    if (split.is_none()) {
      throw UnsupportedStepError(where_ + ": the regex " + pattern +
                                 " has no native scanner, and no split function was given");
    }
    return std::make_unique<CallbackMatcher>(nb::borrow(split), pattern);
  }

  nb::handle step_;
  std::string where_;
  std::string type_;
};

SpaceOptions read_spaces(const StepReader& step) {
  return {step.flag("add_dummy_prefix", true), step.flag("remove_extra_whitespaces", true),
          step.flag("escape_whitespaces", true), step.flag("treat_whitespace_as_suffix", false)};
}

NormalizerPtr read_normalizer(const StepReader& step, nb::handle split) {
  using unicode::Form;
  const std::string& type = step.type();
  if (type == "NFC") return make_unicode_form(Form::kNfc);
  if (type == "NFD") return make_unicode_form(Form::kNfd);
  if (type == "NFKC") return make_unicode_form(Form::kNfkc);
  if (type == "NFKD") return make_unicode_form(Form::kNfkd);
  if (type == "Lowercase") return make_lowercase();
  if (type == "StripAccents") return make_strip_accents();
  if (type == "Strip") {
    return make_strip(step.flag("strip_left", true), step.flag("strip_right", true));
  }
  if (type == "Replace") return make_replace(step.pattern(split), step.text("content"));
  if (type == "Prepend") return make_prepend(step.text("prepend"));
  if (type == "Nmt") return make_nmt();
  if (type == "BertNormalizer") {
    const bool lowercase = step.flag("lowercase", true);
    return make_bert({step.flag("clean_text", true), step.flag("handle_chinese_chars", true),
                      step.flag("strip_accents", lowercase), lowercase});
  }
  if (type == "ByteLevel") return make_byte_characters();
  if (type == "Precompiled") {
    const std::string blob = step.blob("precompiled_charsmap");
    if (!step.has("flavour")) return make_precompiled(blob);
    return make_sentencepiece_map(blob, step.texts("protected"));
  }
  if (type == "SentencePieceSpaces") {
    return make_sentencepiece({}, step.texts("protected"), read_spaces(step));
  }
  throw UnsupportedStepError("normalizer type " + type + " is not known; known are " +
                             std::string(kNormalizers));
}

PretokenizerPtr read_pretokenizer(const StepReader& step, nb::handle split, bool map_bytes) {
  const std::string& type = step.type();
  if (type == "ByteLevel") {
    return make_byte_level(step.flag("add_prefix_space", true), step.flag("use_regex", true),
                           map_bytes);
  }
  if (type == "Whitespace") return make_whitespace();
  if (type == "WhitespaceSplit") return make_whitespace_split();
  if (type == "BertPreTokenizer") return make_bert_pretokenizer();
  if (type == "Metaspace") {
    std::string scheme = step.has("prepend_scheme") ? step.text("prepend_scheme") : "always";
    if (!step.flag("add_prefix_space", true)) scheme = "never";
    if (scheme != "always" && scheme != "first" && scheme != "never") {
      step.reject("prepend_scheme must be always, first or never, got " + scheme);
    }
    return make_metaspace(step.character("replacement"),
                          scheme == "always"  ? PrependScheme::kAlways
                          : scheme == "first" ? PrependScheme::kFirst
                                              : PrependScheme::kNever,
                          step.flag("split", true));
  }
  if (type == "CharDelimiterSplit") return make_character_delimiter(step.character("delimiter"));
  if (type == "Punctuation") return make_punctuation(step.behavior("isolated"));
  if (type == "Digits") return make_digits(step.flag("individual_digits", false));
  if (type == "Split") {
    return make_split(step.pattern(split), step.behavior("removed"), step.flag("invert", false));
  }
  if (type == "UnicodeScripts") return make_unicode_scripts();
  if (type == "FixedLength") return make_fixed_length(step.count("length", 5));
  throw UnsupportedStepError("pretokenizer type " + type + " is not known; known are " +
                             std::string(kPretokenizers));
}

std::vector<StepReader> read_steps(nb::handle steps, const char* what) {
  std::vector<StepReader> out;
  for (nb::handle step : steps) {
    const std::string where = std::string(what) + " step " + std::to_string(out.size() + 1);
    if (!nb::hasattr(step, "keys")) throw std::invalid_argument(where + " is not a mapping");
    out.emplace_back(step, where);
  }
  return out;
}

void read_normalizers(nb::handle normalizer, nb::handle split, Steps& steps) {
  const std::vector<StepReader> readers = read_steps(normalizer, "normalizer");
  for (size_t i = 0; i < readers.size(); ++i) {
    const StepReader& step = readers[i];
    // SentencePiece decides on white space unit by unit of its character map, so that the two
    // steps are one.
    if (step.type() == "Precompiled" && step.has("flavour") && i + 1 < readers.size() &&
        readers[i + 1].type() == "SentencePieceSpaces") {
      steps.normalizers.push_back(make_sentencepiece(
          step.blob("precompiled_charsmap"), step.texts("protected"), read_spaces(readers[i + 1])));
      ++i;
      continue;
    }
    if (step.type() == "ByteLevel") steps.ends_in_characters = true;
    steps.normalizers.push_back(read_normalizer(step, split));
  }
}

void read_pretokenizers(nb::handle pretokenizer, nb::handle split, bool byte_level, Steps& steps) {
  const std::vector<StepReader> readers = read_steps(pretokenizer, "pretokenizer");
  for (size_t i = 0; i < readers.size(); ++i) {
    const StepReader& step = readers[i];
    const bool last = i + 1 == readers.size();
    // Bytes that become characters only to be bytes again at once need not become characters.
    const bool map_bytes = !(byte_level && last && !steps.ends_in_characters);
    steps.pretokenizers.push_back(read_pretokenizer(step, split, map_bytes));
    if (step.type() == "ByteLevel" && map_bytes) steps.ends_in_characters = true;
    if (step.type() == "Metaspace" && step.has("prepend_scheme") &&
        step.text("prepend_scheme") == "first") {
      steps.asks_for_front = true;
    }
  }
}

}  // namespace

std::unique_ptr<Pipeline> make_pipeline(nb::handle normalizer, nb::handle pretokenizer,
                                        nb::handle added, nb::handle split, bool byte_level) {
  Steps steps;
  read_normalizers(normalizer, split, steps);
  read_pretokenizers(pretokenizer, split, byte_level, steps);
  if (!byte_level) steps.ends_in_characters = false;
  size_t position = 0;
  for (nb::handle item : added) {
    AddedTokenSpec token;
    const std::string where = "added token " + std::to_string(++position);
    const auto flag = [&](const char* name) {
      return PyMapping_HasKeyString(item.ptr(), name) && nb::cast<bool>(item[name]);
    };
    if (!nb::hasattr(item, "keys") || !PyMapping_HasKeyString(item.ptr(), "content") ||
        !PyMapping_HasKeyString(item.ptr(), "id") ||
        !nb::try_cast(item["content"], token.content) || !nb::try_cast(item["id"], token.id)) {
      throw std::invalid_argument(where + " needs a content (string) and an id (0 to 2^32-1)");
    }
    token.special = flag("special");
    token.single_word = flag("single_word");
    token.lstrip = flag("lstrip");
    token.rstrip = flag("rstrip");
    token.normalized = flag("normalized");
    steps.added.push_back(std::move(token));
  }
  return std::make_unique<StepPipeline>(std::move(steps));
}

SpecialPolicy parse_policy(std::string_view name) {
  if (name == "error") return SpecialPolicy::kError;
  if (name == "allow") return SpecialPolicy::kAllow;
  if (name == "text") return SpecialPolicy::kText;
  throw std::invalid_argument("specials must be \"error\", \"allow\" or \"text\", got \"" +
                              std::string(name) + "\"");
}

}  // namespace tokenworks
