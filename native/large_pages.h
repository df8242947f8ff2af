// Memory on large pages, where the system has them: being given memory page by page can cost as much as encoding
// does, and so can finding the pages of a table that is read at random.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace tokenworks {

// Not zeroed; given back with std::free.
inline void* allocate_large(size_t bytes) {
  void* p = nullptr;
#if defined(__linux__)
  constexpr size_t kPage = size_t{1} << 21;
  if (bytes >= kPage / 2) {
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
  return p;
}

// For containers.
template <class T>
struct LargePages {
  using value_type = T;

  LargePages() = default;
  template <class U>
  LargePages(const LargePages<U>&) {}

  T* allocate(size_t n) {
    if (n > SIZE_MAX / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(allocate_large(n * sizeof(T)));
  }
  void deallocate(T* p, size_t) { std::free(p); }
  bool operator==(const LargePages&) const { return true; }
};

}  // namespace tokenworks
