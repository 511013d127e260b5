// A process from its start to its end, in one call.
#ifndef SPAWNPIPE_RUN_HPP
#define SPAWNPIPE_RUN_HPP

#include <spawnpipe/cancellation.hpp>
#include <spawnpipe/child.hpp>
#include <spawnpipe/command.hpp>
#include <spawnpipe/deadline.hpp>
#include <spawnpipe/event_loop.hpp>
#include <spawnpipe/exit_status.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/resource_usage.hpp>
#include <spawnpipe/result.hpp>
#include <spawnpipe/stop_policy.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace spawnpipe {

namespace detail {
class job_core;
}

/// What happens to output beyond the limit of its capture.
enum class overflow {
  error,  ///< The child is stopped by the policy; the result says `ended_by::output_limit`. So it is where there is no memory for
  ///< more, which `completed::output_error` tells apart.
  keep_head,           ///< The first bytes are kept; the rest is read and dropped.
  keep_head_and_tail,  ///< The first and the last half of the limit are kept; what was between is dropped. The tail begins
                       ///< behind the first `bytes - bytes / 2` bytes of what was kept.
  spill,  ///< The first bytes are kept, and all of it, from its first byte on, goes to a file (`capture_limit::spill_to`).
};

/// How much of one output stream is kept in memory.
struct capture_limit {
  std::size_t bytes = std::size_t{64} * 1024 * 1024;  ///< For each stream; at most `max_bytes`.
  overflow on_overflow = overflow::error;             ///< What happens to the rest.

  /// With `overflow::spill`: the files are named by this with "out" and "err" behind it, so that "logs/step-7." makes
  /// "logs/step-7.out". One that is there is replaced; a stream that stays within the limit makes none. UTF-8 on Windows; a
  /// relative path starts at the host's directory. Writing blocks for as long as the system takes, which no deadline bounds: name
  /// files, and no pipes.
  std::string spill_to = std::string{};

  static constexpr std::size_t max_bytes = std::size_t{1} << 40;  ///< The largest limit: 1 TiB.
};

/// How `run`, `run_async` and `communicate` go about it. Every member has a default; name those that matter:
/// `run(command, {.input = text, .until = 5s})`.
struct run_options {
  std::string_view input =
      std::string_view{};                   ///< What the child reads from its stdin. Must live until the call returns
                                            ///< (`run_async` copies it).
  deadline until = deadline::never();       ///< Bounds the whole: feeding, reading, stopping and reaping. Looked at
                                            ///< before the spawn, which nothing bounds.
  cancellation cancel = cancellation{};     ///< Ends it early.
  capture_limit capture = capture_limit{};  ///< For out and err, each.
  stop_policy policy =
      stop_policy::immediate();  ///< How the child is stopped on cancel, or at a limit. At the deadline it
                                 ///< is killed, unless the policy forbids.
  std::chrono::milliseconds drain_limit{
      250};  ///< How long to wait for the end of the output after the child has ended: a
             ///< grandchild may hold the pipe for ever.
};

/// Why a run came to its end.
enum class ended_by {
  itself,        ///< The child ended on its own.
  deadline,      ///< The deadline came, and the child was killed (or left, where the policy forbids to kill).
  cancelled,     ///< A cancellation was requested, and the child was stopped.
  stopped,       ///< `job::stop` was called.
  output_limit,  ///< A captured stream went beyond its limit, and the child was stopped.
};

/// The enumerator's name.
[[nodiscard]] SPAWNPIPE_API std::string_view to_string(ended_by why) noexcept;

/// What came of a run. How the child ended and why we ended it are two things: a child that was killed for its deadline has
/// `status == signalled(9)` and `why == ended_by::deadline`.
struct completed {
  exit_status status;  ///< How the child ended. Not known where the system did not report it within
                       ///< `reap_limit`, where the policy forbade to kill, or where somebody else reaped it.
  ended_by why = ended_by::itself;  ///< What ended it.
  std::string out;                  ///< What was captured of standard output.
  std::string err;                  ///< What was captured of standard error. Empty where it was merged.
  std::uint64_t out_dropped = 0;    ///< Bytes of output beyond the limit, read and dropped.
  std::uint64_t err_dropped = 0;    ///< The same of standard error.
  std::string out_file;             ///< The file that has all of the output, where it was spilled.
  std::string err_file;             ///< The same of standard error.
  std::size_t unread_input =
      0;                       ///< Bytes of the input that the child did not take: it closed its stdin or ended early.
  bool drain_limited = false;  ///< The output had not ended `drain_limit` after the child: somebody else holds it.
  stop_phase phase = stop_phase::none;                      ///< How far stopping it went, where it was stopped.
  std::optional<signal_report> last_signal = std::nullopt;  ///< How far the last signal reached.
  std::optional<tree_report> tree = std::nullopt;           ///< What is left of what it started, where it was stopped.
  std::optional<resource_usage> used = std::nullopt;        ///< What it used, as `child::used` has it.
  std::optional<error> output_error =
      std::nullopt;  ///< A failure to read a stream of the child, to write the file it was spilled to, or
                     ///< to have the memory that keeps it (`std::errc::not_enough_memory`; what came
                     ///< after either counts as dropped), if there was one.
  std::chrono::nanoseconds elapsed{0};  ///< From before the spawn to now, on the steady clock.

  /// Ended on its own, with code 0, and nothing of its output was dropped or failed to be read. Look at `drain_limited` where
  /// what a grandchild may still write matters too.
  [[nodiscard]] bool success() const noexcept {
    return why == ended_by::itself && status.success() && out_dropped == 0 && err_dropped == 0 && !output_error;
  }
};

/// One line for a person: "exited with code 1", "stopped at the deadline after 5.0 s: ended by signal 9 (SIGKILL)", ...
[[nodiscard]] SPAWNPIPE_API std::string to_string(const completed& done);

/// Runs `what` to its end: feeds it `options.input`, takes its output and its errors together, and cannot deadlock at any
/// size or order of reading and writing. Streams that the command does not mention are piped (in: the null device, where
/// there is no input).
///
/// A child that fails, is killed or does not stop in time is not an error of this call: look at the result. Blocks; no
/// callback runs meanwhile.
///
/// Ctrl-Z in a `process_group::foreground` child suspends the host with it, as it would have in the host's own group: the
/// host's group gets SIGTSTP. The child goes on when the host does, and has the terminal. `run_async` and `communicate` do the same.
///
/// Input that there is no memory to queue is fed as the child's pipe takes it. After a `std::bad_alloc` no child is left.
///
/// Errors: those of `spawn`; `errc::timed_out` and `errc::cancelled` where nothing was spawned because the
/// deadline had come or the cancellation was requested before; `errc::invalid_argument` for an absurd limit, a spill without a
/// name or with a NUL in it, a negative grace or `drain_limit`, or input for a stdin that is no pipe; `errc::would_deadlock`
/// inside a callback.
[[nodiscard]] SPAWNPIPE_API result<completed> run(const command& what, const run_options& options = {});

/// The same for a child that runs already: feeds it, takes what its pipes have, and waits for its end. Its streams are used up.
///
/// Where the policy forbids to kill, a deadline leaves the child as it is, running, with its output pipes open; what was
/// captured is in the result.
///
/// Errors: as `run`; `errc::closed` for an empty child. A `std::bad_alloc` leaves the child as it is.
[[nodiscard]] SPAWNPIPE_API result<completed> communicate(child& running, const run_options& options = {});

/// A run in progress on an event loop, started by `run_async`. Destroying it stops the child as `child`'s destructor does, and
/// its callback is not called any more.
///
/// Belongs to its loop's thread. Move-only; may be destroyed in any callback, its own included.
class SPAWNPIPE_API job {
 public:
  /// No run. Its calls return `errc::closed`.
  job() noexcept = default;
  job(job&& other) noexcept;             ///< Takes the run over; `other` is empty.
  job& operator=(job&& other) noexcept;  ///< The same, when what it had has been destroyed.
  ~job();

  /// True until the callback was called.
  [[nodiscard]] bool running() const noexcept;

  /// The process id; 0 for an empty job.
  [[nodiscard]] std::int64_t id() const noexcept;

  /// What has been captured of its output so far: as `completed::out` would be if it ended now. A copy. Empty once the
  /// callback was called.
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;  ///< The same of its standard error.

  /// Begins to stop the child by `policy`, and returns at once; the callback tells the end. Called again, it replaces the policy
  /// and starts its phases anew. A child that ends by itself at that moment still has `why == ended_by::stopped`.
  ///
  /// Errors: `errc::invalid_argument`, `errc::closed` when it is not running, `errc::wrong_thread`.
  result<void> stop(const stop_policy& policy = stop_policy::immediate());

 private:
  friend class detail::job_core;

  detail::job_core* core_ = nullptr;
};

/// Starts `what` on `loop` as `run` does, and calls `done` in the loop's `run` when all is over. Never waits. Allowed in callbacks.
///
/// Errors: as `run`.
[[nodiscard]] SPAWNPIPE_API result<job> run_async(event_loop& loop, const command& what, const run_options& options,
                                                  std::function<void(completed)> done);

}  // namespace spawnpipe

#endif
