// The "precompiled character map" of SentencePiece models: a double array of rules and their texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tokenworks {

class CharacterMap {
 public:
  struct Rule {
    size_t length;  // of the matched prefix
    std::string_view replacement;
  };

  // Reads the binary form: uint32 size of the array in bytes, the array, the replacement texts,
  // each ended by a NUL. Throws std::invalid_argument for anything else. Empty: no rules.
  explicit CharacterMap(std::string_view blob);

  // The rule of the shortest (longest) key that `text` begins with.
  std::optional<Rule> shortest(std::string_view text) const { return find(text, true); }
  std::optional<Rule> longest(std::string_view text) const { return find(text, false); }

 private:
  std::optional<Rule> find(std::string_view text, bool shortest) const;

  std::vector<uint32_t> units_;
  std::string texts_;
};

}  // namespace tokenworks
