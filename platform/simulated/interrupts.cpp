// Interrupts of the simulated back end come when the script says so.
#include "state.hpp"

#include <utility>

namespace spawnpipe::platform {

using simulated::here;
using simulated::lock_state;

result<void> interrupts_begin(void (*heard)(int number) noexcept) {
  const auto lock = lock_state();
  auto& state = here();
  if (state.heard != nullptr) state.wrong("interrupts_begin: twice");
  if (state.interrupts_error) return error{*std::exchange(state.interrupts_error, std::nullopt)};
  state.heard = heard;
  return {};
}

void interrupts_end() noexcept {
  const auto lock = lock_state();
  if (here().heard == nullptr) here().wrong("interrupts_end: not begun");
  here().heard = nullptr;
}

}  // namespace spawnpipe::platform
