// Files are opened non-blocking, because opening a named pipe would wait for its other end, and are blocking behind that.
#include "file.hpp"

#include "error.hpp"
#include "hint.hpp"
#include "platform.hpp"
#include "plug.hpp"
#include "write_quietly.hpp"

#include <cerrno>
#include <utility>

namespace spawnpipe::platform {

struct file {
  unique_fd fd;
};

result<unique_fd> open_file(const std::string& path, int flags) {
  unique_fd opened(sys::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666));
  if (!opened) return path_error(errno, stage::redirect, path);
  opened = above_stdio(std::move(opened));
  if (!opened) return system_error(errno, stage::redirect, path);
  const int status = sys::fcntl(opened.get(), F_GETFL, 0);
  if (status < 0 || sys::fcntl(opened.get(), F_SETFL, status & ~O_NONBLOCK) != 0) {
    return system_error(errno, stage::redirect, path);
  }
  struct stat what = {};
  if ((flags & O_ACCMODE) == O_RDONLY && sys::stat(path.c_str(), &what) == 0 && S_ISDIR(what.st_mode)) {
    return system_error(EISDIR, stage::redirect, path);  // open(2) takes a directory to read, but nobody can read it
  }
  return opened;
}

result<file*> file_create(const std::string& path) {
  auto opened = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!opened) return std::move(opened).error();
  return new file{.fd = *std::move(opened)};
}

std::error_code file_write(file* self, std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const struct iovec part = {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    const ssize_t written = write_quietly(self->fd.get(), &part, 1);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_code(errno);
    if (written == 0) return errc::zero_write;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

void file_close(file* self) noexcept { delete self; }

}  // namespace spawnpipe::platform
