// From a command to a started process: checked, put together for the back end, and wrapped into cores.
#ifndef SPAWNPIPE_LIB_SPAWN_PLAN_HPP
#define SPAWNPIPE_LIB_SPAWN_PLAN_HPP

#include <spawnpipe/command.hpp>

#include "child_core.hpp"
#include "loop_core.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnpipe::detail {

/// What the streams that the command does not mention become.
struct stream_defaults {
  stdio::input in = stdio::inherit{};
  stdio::output out = stdio::inherit{};
  stdio::error_output err = stdio::inherit{};
};

/// What is impossible about the command, whatever the system.
[[nodiscard]] std::optional<error> impossible(const command& what);

/// The host's variables with the changes applied; none where there are no changes.
using same_name = bool(std::string_view one, std::string_view other) noexcept;
[[nodiscard]] std::optional<std::vector<std::string>> merge_environment(std::vector<std::string> (*host)(),
                                                                        same_name* same, const environment& changes);

/// Starts `what` on `loop`. The caller's reference is the one that its handle will have.
[[nodiscard]] result<core_ref<child_core>> start(loop_core& loop, const command& what, const stream_defaults& defaults);

/// Starts `what` as nobody's child; its id.
[[nodiscard]] result<std::int64_t> start_detached(const command& what);

}  // namespace spawnpipe::detail

#endif
