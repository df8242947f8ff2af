// 64 bytes of text as bit masks, one bit a byte: what the block scanners compute on.
#pragma once

#include <cstdint>

namespace tokenworks::scanner {

struct AsciiBlock {
  uint64_t letter;
  uint64_t upper;
  uint64_t digit;
  uint64_t space;       // ' '
  uint64_t blank;       // ' ' \t \v \f
  uint64_t newline;     // \r \n
  uint64_t apostrophe;
  uint64_t slash;
  uint64_t high;        // not ASCII
};

using ClassifyBlock = void (*)(const uint8_t* s, AsciiBlock& block);

// The classifier for the processor at hand, or nullptr where scanning by character is as fast.
extern const ClassifyBlock classify_block;

}  // namespace tokenworks::scanner
