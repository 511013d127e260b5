// A process with a chosen id, for cases about ids that come again.
#ifndef SPAWNPIPE_TESTS_POSIX_CHOSEN_ID_HPP
#define SPAWNPIPE_TESTS_POSIX_CHOSEN_ID_HPP

#include "../host_os.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <thread>

#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace harness {

// Makes a process with this id, which was free; it leads a group of that number, and waits to be killed. Needs the rights of root. No
// libc in the copy: for a sanitizer's runtime it is no fork.
inline bool make_process_with(pid_t id) {
  clone_args wanted{};
  wanted.exit_signal = SIGCHLD;
  wanted.set_tid = reinterpret_cast<std::uintptr_t>(&id);
  wanted.set_tid_size = 1;
  const long made = ::syscall(SYS_clone3, &wanted, sizeof wanted);
  if (made == 0) {
    constexpr timespec longest{.tv_sec = 60, .tv_nsec = 0};
    ::syscall(SYS_ppoll, nullptr, 0, &longest, nullptr, 0);
    ::syscall(SYS_exit_group, 0);
  }
  return made == id && ::setpgid(id, id) == 0;
}

constexpr const char* no_choice = "an id cannot be chosen here: that takes root, and clone3";

// True when the stranger with this id was not touched; ends it.
inline bool untouched(pid_t id) {
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const bool alive = host_os::running(id);
  ::kill(id, SIGKILL);
  ::waitpid(id, nullptr, 0);
  return alive;
}

}  // namespace harness

#endif
