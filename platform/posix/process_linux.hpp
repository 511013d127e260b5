// A child process of the Linux engine.
#ifndef SPAWNPIPE_PLATFORM_POSIX_PROCESS_LINUX_HPP
#define SPAWNPIPE_PLATFORM_POSIX_PROCESS_LINUX_HPP

#include "control_group.hpp"
#include "group_members.hpp"
#include "loop.hpp"
#include "orphans.hpp"
#include "platform.hpp"
#include "system_linux.hpp"
#include "terminal_loan.hpp"
#include "unique_fd.hpp"
#include "watch.hpp"

#include <optional>

namespace spawnpipe::platform {

struct process {
  loop* owner = nullptr;
  completion* exited = nullptr;  // null after the release
  pid_t pid = 0;
  unique_fd pidfd;  // none where the kernel is older than 5.4
  bool own_group = false;
  group_members members;  // of that
  std::optional<control_group> contained;
  std::optional<descent> descendants;  // where this process adopts orphans
  std::optional<terminal_loan> terminal;
  bool suspended = false;
  std::optional<exit_status> status;
  bool kept = false;  // it has ended, and is not reaped yet: its number, which is its group's, stays its own
  std::optional<struct rusage> used;  // where it was ours to wait for
  // What tells of the end: the pidfd, or SIGCHLD where there is none.
  watch* ready = nullptr;
  uv_signal_t signal;
  bool has_signal = false;  // libuv knows it
};

// Has the loop watch for the end. Negative, of libuv, where it cannot.
[[nodiscard]] int process_watch(process& self) noexcept;

// For one that runs, and of whose end nobody would learn: it is ended, and reaped.
void take_back(process& self) noexcept;

}  // namespace spawnpipe::platform

#endif
