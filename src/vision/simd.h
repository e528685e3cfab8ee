// How a plain loop becomes one copy per instruction set.
#pragma once

// Chosen when the program starts. Sanitizers cannot instrument such functions.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__clang__)
#define VIGIL_SIMD_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define VIGIL_SIMD_CLONES
#endif
