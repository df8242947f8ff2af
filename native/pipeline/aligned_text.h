// A text on its way through the pipeline that remembers where each of its bytes came from.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace tokenworks {

struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
};

struct AlignedText {
  std::string text;          // current UTF-8 (or raw bytes for byte-level models)
  std::vector<Span> origin;  // per byte of `text`: its span in the original text; empty = not tracked
};

// Offsets are 32 bits wide throughout.
inline void check_length(size_t bytes) {
  if (bytes >= UINT32_MAX) {
    throw std::length_error("text of 4 GiB or more (" + std::to_string(bytes) +
                            " bytes, after normalization); encode it in parts");
  }
}

}  // namespace tokenworks
