// What the simulated back end says of the machine it is on.
#include "sh_line.hpp"
#include "state.hpp"

#include <utility>

namespace spawnpipe::platform {

std::vector<std::string> host_environment() {
  const auto lock = simulated::lock_state();
  return simulated::here().variables;
}

bool same_variable(std::string_view one, std::string_view other) noexcept { return one == other; }

std::vector<std::string> shell_prefix() { return {"/bin/sh", "-c"}; }

std::string line_for_shell(const command& what) { return detail::sh_line(what); }

}  // namespace spawnpipe::platform
