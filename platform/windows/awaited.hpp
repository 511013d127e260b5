// Something that the loop waits for: an operation on a pipe, or the end of a process.
//
// It is begun by the owner thread and from then on awaited. A wait of the loop waits on its object directly where a blocking call
// is after this one; every other is handed to the thread pool, whose callback posts it into the loop's completion queue and does
// nothing else. A pass that does not wait looks at operations itself: what has ended is in memory. What came of it is asked by
// the owner thread.
//
//   idle -> expected -> armed -> (posted by the pool) -> idle
//                    -> idle, by a direct look         armed -> idle, by a direct look or by forget
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_AWAITED_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_AWAITED_HPP

#include "completion_queue.hpp"
#include "platform.hpp"
#include "threadpool_wait.hpp"

namespace spawnpipe::platform {

class awaited : private completion_queue::entry {
 public:
  using function = void (*)(void* context) noexcept;

  awaited() noexcept { take = &awaited::taken; }
  awaited(const awaited&) = delete;
  awaited& operator=(const awaited&) = delete;
  ~awaited();

  // Once, before all else; false where the system refuses (GetLastError). `ready` is called on the owner thread. `ended` tells
  // from memory whether it has ended; null where only the object knows.
  [[nodiscard]] bool create(loop& owner, function ready, bool (*ended)(const void* context) noexcept,
                            void* context) noexcept;
  // From idle: `object` will be signalled. `hint` is the completion of lib that this leads to.
  void expect(HANDLE object, const completion* hint) noexcept;
  // When this returns it is idle, and `ready` is not called for what was expected.
  void forget() noexcept;

  // For the loop, on those that are not idle.
  [[nodiscard]] awaited* next_awaited() const noexcept { return next_awaited_; }
  [[nodiscard]] const completion* hint() const noexcept { return hint_; }
  [[nodiscard]] HANDLE object() const noexcept { return object_; }
  // Whether `look` can tell without the system's help.
  [[nodiscard]] bool known_from_memory() const noexcept { return ended_ != nullptr; }
  void arm() noexcept;  // nothing where it is armed
  // Calls `ready` where it has ended.
  void look() noexcept;

 private:
  enum class state { idle, expected, armed };

  static void signalled(void* self) noexcept;
  static void taken(completion_queue::entry& self) noexcept;
  void link() noexcept;
  void unlink() noexcept;

  loop* owner_ = nullptr;
  function ready_ = nullptr;
  bool (*ended_)(const void* context) noexcept = nullptr;
  void* context_ = nullptr;
  state state_ = state::idle;
  HANDLE object_ = nullptr;
  const completion* hint_ = nullptr;
  awaited* next_awaited_ = nullptr;
  awaited* previous_awaited_ = nullptr;
  threadpool_wait wait_;
};

}  // namespace spawnpipe::platform

#endif
