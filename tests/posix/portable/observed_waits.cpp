#include "../observed_waits.hpp"

#include "../replaced_call.hpp"

#include <algorithm>

namespace harness {

std::shared_ptr<void> observe_waits(std::chrono::milliseconds& longest) {
  using timers = replaced_call<&spawnpipe::platform::system_table::uv_timer_start>;
  return std::make_shared<timers>(
      [&longest](uv_timer_t* handle, uv_timer_cb done, std::uint64_t timeout, std::uint64_t repeat) {
        longest = std::max(longest, std::chrono::milliseconds(timeout));
        return timers::direct(handle, done, timeout, repeat);
      });
}

}  // namespace harness
