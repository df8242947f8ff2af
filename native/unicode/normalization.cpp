#include "unicode/normalization.h"

#include <algorithm>
#include <cstring>

#include "unicode/normalization_tables.h"
#include "unicode/utf8.h"

namespace tokenworks::unicode {
namespace {

constexpr char32_t kS = 0xAC00, kL = 0x1100, kV = 0x1161, kT = 0x11A7;
constexpr char32_t kSCount = 11172, kLCount = 19, kVCount = 21, kTCount = 28;

std::span<const char32_t> look_up(const MappingEntry* entries, uint32_t size, const char32_t* text,
                                  char32_t c) {
  const auto* found = std::lower_bound(
      entries, entries + size, c, [](const MappingEntry& e, char32_t code) { return e.code < code; });
  if (found == entries + size || found->code != c) return {};
  return {text + found->begin, text + found[1].begin};
}

// The composite of two characters, or 0.
char32_t compose(char32_t a, char32_t b) {
  if (a - kL < kLCount && b - kV < kVCount) return kS + ((a - kL) * kVCount + b - kV) * kTCount;
  if (a - kS < kSCount && (a - kS) % kTCount == 0 && b > kT && b < kT + kTCount) return a + b - kT;
  const uint64_t pair = static_cast<uint64_t>(a) << 32 | b;
  const auto* end = kCompositions + kCompositionsSize;
  const auto* found = std::lower_bound(
      kCompositions, end, pair, [](const CompositionEntry& e, uint64_t p) { return e.pair < p; });
  return found != end && found->pair == pair ? found->composed : 0;
}

struct Ordered {
  char32_t code;
  int32_t change;
  uint8_t ccc;
};

class Decomposer {
 public:
  explicit Decomposer(bool compatible) : compatible_(compatible) {}

  void add(char32_t c) {
    if (c - kS < kSCount) {
      const char32_t i = c - kS;
      push(kL + i / (kVCount * kTCount), 0);
      push(kV + i % (kVCount * kTCount) / kTCount, 1);
      if (i % kTCount) push(kT + i % kTCount, 1);
      return;
    }
    const CharacterRecord& r = record(c);
    std::span<const char32_t> parts;
    if (compatible_) {
      if (r.flags & kDecomposesCompat) {
        parts = look_up(kCompatible, kCompatibleSize, kCompatibleText, c);
      }
    } else if (r.flags & kDecomposes) {
      parts = look_up(kCanonical, kCanonicalSize, kCanonicalText, c);
    }
    if (parts.empty()) return push(c, 0);
    int32_t change = 0;
    for (char32_t part : parts) {
      push(part, change);
      change = 1;
    }
  }

  std::vector<Ordered>& finish() {
    sort_marks();
    return chars_;
  }

 private:
  void push(char32_t c, int32_t change) {
    const uint8_t ccc = record(c).combining_class;
    if (ccc == 0) sort_marks();
    chars_.push_back({c, change, ccc});
    if (ccc == 0) sorted_ = chars_.size();
  }

  // Canonical ordering of the marks since the last character of class 0.
  void sort_marks() {
    const auto begin = chars_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    if (chars_.end() - begin > 1) {
      std::stable_sort(begin, chars_.end(),
                       [](const Ordered& a, const Ordered& b) { return a.ccc < b.ccc; });
    }
    sorted_ = chars_.size();
  }

  bool compatible_;
  std::vector<Ordered> chars_;
  size_t sorted_ = 0;
};

void recompose(const std::vector<Ordered>& chars, std::vector<Change>& out) {
  std::vector<Change> blocked;  // marks after the starter that did not compose with it
  Change starter{0, 0};
  bool has_starter = false;
  int last_ccc = -1;
  const auto flush = [&] {
    if (has_starter) out.push_back(starter);
    out.insert(out.end(), blocked.begin(), blocked.end());
    blocked.clear();
  };
  for (const Ordered& c : chars) {
    if (!has_starter) {
      if (c.ccc != 0) {
        out.push_back({c.code, c.change});
      } else {
        starter = {c.code, c.change};
        has_starter = true;
      }
      continue;
    }
    if (last_ccc < c.ccc || last_ccc < 0) {
      if (const char32_t composed = compose(starter.code, c.code)) {
        starter = {composed, starter.change + c.change - 1};
        continue;
      }
    }
    if (c.ccc == 0) {
      flush();
      starter = {c.code, c.change};
      last_ccc = -1;
    } else {
      blocked.push_back({c.code, c.change});
      last_ccc = c.ccc;
    }
  }
  flush();
}

uint16_t unstable_flag(Form form) {
  switch (form) {
    case Form::kNfc: return kChangesNfc;
    case Form::kNfd: return kDecomposes;
    case Form::kNfkc: return kChangesNfkc;
    default: return kDecomposesCompat;
  }
}

size_t ascii_end(std::string_view text, size_t i) {
  while (i + 8 <= text.size()) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080u) break;
    i += 8;
  }
  while (i < text.size() && static_cast<uint8_t>(text[i]) < 0x80) ++i;
  return i;
}

// The characters below U+10000 that a form leaves as they are and that begin anew: most text is nothing else.
template <Form kForm>
const CharacterBits& plain_characters() {
  static const CharacterBits plain([](char32_t c) {
    const CharacterRecord& r = record(c);
    return !(r.flags & unstable_flag(kForm)) && r.combining_class == 0;
  });
  return plain;
}
const CharacterBits& plain_characters(Form form) {
  switch (form) {
    case Form::kNfc: return plain_characters<Form::kNfc>();
    case Form::kNfd: return plain_characters<Form::kNfd>();
    case Form::kNfkc: return plain_characters<Form::kNfkc>();
    default: return plain_characters<Form::kNfkd>();
  }
}

// Passes the plain characters of two and three bytes from `i` on, and leaves in `last` where the last of them
// begins; false if there are none.
bool pass_plain(const CharacterBits& plain, const uint8_t* s, size_t n, size_t& i, size_t& last) {
  const size_t begin = i;
  while (i + 4 <= n) {
    const Character c = decode_short(s + i);
    if (c.length == 0 || !plain[c.code]) break;
    last = i;
    i += c.length;
  }
  return i != begin;
}

}  // namespace

Region next_region(std::string_view text, size_t from, Form form) {
  const uint16_t unstable = unstable_flag(form);
  const CharacterBits& plain = plain_characters(form);
  const auto* s = reinterpret_cast<const uint8_t*>(text.data());
  const size_t n = text.size();
  size_t boundary = from;  // begin of the last character of class 0
  uint8_t last_ccc = 0;
  size_t i = from;
  while (i < n) {
    if (s[i] < 0x80) {
      i = ascii_end(text, i);
      boundary = i - 1;
      last_ccc = 0;
      continue;
    }
    if (pass_plain(plain, s, n, i, boundary)) {
      last_ccc = 0;
      continue;
    }
    const Character c = decode(s, n, i);
    const CharacterRecord& r = record(c.code);
    if ((r.flags & unstable) || (r.combining_class != 0 && r.combining_class < last_ccc)) break;
    last_ccc = r.combining_class;
    if (last_ccc == 0) boundary = i;
    i += c.length;
  }
  if (i >= n) return {n, n};
  while (i < n) {
    const Character c = decode(s, n, i);
    const CharacterRecord& r = record(c.code);
    if (r.combining_class == 0 && !(r.flags & unstable)) break;
    i += c.length;
  }
  return {boundary, i};
}

void normalize_region(std::string_view text, Form form, std::vector<Change>& out) {
  Decomposer decomposer(form == Form::kNfkc || form == Form::kNfkd);
  const auto* s = reinterpret_cast<const uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    const Character c = decode(s, text.size(), i);
    decomposer.add(c.code == kInvalid ? 0xFFFD : c.code);
    i += c.length;
  }
  const std::vector<Ordered>& chars = decomposer.finish();
  if (form == Form::kNfc || form == Form::kNfkc) return recompose(chars, out);
  for (const Ordered& c : chars) out.push_back({c.code, c.change});
}

std::span<const char32_t> lower_case(char32_t c) {
  return look_up(kLower, kLowerSize, kLowerText, c);
}

uint16_t script(char32_t c) {
  const auto* found = std::upper_bound(
      kScripts, kScripts + kScriptsSize, c, [](char32_t code, const ScriptRun& r) { return code < r.first; });
  return found[-1].script;
}

}  // namespace tokenworks::unicode
