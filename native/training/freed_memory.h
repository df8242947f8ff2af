// Giving freed memory back to the system, so that a bound on the process holds.
#pragma once

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

namespace tokenworks::training {

inline void return_freed_memory() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace tokenworks::training
