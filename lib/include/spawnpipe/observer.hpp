// What happens to children, told as it happens, for whoever keeps a record of it: a log, counters, a trace.
#ifndef SPAWNPIPE_OBSERVER_HPP
#define SPAWNPIPE_OBSERVER_HPP

#include <spawnpipe/command.hpp>
#include <spawnpipe/error.hpp>
#include <spawnpipe/event_loop.hpp>
#include <spawnpipe/exit_status.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/resource_usage.hpp>
#include <spawnpipe/result.hpp>
#include <spawnpipe/stop_policy.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace spawnpipe {

namespace detail {
class loop_core;
class observers;
}  // namespace detail

/// Which child an event is about.
struct observed_child {
  std::uint64_t number =
      0;                ///< Among all that were observed in this process, from 1 on. Unlike an id it never comes again.
  std::int64_t id = 0;  ///< As `child::id` has it.
  std::uint64_t loop = 0;  ///< The loop that it is on, as `observation::loop` has it.

  friend constexpr bool operator==(const observed_child&, const observed_child&) noexcept = default;
};

/// One of the three streams of a child.
enum class standard_stream { in, out, err };

/// The enumerator's name.
[[nodiscard]] SPAWNPIPE_API std::string_view to_string(standard_stream which) noexcept;

/// What went through a pipe. It pauses where its buffer in this process is full: `in`, when `write` could not take all (the child does
/// not read), until the queue shrinks; `out` and `err`, when nobody consumes what the reader holds (the child feels that), until
/// something is read again.
struct stream_report {
  std::uint64_t bytes = 0;             ///< `in`: what the pipe took. `out` and `err`: what came out of it.
  std::uint64_t pauses = 0;            ///< How often it paused.
  std::chrono::nanoseconds paused{0};  ///< How long, in all.

  friend bool operator==(const stream_report&, const stream_report&) noexcept = default;
};

/// Hears what happens to the children of a loop. Derive from it, override what you want to hear, and begin an `observation`.
///
/// It is no callback of the loop, but a passive sink: it is called at once, wherever the library happens to be, on the thread that owns the
/// loop: inside blocking calls, callbacks and destructors too. So it must only take note:
///
/// - It must not block: the loop stands still meanwhile, and no deadline bounds that.
/// - It must not use the library. Calls to loops, children and pipes of this thread are refused there (`errc::wrong_thread`), and none of
///   them may be destroyed there, nor an `observation`. `event_loop::wake`, a stop request and an `interrupter` are allowed.
/// - It must not throw: its functions are `noexcept`.
/// - One that observes loops of several threads is called on each of them, and does its own locking.
///
/// What an event refers to is valid during the call. Times are of the steady clock. What a child's environment holds is in no event; what
/// its command line holds is.
///
/// For each child come: `spawned`, first; `exited`, when its end has been learned; `stream_closed` for each of its pipes; and for each stop
/// that finds something to do `stop_began`, `stop_reached` and `stop_ended`. `exited` comes before the `stop_ended` of the stop
/// that ended it, and streams may be closed before or after it. After a detached child's loop has ended nobody learns of its exit.
///
/// Without an observation this costs a comparison at each of these events, and nothing is allocated for it, with one neither.
class observer {
 public:
  using time_point = std::chrono::steady_clock::time_point;  ///< When an event was: steady, not the time of day.

  /// A program was started.
  struct spawned_event {
    const observed_child& child;  ///< Which.
    const command& what;  ///< The object that was given to `spawn`. It tells the environment, too: do not pass that on.
    time_point began;     ///< Right before the start.
    time_point when;      ///< Now: the program has been loaded.
    bool in;              ///< Whether this stream is a pipe, of which `stream_closed` will tell.
    bool out;             ///< The same of this one.
    bool err;             ///< The same of this one.
  };

  /// A program was not started: what `spawn` says to its caller, but for `errc::wrong_thread` and `errc::closed`.
  struct spawn_failed_event {
    std::uint64_t loop;   ///< On which it was to be, as `observation::loop` has it.
    const command& what;  ///< As in `spawned_event`.
    const error& why;     ///< What the caller is told.
    time_point began;     ///< As in `spawned_event`.
    time_point when;      ///< Now.
  };

  /// A process has ended, and the library learned of it.
  struct exited_event {
    const observed_child& child;                ///< Which.
    const exit_status& status;                  ///< How it ended.
    const std::optional<resource_usage>& used;  ///< As `child::used` has it.
    time_point began;                           ///< As in `spawned_event`.
    time_point when;  ///< Now. The process may have ended while nobody waited for anything on its loop.
  };

  /// The host begins to stop it: by `stop`, `begin_stop` or `stop_all`, at a deadline, a limit or on a cancellation of a run, or because its
  /// object is destroyed. Beginning a stop again while one is in progress is told again, and ends only once.
  struct stop_began_event {
    const observed_child& child;  ///< Which.
    const stop_policy& policy;    ///< By which rules.
    time_point when;              ///< Now.
  };

  /// A phase of the stop begins: its stdin will be closed, or it will be asked, or killed.
  struct stop_reached_event {
    const observed_child& child;  ///< Which.
    stop_phase phase;             ///< The one that begins.
    time_point when;              ///< Now.
  };

  /// Nothing more is done to stop it. The status is not known (`exit_status::known`) where it has not ended: the policy forbade to kill, its
  /// end was not reported within `reap_limit`, or it was detached meanwhile.
  struct stop_ended_event {
    const observed_child& child;  ///< Which.
    const stop_report& report;    ///< What `stop` returns.
    time_point when;              ///< Now.
  };

  /// No byte will go through this pipe any more: the other side closed it, it was closed here, or it failed.
  struct stream_closed_event {
    const observed_child& child;  ///< Whose.
    standard_stream which;        ///< Which of its pipes.
    const stream_report& report;  ///< What went through it.
    const error* failure;         ///< The error that sticks, where there was one; else null.
    time_point when;              ///< Now.
  };

  /// Called at the event of this name, as the following are; what is not overridden does nothing. On the loop's thread, inside the call
  /// that brought the event: short, and without a call of the library, which would be refused. What an event refers to is valid until
  /// the call returns.
  virtual void spawned(const spawned_event& /*event*/) noexcept {}
  virtual void spawn_failed(const spawn_failed_event& /*event*/) noexcept {}    ///< A program was not started.
  virtual void exited(const exited_event& /*event*/) noexcept {}                ///< A process has ended.
  virtual void stop_began(const stop_began_event& /*event*/) noexcept {}        ///< A stop begins.
  virtual void stop_reached(const stop_reached_event& /*event*/) noexcept {}    ///< A phase of a stop begins.
  virtual void stop_ended(const stop_ended_event& /*event*/) noexcept {}        ///< A stop is over.
  virtual void stream_closed(const stream_closed_event& /*event*/) noexcept {}  ///< A pipe is closed.

 protected:
  observer() noexcept = default;                            ///< For those that derive from it, as the rest.
  observer(const observer&) noexcept = default;             ///< Nothing is copied: an observation is of one object.
  observer& operator=(const observer&) noexcept = default;  ///< The same.
  ~observer() = default;
};

/// While it lives, an observer hears of the children that are spawned on a loop. Of those that were spawned before, it hears nothing.
///
/// ```
/// struct counter : spawnpipe::observer {
///   int children = 0;
///   void spawned(const spawned_event&) noexcept override { ++children; }
/// };
/// counter sink;
/// auto watching = spawnpipe::observation::begin(sink);  // of all that `spawn` and `run` start on this thread
/// ```
///
/// Its end is the end: nothing is told after it, of children that still run neither. It ends with the `event_loop` object too, or with the
/// thread whose own loop it is of, before what goes on there is ended; it may outlive both, and then does nothing. A loop may have many; they
/// are called in the order in which they began. In a forked copy of the host nothing is told.
///
/// The observer is borrowed, and must outlive it. Belongs to its loop's thread, and is destroyed there, or when the loop is gone.
/// Move-only.
class SPAWNPIPE_API observation {
 public:
  /// Of this thread's own loop, which `spawn(command)` and `run` use; or of `loop`.
  ///
  /// Errors: `errc::wrong_thread`, also in an observer; `errc::closed` for a `loop` that is none; what the system says where the
  /// thread's own loop could not be made.
  [[nodiscard]] static result<observation> begin(observer& by);
  [[nodiscard]] static result<observation> begin(observer& by, event_loop& loop);  ///< The same.

  /// None.
  observation() noexcept = default;
  observation(observation&& other) noexcept;  ///< Takes it over, with its place among others; `other` is none.
  observation& operator=(observation&& other) noexcept;  ///< The same, when what it was has ended.
  ~observation();

  /// A number for the loop, of all that were observed in this process, from 1 on. 0 where there is none, or it is gone.
  [[nodiscard]] std::uint64_t loop() const noexcept;

 private:
  friend class detail::observers;

  observation(observer& by, detail::loop_core& loop) noexcept;
  void end() noexcept;

  observer* observer_ = nullptr;
  detail::loop_core* loop_ = nullptr;
  observation* next_ = nullptr;  // on the same loop
  observation* previous_ = nullptr;
  std::uint64_t first_ = 0;  // the lowest number of a child that it hears of
};

}  // namespace spawnpipe

#endif
