// The soft limit is there for programs that use select(), which none here does.
#include "app/open_files.h"

#include <sys/resource.h>

namespace vigil::app {

void RaiseOpenFilesLimit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace vigil::app
