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
#include <spawnpipe/result.hpp>
#include <spawnpipe/stop_policy.hpp>

#include <cstdint>
#include <functional>
#include <optional>

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
/// When the host itself dies, its children live on (POSIX), and get the end of their stdin or a broken pipe when they next
/// use theirs.
///
/// Belongs to its loop's thread. Move-only; may be destroyed in any callback.
class SPAWNPIPE_API child {
 public:
  /// No process. Its calls return `errc::closed`.
  child() noexcept = default;
  child(child&& other) noexcept;
  child& operator=(child&& other) noexcept;
  ~child();

  /// The process id. Stays after the end, when the system may have given it to another process.
  [[nodiscard]] std::int64_t id() const noexcept;

  /// The host's ends of the child's streams. Where a stream is not a pipe, its calls return `errc::closed`. They can be
  /// moved out of the child.
  [[nodiscard]] pipe_writer& in() noexcept { return in_; }
  [[nodiscard]] pipe_reader& out() noexcept { return out_; }
  [[nodiscard]] pipe_reader& err() noexcept { return err_; }

  /// Waits for the end of the process, and says how it ended, as often as asked. The end is learned from the process
  /// itself: that a grandchild still holds a pipe does not delay it.
  ///
  /// Errors: `errc::timed_out`, `errc::cancelled`, `errc::would_deadlock`, `errc::closed` after `detach`,
  /// `errc::status_unavailable`, and `errc::output_stalled` (subject "out" or "err") where the child cannot go on because
  /// that stream and the buffer of its reader have been full for 250 ms and nobody consumes them: consume, and call again.
  result<exit_status> wait(deadline until, const cancellation& cancel = {});

  /// How it ended, where that has been learned already. Never blocks.
  [[nodiscard]] std::optional<exit_status> status() const noexcept;

  /// Brings the process to its end by `policy`, and waits for it. When `until` comes, the remaining graces are skipped and it is
  /// killed, unless the policy forbids it; so is it on `cancel`.
  ///
  /// Errors: `errc::timed_out` where the policy forbids to kill, or the system did not report the end within
  /// `reap_limit`; `errc::cancelled` where the policy forbids to kill; `errc::invalid_argument` for a negative grace;
  /// `errc::would_deadlock` (nothing was done then); `errc::closed` after `detach`.
  result<stop_report> stop(const stop_policy& policy = {}, deadline until = deadline::never(),
                           const cancellation& cancel = {});

  /// Begins the same and returns at once. The phases go on while the loop is in progress; `on_exit` and `wait` tell the end.
  /// Beginning again replaces the policy, and starts its phases anew. Allowed in callbacks.
  ///
  /// Errors: `errc::invalid_argument`, `errc::closed`, `errc::wrong_thread`.
  result<void> begin_stop(const stop_policy& policy = {});

  /// Asks the process, and the group that was made for it, to end. POSIX: SIGTERM. Windows: CTRL_BREAK to its process group,
  /// where it has one in the host's console. Does not wait.
  ///
  /// Errors: `errc::already_exited` (no signal is ever sent to a process that may have been reaped; portable POSIX back end:
  /// that was reaped here), `errc::closed`, `std::errc::operation_not_permitted` where the system refuses,
  /// `errc::not_supported` on Windows without such a group: only its stdin can say it there (`stop_policy` does that).
  result<signal_report> terminate();

  /// Ends the process, and the group that was made for it, for certain. POSIX: SIGKILL. Windows: its job object is terminated,
  /// which reaches everything that it started. Does not wait.
  ///
  /// Errors: as `terminate`.
  result<signal_report> kill();

  /// Lets the process go: it is neither stopped nor waited for by this object, which is then empty. Its pipes are closed.
  /// It is reaped by its loop, while that is in progress; after the loop's end it is a zombie until the host ends.
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
/// After an error nothing is left: no process, no zombie, no descriptor. Portable POSIX back end: `uv_spawn` gives the
/// code alone, so that cwd, exec and process are told apart by looking at the directory and the code afterwards.
[[nodiscard]] SPAWNPIPE_API result<child> spawn(const command& what);

/// Starts `what` on `loop`. Allowed in callbacks. Errors: as above, `errc::wrong_thread`, and `errc::closed` for a `loop` that is
/// none.
[[nodiscard]] SPAWNPIPE_API result<child> spawn(event_loop& loop, const command& what);

}  // namespace spawnpipe

#endif
