// The handlers of the signals that ask a process to end, for as long as the host wants that.
#include "error.hpp"
#include "platform.hpp"
#include "system.hpp"

#include <array>
#include <atomic>
#include <cerrno>

namespace spawnpipe::platform {
namespace {

struct taken_over {
  int number;
  bool ours = false;
  struct sigaction before = {};
};

std::array<taken_over, 4> signals = {
    {{.number = SIGINT}, {.number = SIGQUIT}, {.number = SIGTERM}, {.number = SIGHUP}}};
std::atomic<void (*)(int) noexcept> listener = nullptr;

extern "C" void spawnpipe_on_interrupt(int number) {
  const int code = errno;
  if (auto* const heard = listener.load()) heard(number);
  errno = code;
}

bool is_ignored(const struct sigaction& what) noexcept {
  return (what.sa_flags & SA_SIGINFO) == 0 && what.sa_handler == SIG_IGN;
}

bool is_ours(const struct sigaction& what) noexcept {
  return (what.sa_flags & SA_SIGINFO) == 0 && what.sa_handler == &spawnpipe_on_interrupt;
}

}  // namespace

result<void> interrupts_begin(void (*heard)(int number) noexcept) {
  listener.store(heard);
  struct sigaction mine = {};
  mine.sa_handler = &spawnpipe_on_interrupt;
  mine.sa_flags = SA_RESTART | SA_ONSTACK;
  sigemptyset(&mine.sa_mask);
  for (taken_over& each : signals) {
    each.ours = false;
    if (sys::sigaction(each.number, nullptr, &each.before) == 0) {
      if (is_ignored(each.before)) continue;
      each.ours = sys::sigaction(each.number, &mine, nullptr) == 0;
    }
    if (each.ours) continue;
    const int code = errno;
    interrupts_end();
    return system_error(code, stage::signal, "the host's handlers");
  }
  return {};
}

void interrupts_end() noexcept {
  for (taken_over& each : signals) {
    struct sigaction now = {};
    if (!each.ours) continue;
    each.ours = false;
    if (sys::sigaction(each.number, nullptr, &now) == 0 && is_ours(now))
      sys::sigaction(each.number, &each.before, nullptr);
  }
}

}  // namespace spawnpipe::platform
