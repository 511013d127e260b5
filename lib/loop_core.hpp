// The loop: whose thread it is, one pass of it, waiting in it, and the callbacks of a run.
//
// A pass begins what is wanted, waits in the back end, hands the completions to their cores and fires the timers. That moves
// bytes and states; it never calls a user. Cores that have news for their user are put in a queue, which only `run` (or, on an
// adopted loop, the host's own run) empties. So blocking calls can pass without running callbacks.
//
// Lifetime: every handle of a user (the event_loop, a child, a pipe, a job) is counted in `users_`, every core in
// `references_`. When the last user is gone nobody can run the loop any more: what still goes on is ended (shutdown), and
// the last reference frees the rest.
#ifndef SPAWNPIPE_LIB_LOOP_CORE_HPP
#define SPAWNPIPE_LIB_LOOP_CORE_HPP

#include <spawnpipe/event_loop.hpp>

#include "callback.hpp"
#include "interruption.hpp"
#include "object.hpp"
#include "observers.hpp"
#include "platform.hpp"
#include "thread_state.hpp"
#include "timer.hpp"

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <type_traits>

namespace spawnpipe::detail {

/// What ended a wait.
enum class waited { ready, timed_out, cancelled, would_deadlock };

class loop_core {
 public:
  loop_core(const loop_core&) = delete;
  loop_core& operator=(const loop_core&) = delete;

  /// A new loop with one user, which is the caller. Owned by this thread.
  [[nodiscard]] static result<loop_core*> open(void* adopt);
  /// The loop for blocking calls on this thread. Borrowed.
  [[nodiscard]] static result<loop_core*> of_this_thread();
  /// The handle that stands for the user of `core`.
  [[nodiscard]] static event_loop make_handle(loop_core* core) noexcept { return event_loop(core); }
  [[nodiscard]] static loop_core* of(event_loop& loop) noexcept { return loop.core_; }

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept;

  /// A user's handle comes, goes with its object (from whatever thread), or goes with the loop.
  void add_user() noexcept { ++users_; }
  void drop(object& what) noexcept;
  void drop_loop() noexcept;

  /// Whether the loop is the calling thread's.
  [[nodiscard]] bool owned_here() const noexcept;
  /// Whether a call of the user may wait now: not in a callback (of any loop), and not on an adopted loop.
  [[nodiscard]] bool can_wait() const noexcept;
  /// Whether a pass is possible at all, as destructors need it: not in a callback of this very loop, and not in a pass of it.
  [[nodiscard]] bool can_pass() const noexcept { return !dispatching_ && !passing_ && !adopted_ && !foreign(); }
  /// Whether this is the forked copy of the process that the loop was made in.
  [[nodiscard]] bool foreign() const noexcept { return platform::loop_foreign(os_); }
  /// Whether the calling thread may use the loop and what belongs to it. In a forked copy nobody may: there they only end. Nor may
  /// an observer.
  [[nodiscard]] bool usable_here() const noexcept;

  [[nodiscard]] observers& observed_by() noexcept { return observers_; }
  /// Tells those who observe this loop, where there are any. In a forked copy it is not theirs to know.
  template <class Event>
  void tell(void (observer::*how)(const Event&) noexcept, const std::type_identity_t<Event>& event) const noexcept {
    if (observers_.any() && !foreign()) observers_.tell(how, event);
  }

  /// Passes until `ready()` holds, the deadline comes, or a cancellation is requested; the condition wins. `hint` is the operation
  /// that would make it ready, if it is one.
  template <class Ready>
  waited wait(deadline until, const cancellation& cancel, const Ready& ready, platform::completion* hint = nullptr) {
    return wait_for({&ready, [](const void* self) { return (*static_cast<const Ready*>(self))(); }}, until, cancel,
                    hint);
  }

  /// Passes until `ready()` holds, which is bounded by what it waits for. Needs can_pass().
  template <class Ready>
  void settle(Ready ready) noexcept {
    while (!ready()) pass(platform::time_point::max(), nullptr);
  }

  /// A child whose handle is gone is being stopped, or no longer: the loop's end waits for it.
  void add_stopping() noexcept { ++stopping_; }
  void remove_stopping() noexcept { --stopping_; }

  /// One pass that does not wait, for calls that find something each time and would never pass.
  void glance() { pass(platform::time_point::min(), nullptr); }

  /// Passes an interrupt of the host on to those that it did not reach.
  void interrupt_children(int number);

  void want_prepare(object& what) noexcept;
  void want_dispatch(object& what) noexcept;

  // event_loop
  result<void> run(deadline until, const cancellation& cancel);
  void stop() noexcept { stop_requested_ = true; }
  void wake() noexcept;
  void on_wake(std::function<void()> callback) { on_wake_.set(std::move(callback)); }
  [[nodiscard]] deadline next_deadline();
  [[nodiscard]] native_handle native() const noexcept { return platform::loop_native(os_); }
  result<void> release_thread();
  result<void> acquire_thread();

  [[nodiscard]] platform::loop* os() const noexcept { return os_; }
  [[nodiscard]] platform::inbox& inbox() noexcept { return inbox_; }
  [[nodiscard]] timer_map& timers() noexcept { return timers_; }
  [[nodiscard]] platform::waker* waker() const noexcept { return platform::loop_waker(os_); }

 private:
  friend class object;

  // What a wait is for, without its type: waiting is compiled once.
  struct condition {
    const void* self;
    bool (*holds)(const void* self);
  };

  loop_core() = default;
  ~loop_core();

  waited wait_for(const condition& ready, deadline until, const cancellation& cancel, platform::completion* hint);

  void pass(platform::time_point until, platform::completion* hint) noexcept;
  bool prepare_all();
  bool handle_completions();
  void dispatch_all();
  class callback_scope;
  void dispatch_one(object& what);
  void call_on_wake();
  void drop_remote() noexcept;
  void drop_now(object& what) noexcept;
  void end_if_unused() noexcept;
  [[nodiscard]] bool take_over();
  [[nodiscard]] bool has_other_owner() const noexcept;
  // For a thread that destroys something: it is the owner already, stands in for one until unclaim (there was none, or it has ended),
  // or cannot, because the owner is at work: then that drops `or_queue` in its next pass. Who stands in need not have used the
  // library before, and what is kept for a thread is not made for that: nothing allocates here.
  enum class claimed { already, for_now, not_now };
  [[nodiscard]] claimed claim(object* or_queue = nullptr) noexcept;
  void unclaim(claimed how) noexcept;
  void set_owner(thread_record* owner) noexcept;

  template <class Function>
  void for_each_object(Function function);

  static platform::time_point before_wait(void* context);
  static void after_wait(void* context, bool woken);

  std::atomic<std::size_t> references_ = 1;
  platform::loop* os_ = nullptr;
  std::atomic<thread_record*> owner_ = nullptr;
  std::atomic<const void*> stand_in_ = nullptr;  // the mark of a thread that destroys something, while it does
  bool adopted_ = false;
  bool dispatching_ = false;     // a user's callback is on the stack
  bool passing_ = false;         // pass() is on the stack
  bool running_ = false;         // run() is on the stack
  bool handle_gone_ = false;     // the event_loop was destroyed
  bool stop_requested_ = false;  // for run()
  bool shut_down_ = false;
  std::size_t users_ = 1;
  std::size_t active_ = 0;    // objects that run() waits for
  std::size_t stopping_ = 0;  // children that were destroyed inside a callback, and have not ended

  platform::inbox inbox_;
  timer_map timers_;
  object* first_ = nullptr;  // all objects
  object::prepare_queue to_prepare_;
  object::dispatch_queue to_dispatch_;

  observers observers_;

  callback_slot<void()> on_wake_;
  std::atomic<bool> wake_requested_ = false;

  std::mutex remote_mutex_;  // guards remote_: handles that were destroyed on another thread
  object::drop_queue remote_;
};

/// The error of a wait that did not become ready.
[[nodiscard]] error wait_error(waited how, stage where, const char* subject = "");

}  // namespace spawnpipe::detail

#endif
