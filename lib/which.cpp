#include <spawnpipe/which.hpp>

#include "platform.hpp"
#include "spawn_plan.hpp"

namespace spawnpipe {

result<std::string> which(const command& what) {
  if (auto wrong = detail::impossible(what)) return *std::move(wrong);
  const auto variables = detail::merge_environment(&platform::host_environment, &platform::same_variable, what.env());
  return platform::find_program(what.program(), what.cwd(), variables);
}

result<std::string> which(std::string_view program) { return which(command(std::string(program))); }

}  // namespace spawnpipe
