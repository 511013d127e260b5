// Something that the loop waits for: an operation on a pipe, or the end of a process.
//
// It is begun by the owner thread and from then on expected. The next wait of the loop either waits on its object directly
// (where a blocking call is after this one), or hands it to the thread pool, whose callback posts it into the loop's
// completion queue and does nothing else. What came of it is asked by the owner thread, when it takes it out.
//
//   idle -> expected -> armed -> (posted by the pool) -> idle
//                    -> idle, by a direct wait
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

  // Once, before all else; false where the system refuses (GetLastError). `ready` is called on the owner thread.
  [[nodiscard]] bool create(loop& owner, function ready, void* context) noexcept;
  // From idle: `object` will be signalled. `hint` is the completion of lib that this leads to.
  void expect(HANDLE object, const completion* hint) noexcept;
  // When this returns it is idle, and `ready` is not called for what was expected.
  void forget() noexcept;

  // For the loop, on those that are expected and not armed yet.
  [[nodiscard]] awaited* next_expected() const noexcept { return next_expected_; }
  [[nodiscard]] const completion* hint() const noexcept { return hint_; }
  [[nodiscard]] HANDLE object() const noexcept { return object_; }
  void arm() noexcept;
  void settle() noexcept;  // it is signalled: idle, and `ready` is called

 private:
  enum class state { idle, expected, armed };

  static void signalled(void* self) noexcept;
  static void taken(completion_queue::entry& self) noexcept;
  void unlink() noexcept;

  loop* owner_ = nullptr;
  function ready_ = nullptr;
  void* context_ = nullptr;
  state state_ = state::idle;
  HANDLE object_ = nullptr;
  const completion* hint_ = nullptr;
  awaited* next_expected_ = nullptr;
  awaited* previous_expected_ = nullptr;
  threadpool_wait wait_;
};

}  // namespace spawnpipe::platform

#endif
