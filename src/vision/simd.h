// How a plain loop becomes one copy per instruction set.
#pragma once

#include "base/sanitized.h"

// Chosen when the program starts. Sanitizers cannot instrument such functions.
#if defined(__x86_64__) && !defined(VIGIL_SANITIZED) && !defined(__clang__)
#define VIGIL_SIMD_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define VIGIL_SIMD_CLONES
#endif
