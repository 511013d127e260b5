// A running process, and the way to start one.
#ifndef SPAWNPIPE_CHILD_HPP
#define SPAWNPIPE_CHILD_HPP

#include <spawnpipe/cancellation.hpp>
#include <spawnpipe/command.hpp>
#include <spawnpipe/deadline.hpp>
#include <spawnpipe/event_loop.hpp>
#include <spawnpipe/exit_status.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/pipe_reader.hpp>
#include <spawnpipe/pipe_writer.hpp>
#include <spawnpipe/resource_usage.hpp>
#include <spawnpipe/result.hpp>
#include <spawnpipe/stop_policy.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace spawnpipe {

namespace detail {
class child_core;
}

/// A process that was spawned here, with the host's ends of its pipes.
///
/// Destroying it while the process runs applies the command's `on_destroy` policy (by default: kill), and waits for the
/// end, bounded by the policy; inside a callback, and on an adopted loop, the loop does that waiting later. To let a
/// process go on without its `child`, say `detach()`.
///
/// When the host itself dies, its children live on (POSIX; see `command::end_with_host`), and get the end of their stdin or a
/// broken pipe when they next use theirs.
///
/// Belongs to its loop's thread. Move-only; may be destroyed in any callback.
class SPAWNPIPE_API child {
 public:
  /// No process. Its calls return `errc::closed`.
  child() noexcept = default;
  child(child&& other) noexcept;             ///< Takes over the process and the pipes; `other` is empty.
  child& operator=(child&& other) noexcept;  ///< The same, when what it had has been destroyed.
  ~child();

  /// The process id. Stays after the end, when the system may have given it to another process.
  [[nodiscard]] std::int64_t id() const noexcept;

  /// The host's end of the child's standard input. Where that is not a pipe, its calls return `errc::closed`. It can be
  /// moved out of the child, as the other two.
  [[nodiscard]] pipe_writer& in() noexcept { return in_; }
  [[nodiscard]] pipe_reader& out() noexcept { return out_; }  ///< The host's end of its standard output.
  [[nodiscard]] pipe_reader& err() noexcept {
    return err_;
  }  ///< The host's end of its standard error; closed where merged.

  /// Waits for the end of the process, and says how it ended, as often as asked. The end is learned from the process
  /// itself: that a grandchild still holds a pipe does not delay it.
  ///
  /// Errors: `errc::timed_out`, `errc::cancelled`, `errc::would_deadlock`, `errc::closed` after `detach`,
  /// `errc::status_unavailable`, and `errc::output_stalled` (subject "out" or "err") where the child cannot go on because
  /// that stream and the buffer of its reader have been full for 250 ms and nobody consumes them: consume, and call again;
  /// `errc::suspended` while a `process_group::foreground` child is suspended: `resume` it, and call again.
  result<exit_status> wait(deadline until, const cancellation& cancel = {});

  /// How it ended, where that has been learned already. Never blocks.
  [[nodiscard]] std::optional<exit_status> status() const noexcept;

  /// What it used, once its end has been learned. Never blocks.
  ///
  /// Nothing before that, where somebody else reaped the process, and on the portable POSIX back end, whose `uv_spawn` throws it away.
  [[nodiscard]] std::optional<resource_usage> used() const noexcept;

  /// Waits until neither the process nor anything that it started is left, as far as the mechanism sees that holds them together
  /// (`command::tree`). The report is always `gone`; whether that is a proof stands in `exact`.
  ///
  /// A process that has ended and was not reaped by its parent does not count, where the system tells it apart (portable POSIX back
  /// end: it counts).
  ///
  /// Errors: as `wait`; `errc::not_supported` for a child without a tree of its own (`process_group::host`, where it has no
  /// control group and orphans are not adopted).
  result<tree_report> wait_tree(deadline until, const cancellation& cancel = {});

  /// Whether it was stopped, by Ctrl-Z or otherwise, and the host has its terminal back. Seen within 50 ms while the loop is in progress. Always
  /// false but for a child with `process_group::foreground`. Never blocks.
  [[nodiscard]] bool suspended() const noexcept;

  /// Called in `event_loop::run` each time it was suspended.
  void on_suspend(std::function<void(child&)> callback);

  /// Gives it the terminal, with the modes that it had, and lets it go on.
  ///
  /// Errors: `std::errc::resource_unavailable_try_again` while the host is in the background itself; `errc::already_exited`;
  /// `errc::not_supported` for a child that is not `process_group::foreground`; `errc::closed`, `errc::wrong_thread`.
  result<void> resume();

  /// Brings the process and what it started to their end by `policy`, and waits for it. When `until` comes, the remaining graces are
  /// skipped and they are killed, unless the policy forbids it; so are they on `cancel`. A process that has ended before is not
  /// signalled, but what is left of its tree is.
  ///
  /// Linux before 6.9, and while orphans are adopted: so that the number of its group stays its own, a process that has ended stays a
  /// zombie until its `child` is destroyed. Portable POSIX back end: what is left when the process itself has been reaped cannot be signalled any more, and
  /// the report says that it is not `gone`.
  ///
  /// Errors: `errc::timed_out` where the policy forbids to kill, or the system did not report the end of the process within
  /// `reap_limit`; `errc::cancelled` where the policy forbids to kill; `errc::invalid_argument` for a negative grace or a number that is
  /// no signal; `errc::would_deadlock` (nothing was done then); `errc::closed` after `detach`.
  result<stop_report> stop(const stop_policy& policy = {}, deadline until = deadline::never(),
                           const cancellation& cancel = {});

  /// Begins the same and returns at once. The phases go on while the loop is in progress; `on_exit` and `wait` tell the end of the
  /// process, `wait_tree` that of its tree. Beginning again replaces the policy, and starts its phases anew. Allowed in callbacks.
  ///
  /// Errors: `errc::invalid_argument`, `errc::closed`, `errc::wrong_thread`.
  result<void> begin_stop(const stop_policy& policy = {});

  /// Asks the process, and what it started, to end. POSIX: SIGTERM. Windows: CTRL_BREAK to its process group,
  /// where it has one in the host's console. Does not wait.
  ///
  /// Errors: `errc::already_exited` where neither the process nor anything of its tree is left that may be signalled (no signal is
  /// ever sent to a process or a group that may have been reaped and be somebody else's by now; portable POSIX back end: nothing is
  /// sent once the process was reaped), `errc::closed`, `std::errc::operation_not_permitted` where the system refuses,
  /// `errc::not_supported` on Windows without such a group: only its stdin can say it there (`stop_policy` does that).
  result<signal_report> terminate();

  /// Ends the process, and what it started, for certain. POSIX: SIGKILL. Windows: its job object is terminated. Does not wait.
  ///
  /// Errors: as `terminate`.
  result<signal_report> kill();

  /// Lets the process go: it is neither stopped nor waited for by this object, which is then empty. Its pipes are closed.
  /// It is reaped by its loop, while that is in progress; after the loop's end it is a zombie until the host ends. A process that is
  /// to be nobody's child from its beginning is started by `spawn_detached`.
  ///
  /// Errors: `errc::wrong_thread`.
  result<void> detach();

  /// Called once in `event_loop::run` when the process has ended; output may still be in its pipes then.
  void on_exit(std::function<void(child&, const exit_status&)> callback);

 private:
  friend class detail::child_core;

  detail::child_core* core_ = nullptr;
  pipe_writer in_;
  pipe_reader out_;
  pipe_reader err_;
};

/// Stops many children side by side, each by `policy`, all under one deadline: it takes as long as the slowest of them. The results are
/// in the order of the children. Blocks.
///
/// Errors of one: as `child::stop`; `errc::invalid_argument` for a child of another loop than the first one's. May throw
/// `std::bad_alloc` before any of them is being stopped.
[[nodiscard]] SPAWNPIPE_API std::vector<result<stop_report>> stop_all(std::span<child* const> children,
                                                                      const stop_policy& policy = {},
                                                                      deadline until = deadline::never(),
                                                                      const cancellation& cancel = {});

/// Starts `what` as nobody's child, and returns its id: in a session of its own, which has no terminal; the system adopts and reaps it, so
/// it leaves no zombie, and the end of the host does not concern it. Blocks until the program has been loaded or that has failed.
/// Streams that are not mentioned are the null device. Nothing in this library waits for it or signals it. Linux: a host that adopts
/// orphans (`posix::orphan_adoption`) gets this one, too, and its id is a child's of the host until it is reaped as they are.
///
/// Windows: it has no console, and leaves the host's job, where that allows it (`JOB_OBJECT_LIMIT_BREAKAWAY_OK`).
///
/// Errors: as `spawn`; `errc::invalid_argument` for a pipe, a `tree`, a `group` but `session`, and `end_with_host`;
/// `errc::not_supported` on the portable POSIX back end.
[[nodiscard]] SPAWNPIPE_API result<std::int64_t> spawn_detached(const command& what);

/// Starts `what` on the loop of this thread, for blocking calls. Blocks until the program has been loaded or that has
/// failed, which is reported here. No deadline bounds that, nor how long the system takes to open a redirect (a named pipe is not
/// waited for).
///
/// Errors, with their stage and subject:
/// - `stage::command`, `errc::invalid_argument`: an empty argv; a NUL in a string (subject: which); a variable's name that
///   is empty or contains `=`; a pipe capacity of 0 or over 1 GiB; a descriptor number outside 3 to 1023; a negative grace; one file
///   opened in two modes.
/// - `stage::attributes`, `errc::not_supported`: see `process_group`.
/// - `stage::redirect`: what opening the file said (`std::errc::no_such_file_or_directory`, `permission_denied`,
///   `is_a_directory`, `file_exists`, ...; subject: the path); `std::errc::bad_file_descriptor` for a handle that is closed;
///   `errc::not_supported` for `command::descriptor` on Windows.
/// - `stage::pipe`: `std::errc::too_many_files_open`, `too_many_files_open_in_system`.
/// - `stage::cwd`: `std::errc::no_such_file_or_directory`, `not_a_directory`, `permission_denied` (subject: the directory).
/// - `stage::exec`: `std::errc::no_such_file_or_directory` for a program that is not there, `permission_denied` for one that
///   may not be executed or is a directory, `executable_format_error`, `argument_list_too_long` (subject: the program).
/// - `stage::process`: `std::errc::resource_unavailable_try_again`, `not_enough_memory`, `too_many_files_open`.
/// - `stage::loop`: the thread's loop could not be made.
///
/// After an error or a `std::bad_alloc` nothing is left: no process, no zombie, no descriptor. Portable POSIX back end: `uv_spawn` gives the
/// code alone, so that cwd, exec and process are told apart by looking at the directory and the code afterwards.
[[nodiscard]] SPAWNPIPE_API result<child> spawn(const command& what);

/// Starts `what` on `loop`. Allowed in callbacks. Errors: as above, `errc::wrong_thread`, and `errc::closed` for a `loop` that is
/// none.
[[nodiscard]] SPAWNPIPE_API result<child> spawn(event_loop& loop, const command& what);

}  // namespace spawnpipe

#endif
