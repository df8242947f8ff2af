// Arrays that are written before they are read. Large ones lie on large pages where the system has them:
// being given memory page by page can cost as much as encoding does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace tokenworks {

struct FreeArray {
  void operator()(uint32_t* p) const { std::free(p); }
};
using LargeArray = std::unique_ptr<uint32_t[], FreeArray>;

inline LargeArray new_large_array(size_t n) {
  const size_t bytes = (n + 1) * sizeof(uint32_t);
  void* p = nullptr;
#if defined(__linux__)
  constexpr size_t kPage = size_t{1} << 21;
  if (bytes >= 2 * kPage) {
    const size_t whole = (bytes + kPage - 1) / kPage * kPage;
    p = std::aligned_alloc(kPage, whole);
    if (p) (void)madvise(p, whole, MADV_HUGEPAGE);
  } else {
    p = std::malloc(bytes);
  }
#else
  p = std::malloc(bytes);
#endif
  if (!p) throw std::bad_alloc();
  return LargeArray(static_cast<uint32_t*>(p));
}

}  // namespace tokenworks
