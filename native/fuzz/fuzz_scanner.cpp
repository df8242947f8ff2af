// Every named pattern over any text: matches lie in order inside the text, on character borders.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "scanner/scanner.h"
#include "unicode/utf8.h"

namespace {

// What the Python layer guarantees: bytes that are no character become U+FFFD.
std::string valid_utf8(const uint8_t* data, size_t size) {
  std::string out;
  for (size_t i = 0; i < size;) {
    const auto character = tokenworks::decode(data, size, i);
    if (character.code == tokenworks::kInvalid) {
      out += "\xEF\xBF\xBD";
    } else {
      out.append(reinterpret_cast<const char*>(data) + i, character.length);
    }
    i += character.length;
  }
  return out;
}

bool on_border(const std::string& text, size_t i) {
  return i == text.size() || (static_cast<uint8_t>(text[i]) & 0xC0) != 0x80;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = valid_utf8(data, size);
  std::vector<tokenworks::Span> matches;
  for (const auto& pattern : tokenworks::scanner::named_patterns()) {
    matches.clear();
    tokenworks::scanner::find_matches(pattern.id, text, matches);
    size_t end = 0;
    for (const auto& match : matches) {
      if (match.begin < end || match.end <= match.begin || match.end > text.size()) std::abort();
      if (!on_border(text, match.begin) || !on_border(text, match.end)) std::abort();
      end = match.end;
    }
  }
  return 0;
}
