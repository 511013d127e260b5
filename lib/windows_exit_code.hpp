// The exit codes by which Windows itself tells why a process could not go on.
#ifndef SPAWNPIPE_LIB_WINDOWS_EXIT_CODE_HPP
#define SPAWNPIPE_LIB_WINDOWS_EXIT_CODE_HPP

#include <cstdint>
#include <string_view>

namespace spawnpipe::detail {

struct windows_exit_code {
  std::uint32_t code;
  std::string_view name;     // of the NTSTATUS value
  std::string_view meaning;  // for who has to do something about it
};

/// Null for a code that is not known: most are the program's own.
[[nodiscard]] const windows_exit_code* find_windows_exit_code(std::uint32_t code) noexcept;

}  // namespace spawnpipe::detail

#endif
