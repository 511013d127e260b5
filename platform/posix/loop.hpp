// The loop of this back end, for its streams and processes.
#ifndef SPAWNPIPE_PLATFORM_POSIX_LOOP_HPP
#define SPAWNPIPE_PLATFORM_POSIX_LOOP_HPP

#include "platform.hpp"
#include "system.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace spawnpipe::platform {

// Wakes a loop from any thread and from signal handlers. uv_async_send is safe there, but not on a handle that is being
// closed: so a waker counts who is inside, and the loop's end waits for them, which is never long.
struct waker {
  std::atomic<std::size_t> references = 1;
  std::atomic<uv_async_t*> target = nullptr;
  std::atomic<int> inside = 0;
  std::atomic<bool> asked = false;  // loop_wake was called; a poke of our own makes the same handle fire
};

struct watch_set;  // what the Linux engine needs for its watches (watch_linux.cpp)

struct loop {
  loop_client client;
  uv_loop_t own;  // unless adopted
  uv_loop_t* uv = nullptr;
  bool adopted = false;
  bool woken = false;
  std::uint64_t process = 0;  // that made it, see loop_foreign
  bool forked_over = false;   // uv_loop_fork was called in this copy of the process
  int handles_open = 0;       // adopted: those of ours that the host's loop has not closed yet
  uv_timer_t timer;
  uv_async_t async;
  uv_prepare_t prepare;  // adopted only, as the next
  uv_check_t check;
  uv_poll_t poll;  // and on Linux only: the set of our watches
  watch_set* watches = nullptr;
  waker* wake = nullptr;
};

// To be called before anything that would take a descriptor out of the epoll set: in a forked copy of the host that set is the
// parent's, until libuv has made a new one.
void leave_parents_set(loop& self) noexcept;

// Arms the loop's timer. Behind uv_update_time, where the loop's idea of the time may be old.
void arm_timer(loop& self, time_point until) noexcept;

// Closes a handle that is a member of the loop, which lives until all of them have closed.
void close_handle(loop& self, uv_handle_t* handle) noexcept;

}  // namespace spawnpipe::platform

#endif
