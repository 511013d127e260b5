// What the library keeps for a thread: its mark as an owner of loops, and the loop of its blocking calls.
#ifndef SPAWNPIPE_LIB_THREAD_STATE_HPP
#define SPAWNPIPE_LIB_THREAD_STATE_HPP

#include <atomic>
#include <cstddef>

namespace spawnpipe::detail {

class loop_core;

/// A thread that owns loops. Counted, so that a loop can ask whether its owner has ended.
struct thread_record {
  std::atomic<std::size_t> references = 1;
  std::atomic<bool> ended = false;

  void release() noexcept {
    if (references.fetch_sub(1) == 1) delete this;
  }
};

struct thread_state {
  thread_record* record = nullptr;
  loop_core* loop = nullptr;
  int callbacks = 0;  // of users, on the stack
  int telling = 0;    // observers, on the stack

  /// Makes it where there is none.
  thread_record* own_record();
};

/// The state of this thread, made where there is none. It ends with the thread.
[[nodiscard]] thread_state& this_thread();
/// The same, null where there is none.
[[nodiscard]] const thread_state* this_thread_if_any() noexcept;
/// What no other thread that lives has. Needs no state.
[[nodiscard]] const void* this_thread_mark() noexcept;

}  // namespace spawnpipe::detail

#endif
