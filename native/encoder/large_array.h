// Arrays of ids that are written before they are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "large_pages.h"

namespace tokenworks {

struct FreeArray {
  void operator()(uint32_t* p) const { std::free(p); }
};
using LargeArray = std::unique_ptr<uint32_t[], FreeArray>;

inline LargeArray new_large_array(size_t n) {
  return LargeArray(static_cast<uint32_t*>(allocate_large((n + 1) * sizeof(uint32_t))));
}

}  // namespace tokenworks
