// A text on its way through the pipeline that remembers where each of its bytes came from.
#pragma once

#include <cstdint>
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

}  // namespace tokenworks
