// Keeps low descriptor numbers taken for a moment.
#include "plug.hpp"

#include <utility>

namespace spawnpipe::platform {

bool descriptor_open(int fd) noexcept { return sys::fcntl(fd, F_GETFD, 0) != -1; }

plug::plug(int limit) {
  for (int number = 0; number < limit; ++number) {
    if (descriptor_open(number)) continue;
    unique_fd null(sys::open("/dev/null", O_RDWR | O_CLOEXEC, 0));
    if (!null) return;  // whatever needs a descriptor next will say so
    if (null.get() < limit) taken_.push_back(std::move(null));
  }
}

unique_fd above_stdio(unique_fd fd) {
  if (!fd || fd.get() >= first_above_stdio) return fd;
  return unique_fd(sys::fcntl(fd.get(), F_DUPFD_CLOEXEC, first_above_stdio));
}

}  // namespace spawnpipe::platform
