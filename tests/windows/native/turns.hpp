// Threads that take turns on one thread of the system: each has a stack of its own, and goes on when another gives it its turn.
#ifndef SPAWNPIPE_TESTS_WINDOWS_NATIVE_TURNS_HPP
#define SPAWNPIPE_TESTS_WINDOWS_NATIVE_TURNS_HPP

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace fake::schedule {

class turn_taker {
 public:
  // The thread of the system itself, on the stack that it has.
  turn_taker() noexcept = default;
  // Another one; `body` does not return, but gives its turn away for good.
  explicit turn_taker(std::function<void()> body);
  turn_taker(const turn_taker&) = delete;
  turn_taker& operator=(const turn_taker&) = delete;
  ~turn_taker() = default;

  // Called by the one that has its turn; returns when it has it again. `for_good`: never.
  void give_turn_to(turn_taker& next, bool for_good);

 private:
  static void first_turn();

  ucontext_t context_ = {};
  std::function<void()> body_;
  std::unique_ptr<std::byte[]> stack_;
  // What the address sanitizer is told of a change of stacks.
  void* frames_ = nullptr;
  const void* bottom_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace fake::schedule

#endif
