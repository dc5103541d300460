// Chooses, in the one place where all targets of a Highway source are visible, the implementation of a level. Include
// it inside HWY_ONCE only. simd_X() is the factory that every target's namespace defines; it gives null where the
// target has no fused multiply-add.
#pragma once

#include "clientele/compute/backends.h"

#if HWY_TARGETS & HWY_AVX2
#define CLIENTELE_AVX2(factory) N_AVX2::factory()
#else
#define CLIENTELE_AVX2(factory) nullptr
#endif
#if HWY_TARGETS & HWY_AVX3
#define CLIENTELE_AVX512(factory) N_AVX3::factory()
#else
#define CLIENTELE_AVX512(factory) nullptr
#endif

/// automatic: what the compiler's own target offers, the best there is on machines other than x86.
#define CLIENTELE_SIMD(level, factory)                      \
  ((level) == SimdLevel::avx512 ? CLIENTELE_AVX512(factory) \
   : (level) == SimdLevel::avx2 ? CLIENTELE_AVX2(factory)   \
                                : HWY_STATIC_DISPATCH(factory)())
