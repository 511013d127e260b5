// A wait of the thread pool: one thing to wait for, one callback when it is signalled.
//
// A wait fires once for each arming. SetThreadpoolWait(w, NULL) does not call back a callback that is on its way, and a callback
// may outlive its wait object; so the one right order of an end is: disarm, wait for callbacks, close. Never inside the
// callback. A NULL handle disarms in silence, and a NULL wait object crashes: neither can be built here.
//
// Wine 8.0 keeps the middle step only nearly: its waiting thread may have seen the handle signalled, but not said so yet, when the
// wait is disarmed; the callback then comes late. So a callback may be for nothing, and its receiver looks before it acts. And one that
// is queued when CloseThreadpoolWait is called still runs, with a context that may be gone. The members of a cleanup group are closed in
// another order: no callback is queued from then on, those that are queued are taken back, those that run are waited for. So
// each wait is closed by a group of its own.
//
// The pool is our own, with two threads at most. In the pool of the process our callbacks would stand behind whatever the host
// does there, and never run where the host has exhausted it.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_THREADPOOL_WAIT_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_THREADPOOL_WAIT_HPP

#include "system.hpp"

#include <utility>

namespace spawnpipe::platform {

// A share in the one pool of this library, which is made with the first and closed with the last.
class pool_share {
 public:
  pool_share() noexcept = default;
  // None where the pool could not be made (GetLastError).
  [[nodiscard]] static pool_share take() noexcept;
  pool_share(pool_share&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
  pool_share& operator=(pool_share&& other) noexcept {
    std::swap(pool_, other.pool_);
    return *this;
  }
  ~pool_share();

  [[nodiscard]] PTP_POOL get() const noexcept { return pool_; }
  [[nodiscard]] explicit operator bool() const noexcept { return pool_ != nullptr; }

 private:
  explicit pool_share(PTP_POOL pool) noexcept : pool_(pool) {}

  PTP_POOL pool_ = nullptr;
};

class threadpool_wait {
 public:
  using function = void (*)(void* context) noexcept;  // on a thread of the pool: short, and waits for nothing

  threadpool_wait() noexcept = default;
  threadpool_wait(const threadpool_wait&) = delete;
  threadpool_wait& operator=(const threadpool_wait&) = delete;
  ~threadpool_wait();

  // Once, before all else; false where the system refuses (GetLastError).
  [[nodiscard]] bool create(const pool_share& pool, function callback, void* context) noexcept;
  // Calls back once when `object` is signalled, which it may be already.
  void arm(HANDLE object) noexcept;
  // When this returns, no callback runs; see above for whether one may come.
  void disarm() noexcept;
  // When this returns, no callback runs, and none comes.
  void close() noexcept;

 private:
  static void CALLBACK fired(PTP_CALLBACK_INSTANCE instance, void* self, PTP_WAIT wait, TP_WAIT_RESULT result) noexcept;

  PTP_CLEANUP_GROUP group_ = nullptr;
  PTP_WAIT wait_ = nullptr;  // the one member
  function callback_ = nullptr;
  void* context_ = nullptr;
};

}  // namespace spawnpipe::platform

#endif
