// Errors of the system, with stage and subject.
#ifndef SPAWNPIPE_PLATFORM_POSIX_ERROR_HPP
#define SPAWNPIPE_PLATFORM_POSIX_ERROR_HPP

#include <spawnpipe/error.hpp>

#include <string_view>
#include <system_error>

namespace spawnpipe::platform {

[[nodiscard]] inline std::error_code system_code(int number) noexcept { return {number, std::system_category()}; }
// Where the number tells of a limit, the error's hint tells that.
[[nodiscard]] error system_error(int number, stage where, std::string_view subject = {});
// libuv's codes are negated errnos on POSIX.
[[nodiscard]] error uv_error(int code, stage where, std::string_view subject = {});

}  // namespace spawnpipe::platform

#endif
