// VIGIL_SANITIZED is defined where the address or the thread sanitizer watches.
#pragma once

// GCC tells by macros, Clang by __has_feature.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define VIGIL_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define VIGIL_SANITIZED
#endif
#endif
