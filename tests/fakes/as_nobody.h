// The super-user may write everywhere, so tests of permissions take off that hat.
#pragma once

#include <unistd.h>

namespace vigil {

// While it lives, a process of the super-user acts as an ordinary one. Not for tests with threads
// that need files.
class AsNobody {
 public:
  AsNobody() : changed_(::geteuid() == 0 && ::seteuid(kNobody) == 0) {}
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (changed_) static_cast<void>(::seteuid(0) == 0);
  }

  // False where the system forbids the change: permissions cannot be tested there.
  static bool Works() { return ::geteuid() != 0; }

 private:
  static constexpr uid_t kNobody = 65534;
  const bool changed_;
};

}  // namespace vigil
