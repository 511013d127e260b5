// Keeps low descriptor numbers taken for a moment.
#include "plug.hpp"

#include <array>
#include <utility>

namespace spawnpipe::platform {

bool descriptor_open(int fd) noexcept { return sys::fcntl(fd, F_GETFD, 0) != -1; }

void plug::take(unique_fd fd) {
  if (fd.get() < first_above_stdio) {
    first_[static_cast<std::size_t>(fd.get())] = std::move(fd);
  } else {
    more_.push_back(std::move(fd));
  }
}

plug::plug(int limit) {
  int number = 0;
  while (number < limit && descriptor_open(number)) ++number;
  if (number == limit) return;
  std::array<int, 2> ends{};
  if (sys::pipe_cloexec(ends.data()) != 0) return;  // whatever needs a descriptor next will say so
  std::array<unique_fd, 2> both{unique_fd(ends[0]), unique_fd(ends[1])};
  for (;;) {
    unique_fd more(sys::fcntl(ends[0], F_DUPFD_CLOEXEC, 0));
    if (!more || more.get() >= limit) break;
    take(std::move(more));
  }
  for (unique_fd& end : both) {
    if (end.get() < limit) take(std::move(end));
  }
}

unique_fd above_stdio(unique_fd fd) {
  if (!fd || fd.get() >= first_above_stdio) return fd;
  return unique_fd(sys::fcntl(fd.get(), F_DUPFD_CLOEXEC, first_above_stdio));
}

}  // namespace spawnpipe::platform
