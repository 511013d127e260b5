// How a child is brought to its end, as data.
#ifndef SPAWNPIPE_STOP_POLICY_HPP
#define SPAWNPIPE_STOP_POLICY_HPP

#include <spawnpipe/exit_status.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/resource_usage.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace spawnpipe {

/// The phases of stopping a child, in their order; each waits for the child to end before the next begins. A phase that
/// is not there is left out. Graces may be zero; a negative one is `errc::invalid_argument`.
///
/// What the child started, and what is still there when the child itself has ended, goes through what is left of the phases: it is
/// given the rest of the grace, asked, and killed. So the child goes first, and its tree after it (`tree`).
///
/// The deadline of the call stands above all graces: when it comes, what is left of them is skipped and the child is
/// killed, unless `kill` is false. The reaping that follows a kill has a bound of its own, `reap_limit`.
struct stop_policy {
  using duration = std::chrono::milliseconds;  ///< Of all graces.

  /// Close the child's stdin, then wait so long. What its writer still has queued is delivered first, if the child
  /// reads it within the grace.
  std::optional<duration> close_stdin = std::nullopt;

  /// Ask the child to end, then wait so long. POSIX: `terminate_signal`. Windows: CTRL_BREAK, which takes a group of the child's
  /// own in a console that is the host's too; any other child gets the end of its stdin instead.
  std::optional<duration> terminate = duration{2000};

  /// POSIX: the number of the signal that asks; 0 is SIGTERM. A number that is no signal is `errc::invalid_argument`. Windows has
  /// one way to ask, and takes no other number than 0.
  int terminate_signal = 0;

  /// End it for certain. With false a child that ignores the rest stays alive, and the call says `timed_out`.
  bool kill = true;

  /// Whether what the child started is to end too, where it is held together by more than being started
  /// (`process_tree`). With false the signals still reach all of it, but only the child's own end is awaited.
  bool tree = true;

  /// How long to wait for the system to report the end of a killed child, and of its tree.
  duration reap_limit = duration{5000};

  /// Close stdin, wait `grace`, terminate, wait `grace`, kill.
  [[nodiscard]] static constexpr stop_policy graceful(duration grace = duration{2000}) noexcept {
    return {.close_stdin = grace, .terminate = grace};
  }

  /// Kill at once.
  [[nodiscard]] static constexpr stop_policy immediate() noexcept { return {.terminate = std::nullopt}; }

  friend constexpr bool operator==(const stop_policy&, const stop_policy&) noexcept = default;
};

/// The phase that a stop had reached when the child ended.
enum class stop_phase {
  none,         ///< It had ended before anything was done to it.
  close_stdin,  ///< It ended after its stdin was closed.
  terminate,    ///< It ended after it was asked to.
  kill,         ///< It was killed.
};

/// What holds a child and all that it started together, so that one signal reaches it, and one look sees what is left of it.
enum class mechanism {
  process,        ///< Nothing: the child alone.
  process_group,  ///< The child's process group: what it started, unless that left the group.
  descendants,  ///< What descends from the child, by the system's list of processes (Linux, `posix::orphan_adoption`).
  cgroup,       ///< The child's control group (Linux): all that it started, which cannot leave it without rights.
  job,          ///< The child's job object (Windows): all that it started, which cannot leave it.
};

/// How far a `terminate` or `kill` reached.
struct signal_report {
  mechanism reached = mechanism::process;  ///< What it was sent to.
  bool exact = false;  ///< True only where the mechanism cannot miss a descendant; a process group can.
};

/// What is known about the processes that a child started.
struct tree_report {
  mechanism by = mechanism::process;  ///< What holds them together.
  bool gone = false;  ///< Neither the child nor anything that it started is left, as far as `by` can see.
  bool exact =
      false;  ///< True only where `by` cannot miss a descendant: then `gone` is a proof. A process group can: a process that
              ///< made a group or session of its own has left it.
  std::optional<resource_usage> used =
      std::nullopt;  ///< What all of them together used, when they are gone, where `by` counts that:
                     ///< a control group, a job.

  friend bool operator==(const tree_report&, const tree_report&) noexcept = default;
};

/// How a stop ended.
struct stop_report {
  exit_status status;                   ///< How the child ended.
  stop_phase phase = stop_phase::none;  ///< Which phase ended it.
  bool cut_short = false;               ///< Whether the deadline or a cancellation cut the graces short.
  std::optional<signal_report> last_signal = std::nullopt;  ///< How far the last signal reached, where one was sent.
  tree_report tree =
      {};  ///< What is left of what the child started. Not `gone` where the policy forbade to kill, or its end was not
           ///< reported within `reap_limit`.
};

/// The enumerator's name.
[[nodiscard]] SPAWNPIPE_API std::string_view to_string(stop_phase phase) noexcept;

/// The enumerator's name.
[[nodiscard]] SPAWNPIPE_API std::string_view to_string(mechanism reached) noexcept;

}  // namespace spawnpipe

#endif
