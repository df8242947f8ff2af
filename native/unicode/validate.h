// Whether bytes are UTF-8, and how many lines they hold, at the speed of memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tokenworks {

// True if all bytes are UTF-8: no overlong form, surrogate, or sequence cut short.
bool valid_utf8(const uint8_t* s, size_t n);

size_t count_newlines(const uint8_t* s, size_t n);

}  // namespace tokenworks
