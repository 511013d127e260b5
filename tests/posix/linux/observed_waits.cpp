#include "../observed_waits.hpp"

#include "engine.hpp"

#include <algorithm>

namespace harness {

std::shared_ptr<void> observe_waits(std::chrono::milliseconds& longest) {
  using waits = replaced_call<&spawnpipe::platform::linux_table::epoll_wait>;
  return std::make_shared<waits>([&longest](int set, struct epoll_event* into, int most, int milliseconds) {
    longest = std::max(longest, std::chrono::milliseconds(milliseconds));
    return waits::direct(set, into, most, milliseconds);
  });
}

}  // namespace harness
