// Errors of Windows, with stage and subject.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_ERROR_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_ERROR_HPP

#include <spawnpipe/error.hpp>

#include "system.hpp"

#include <string>
#include <system_error>

namespace spawnpipe::platform {

// The code that a caller branches on. It is in std::system_category(), with Windows' own number, wherever the standard library at
// hand gives that number the meaning it has here; else it is the std::errc itself.
[[nodiscard]] std::error_code system_code(DWORD number) noexcept;
[[nodiscard]] error system_error(DWORD number, stage where, std::string_view subject = {});
// Of GetLastError.
[[nodiscard]] error last_error(stage where, std::string_view subject = {});

}  // namespace spawnpipe::platform

#endif
