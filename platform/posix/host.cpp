// What the host has: its clock, its environment, its shell.
#include "platform.hpp"
#include "sh_line.hpp"
#include "system.hpp"

#include <unistd.h>

extern char** environ;  // POSIX: declared by the program

namespace spawnpipe::platform {

time_point clock_now() noexcept { return std::chrono::steady_clock::now(); }

void suspend_host() noexcept { sys::kill(0, SIGTSTP); }

std::vector<std::string> host_environment() {
  std::vector<std::string> variables;
  if (environ != nullptr) {
    for (char** each = environ; *each != nullptr; ++each) variables.emplace_back(*each);
  }
  return variables;
}

bool same_variable(std::string_view one, std::string_view other) noexcept { return one == other; }

std::vector<std::string> shell_prefix() { return {"/bin/sh", "-c"}; }

std::string line_for_shell(const command& what) { return detail::sh_line(what); }

}  // namespace spawnpipe::platform
