// Opening files: redirects of a child, and files of our own.
#ifndef SPAWNPIPE_PLATFORM_POSIX_FILE_HPP
#define SPAWNPIPE_PLATFORM_POSIX_FILE_HPP

#include <spawnpipe/result.hpp>

#include "unique_fd.hpp"

#include <string>

namespace spawnpipe::platform {

// Close-on-exec, blocking, and 3 or more. A named pipe is not waited for; a directory is an error also where it is to be read. At
// stage redirect, with the path.
[[nodiscard]] result<unique_fd> open_file(const std::string& path, int flags);

}  // namespace spawnpipe::platform

#endif
