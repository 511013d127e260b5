// Opening files: redirects of a child, and files of our own.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_FILE_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_FILE_HPP

#include <spawnpipe/result.hpp>

#include "handle.hpp"

#include <optional>
#include <string>

namespace spawnpipe::platform {

// With everybody, as POSIX does.
inline constexpr DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

// Shared with everybody, not inheritable. At stage redirect, with the path; a directory is `is_a_directory`.
[[nodiscard]] result<unique_handle> open_file(const std::string& path, DWORD access, DWORD disposition);

// Of a path as the system sees it from here; nothing where that cannot be said.
[[nodiscard]] std::optional<std::wstring> full_path(const std::wstring& path);

// The full path, where that is another text.
[[nodiscard]] hint_text full_path_hint(const std::string& path);

}  // namespace spawnpipe::platform

#endif
