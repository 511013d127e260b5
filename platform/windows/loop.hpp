// What a loop consists of on Windows.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_LOOP_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_LOOP_HPP

#include "awaited.hpp"
#include "completion_queue.hpp"
#include "platform.hpp"
#include "threadpool_wait.hpp"

#include <atomic>
#include <utility>

namespace spawnpipe::platform {

struct waker {
  std::atomic<completion_queue*> target = nullptr;
  std::atomic<unsigned> references = 1;
  std::atomic<unsigned> inside = 0;  // threads that are in loop_wake
};

struct loop {
  loop(const loop_client& what, pool_share share) noexcept : client(what), pool(std::move(share)) {}

  loop_client client;
  pool_share pool;
  mutable completion_queue queue;  // from the moment on that it is asked for its native handle, it keeps that
  awaited* first_awaited = nullptr;
  mutable bool host_waits = false;  // on the native handle: all that is awaited is armed
  waker* wake = nullptr;
};

}  // namespace spawnpipe::platform

#endif
