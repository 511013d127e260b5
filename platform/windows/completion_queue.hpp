// Where other threads put what the loop's owner is to look at: things that ended, and wakes.
//
// The event is set exactly while there is something to take, so that a host's own loop can wait on it as long as it likes
// without taking anything away. It is set and reset under the lock together with what it stands for. Nobody waits while he
// holds the lock.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_COMPLETION_QUEUE_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_COMPLETION_QUEUE_HPP

#include <spawnpipe/result.hpp>

#include "handle.hpp"
#include "platform.hpp"

namespace spawnpipe::platform {

class completion_queue {
 public:
  // What can be posted: a part of what it stands for. It is in the queue once, however often it is posted before it is taken.
  struct entry {
    entry* next = nullptr;
    entry* previous = nullptr;
    bool posted = false;
    void (*take)(entry& self) noexcept = nullptr;  // called by the owner, without the lock
  };

  // An event that is ready to use, or nothing (GetLastError).
  [[nodiscard]] static unique_handle make_event() noexcept;

  explicit completion_queue(unique_handle event) noexcept : event_(std::move(event)) {}
  completion_queue(const completion_queue&) = delete;
  completion_queue& operator=(const completion_queue&) = delete;
  ~completion_queue() = default;

  // Any thread.
  void post(entry& what) noexcept;
  void wake() noexcept;

  // Owner thread.
  void remove(entry& what) noexcept;
  // Waits until there is something to take, or `other` is signalled where there is one, or it is `until`.
  void wait(HANDLE other, time_point until) const noexcept;
  // Calls `take` of each that is there now. True where a wake came since the last time.
  bool take_all() noexcept;
  [[nodiscard]] HANDLE event() const noexcept { return event_.get(); }

 private:
  entry* pop() noexcept;
  // With the lock held.
  void unlink(entry& what) noexcept;
  void set() noexcept;
  void reset() noexcept;

  SRWLOCK lock_ = SRWLOCK_INIT;
  entry* first_ = nullptr;
  entry* last_ = nullptr;
  bool woken_ = false;
  bool maybe_set_ = false;  // the event
  unique_handle event_;
};

}  // namespace spawnpipe::platform

#endif
