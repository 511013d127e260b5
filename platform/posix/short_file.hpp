// The whole of a file that is short, such as the kernel's own under /proc: into memory of the caller's, so that nothing is allocated
// in the middle of stopping things.
#ifndef SPAWNPIPE_PLATFORM_POSIX_SHORT_FILE_HPP
#define SPAWNPIPE_PLATFORM_POSIX_SHORT_FILE_HPP

#include "unique_fd.hpp"

#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>

namespace spawnpipe::platform {

// As much of it as there is room for. Empty where it is not open, or cannot be read (errno).
[[nodiscard]] inline std::string_view read_short_file(const unique_fd& file, std::span<char> into) noexcept {
  std::size_t held = 0;
  while (file && held < into.size()) {
    const ssize_t size = sys::read(file.get(), into.data() + held, into.size() - held);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return {};
    if (size == 0) break;
    held += static_cast<std::size_t>(size);
  }
  return {into.data(), held};
}

}  // namespace spawnpipe::platform

#endif
