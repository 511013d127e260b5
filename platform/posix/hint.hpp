// Errors of the system with what else can be seen when they happen: which file or folder is the trouble, which limit was met.
//
// All of it is looked at after the failure, without the heap, and costs a success nothing. Files may have changed in between: what does not
// fit the error is not said.
#ifndef SPAWNPIPE_PLATFORM_POSIX_HINT_HPP
#define SPAWNPIPE_PLATFORM_POSIX_HINT_HPP

#include "lookup.hpp"
#include "platform.hpp"

#include <optional>
#include <string>

namespace spawnpipe::platform {

// Of a path that could not be opened, or entered.
[[nodiscard]] error path_error(int number, stage where, const std::string& path);

// Of a program that could not be started; the second form after it was looked up.
[[nodiscard]] error exec_error(int number, const spawn_plan& plan);
[[nodiscard]] error exec_error(int number, const std::string& program, const std::optional<std::string>& cwd,
                               const search_path& path, const looked_up& found);

// Which limit the number tells of, if it does.
[[nodiscard]] hint_text limit_hint(int number, stage where) noexcept;

}  // namespace spawnpipe::platform

#endif
