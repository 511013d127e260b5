// Opening files: redirects of a child, and files of our own.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_FILE_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_FILE_HPP

#include <spawnpipe/result.hpp>

#include "handle.hpp"

#include <string>

namespace spawnpipe::platform {

// Shared with everybody, not inheritable. At stage redirect, with the path; a directory is `is_a_directory`.
[[nodiscard]] result<unique_handle> open_file(const std::string& path, DWORD access, DWORD disposition);

}  // namespace spawnpipe::platform

#endif
