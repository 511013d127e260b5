// How a child is brought to its end, as data.
#ifndef SPAWNPIPE_STOP_POLICY_HPP
#define SPAWNPIPE_STOP_POLICY_HPP

#include <spawnpipe/exit_status.hpp>
#include <spawnpipe/export.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace spawnpipe {

/// The phases of stopping a child, in their order; each waits for the child to end before the next begins. A phase that
/// is not there is left out. Graces may be zero; a negative one is `errc::invalid_argument`.
///
/// The deadline of the call stands above all graces: when it comes, what is left of them is skipped and the child is
/// killed, unless `kill` is false. The reaping that follows a kill has a bound of its own, `reap_limit`.
struct stop_policy {
  using duration = std::chrono::milliseconds;

  /// Close the child's stdin, then wait so long. What its writer still has queued is delivered first, if the child
  /// reads it within the grace.
  std::optional<duration> close_stdin = std::nullopt;

  /// Ask the child to end, then wait so long. POSIX: SIGTERM. Windows: CTRL_BREAK, which takes a group of the child's own in a
  /// console that is the host's too; any other child gets the end of its stdin instead.
  std::optional<duration> terminate = duration{2000};

  /// End it for certain. With false a child that ignores the rest stays alive, and the call says `timed_out`.
  bool kill = true;

  /// How long to wait for the system to report the end of a killed child.
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

/// What a signal was sent to.
enum class mechanism {
  process,        ///< The child alone.
  process_group,  ///< The child's process group: what it started, unless that left the group.
  job,            ///< The child's job object (Windows): all that it started, which cannot leave it.
};

/// How far a `terminate` or `kill` reached.
struct signal_report {
  mechanism reached = mechanism::process;
  bool exact = false;  ///< True only where the mechanism cannot miss a descendant; a process group can.
};

/// How a stop ended.
struct stop_report {
  exit_status status;                   ///< How the child ended.
  stop_phase phase = stop_phase::none;  ///< Which phase ended it.
  bool cut_short = false;               ///< Whether the deadline or a cancellation cut the graces short.
  std::optional<signal_report> last_signal = std::nullopt;  ///< How far the last signal reached, where one was sent.
};

/// The enumerator's name.
[[nodiscard]] SPAWNPIPE_API std::string_view to_string(stop_phase phase) noexcept;
[[nodiscard]] SPAWNPIPE_API std::string_view to_string(mechanism reached) noexcept;

}  // namespace spawnpipe

#endif
