// Where other threads put what the loop's owner is to look at: things that ended, and wakes.
//
// The owner waits on an event that resets itself, which is set after the lock was let go: the thread that it wakes finds the lock
// free, and a wake costs one call on each side. It may be set for nothing, and never fails to be set for something.
//
// A host's own loop waits on another event, which is set exactly while there is something to take, so that it can be waited on as
// often as one likes. It is kept from the moment on that the host asks for it, under the lock together with what it stands for.
// Nobody waits while he holds the lock.
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

  completion_queue() noexcept = default;
  completion_queue(const completion_queue&) = delete;
  completion_queue& operator=(const completion_queue&) = delete;
  ~completion_queue() = default;

  // Once, before all else; false where the system refuses (GetLastError).
  [[nodiscard]] bool create() noexcept;

  // Any thread.
  void post(entry& what) noexcept;
  void wake() noexcept;

  // Owner thread.
  void remove(entry& what) noexcept;
  // Waits until there is something to take, or `other` is signalled where there is one, or it is `until`.
  void wait(HANDLE other, time_point until) const noexcept;
  // Calls `take` of each that is there now. True where a wake came since the last time.
  bool take_all() noexcept;
  // What a host's own loop waits on.
  [[nodiscard]] HANDLE native() noexcept;

 private:
  entry* pop() noexcept;
  void tell() noexcept;
  // With the lock held, as the next.
  void unlink(entry& what) noexcept;
  void show() noexcept;

  SRWLOCK lock_ = SRWLOCK_INIT;
  entry* first_ = nullptr;
  entry* last_ = nullptr;
  bool woken_ = false;
  bool told_ = false;        // the owner's event was set, and nothing has been taken since
  bool host_waits_ = false;  // `native_` is kept
  bool shown_ = false;       // `native_` is set
  unique_handle event_;
  unique_handle native_;
};

}  // namespace spawnpipe::platform

#endif
