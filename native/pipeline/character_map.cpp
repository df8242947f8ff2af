#include "pipeline/character_map.h"

#include <algorithm>
#include <stdexcept>

#include "unicode/utf8.h"

namespace tokenworks {
namespace {

[[noreturn]] void reject(const std::string& why) {
  throw std::invalid_argument("Precompiled: precompiled_charsmap " + why);
}

uint32_t little_endian(const char* p) {
  const auto* u = reinterpret_cast<const uint8_t*>(p);
  return u[0] | u[1] << 8 | u[2] << 16 | static_cast<uint32_t>(u[3]) << 24;
}

// Fields of a unit, as darts-clone packs them.
bool has_leaf(uint32_t unit) { return unit >> 8 & 1; }
uint32_t label(uint32_t unit) { return unit & (1u << 31 | 0xFF); }
uint32_t offset(uint32_t unit) { return (unit >> 10) << ((unit & 1u << 9) >> 6); }
uint32_t value(uint32_t unit) { return unit & 0x7FFFFFFF; }

}  // namespace

CharacterMap::CharacterMap(std::string_view blob) {
  if (blob.empty()) return;
  if (blob.size() < 4) reject("is shorter than its own size field");
  const uint32_t size = little_endian(blob.data());
  blob.remove_prefix(4);
  if (size % 4 != 0 || size == 0) {
    reject("declares an array of " + std::to_string(size) + " bytes; expected a multiple of 4");
  }
  if (size > blob.size()) {
    reject("declares an array of " + std::to_string(size) + " bytes but only " +
           std::to_string(blob.size()) + " follow; the file is truncated");
  }
  units_.resize(size / 4);
  for (size_t i = 0; i < units_.size(); ++i) units_[i] = little_endian(blob.data() + 4 * i);
  texts_ = blob.substr(size);
  const auto* s = reinterpret_cast<const uint8_t*>(texts_.data());
  for (size_t i = 0; i < texts_.size();) {
    const Character c = decode(s, texts_.size(), i);
    if (c.code == kInvalid) reject("holds replacements that are not UTF-8");
    i += c.length;
  }
}

std::optional<CharacterMap::Rule> CharacterMap::find(std::string_view text, bool shortest) const {
  if (units_.empty()) return std::nullopt;
  size_t length = 0;
  uint32_t begin = 0;
  uint32_t node = offset(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<uint8_t>(text[i]);
    node ^= c;
    if (node >= units_.size()) break;
    const uint32_t unit = units_[node];
    if (label(unit) != c) break;
    node ^= offset(unit);
    if (!has_leaf(unit) || node >= units_.size()) continue;
    const uint32_t at = value(units_[node]);
    // A value that points outside the texts or into a character is no rule.
    if (at > texts_.size()) continue;
    if (at < texts_.size() && (static_cast<uint8_t>(texts_[at]) & 0xC0) == 0x80) continue;
    length = i + 1;
    begin = at;
    if (shortest) break;
  }
  if (length == 0) return std::nullopt;
  const size_t end = std::min(texts_.find('\0', begin), texts_.size());
  return Rule{length, std::string_view(texts_).substr(begin, end - begin)};
}

}  // namespace tokenworks
