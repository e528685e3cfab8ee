// Programmer errors crash at once, in release too; nothing a user can send may reach a check.
#pragma once

#include <string_view>

namespace vigil {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view message);

}  // namespace vigil

// VIGIL_CHECK(condition) or VIGIL_CHECK(condition, "why it must hold").
#define VIGIL_CHECK(condition, ...)   \
  ((condition) ? static_cast<void>(0) \
               : ::vigil::CheckFailed(__FILE__, __LINE__, #condition, "" __VA_ARGS__))
