// What the processor at hand can do, and how functions are compiled for it.
#pragma once

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#define TOKENWORKS_X86 1
#define TOKENWORKS_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))
#define TOKENWORKS_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx2,bmi,bmi2,popcnt,lzcnt")))
#else
#define TOKENWORKS_X86 0
#endif

#if defined(__GNUC__)
#define TOKENWORKS_INLINE __attribute__((always_inline)) inline
#define TOKENWORKS_NOINLINE __attribute__((noinline))
#else
#define TOKENWORKS_INLINE inline
#define TOKENWORKS_NOINLINE
#endif

namespace tokenworks {

enum class Processor { kAny, kAvx2, kAvx512 };

#if TOKENWORKS_X86

inline Processor processor() {
  static const Processor found = [] {
    __builtin_cpu_init();
    const bool bits = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                      __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("avx2");
    if (!bits) return Processor::kAny;
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
               ? Processor::kAvx512
               : Processor::kAvx2;
  }();
  return found;
}

#else

inline Processor processor() { return Processor::kAny; }

#endif

}  // namespace tokenworks
