// Characters of one, two or four bytes each, as Python keeps them, written as UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tokenworks {

struct Utf8End {
  char* out;
  bool surrogates;  // there were some, which are not to be used
};

// Room that write_utf8 needs for n characters.
template <class Unit>
constexpr size_t utf8_room(size_t n) {
  return n * (sizeof(Unit) == 1 ? 2 : sizeof(Unit) == 2 ? 3 : 4) + 64;
}

Utf8End write_utf8(const uint8_t* s, size_t n, char* out);
Utf8End write_utf8(const uint16_t* s, size_t n, char* out);
Utf8End write_utf8(const uint32_t* s, size_t n, char* out);

}  // namespace tokenworks
