// A model turns one pretoken into token ids.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tokenworks {

class Model {
 public:
  virtual ~Model() = default;

  // Appends the ids of `pretoken` to `ids`. When `ends` is given, appends for each id the end of
  // its text as a byte offset inside the pretoken. Safe to call from several threads.
  virtual void encode(std::string_view pretoken, std::vector<uint32_t>& ids,
                      std::vector<uint32_t>* ends) const = 0;
};

}  // namespace tokenworks
