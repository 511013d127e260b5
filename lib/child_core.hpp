// The state of a child: its process, its end, and the phases of stopping it.
//
// The back end's process is kept when it has ended, until the handle goes: by it the rest of the tree is seen and signalled.
//
// A child whose handle is gone lives on here until the process has ended: being stopped (destroyed inside a callback), or
// let go (detached), which the loop then only reaps.
#ifndef SPAWNPIPE_LIB_CHILD_CORE_HPP
#define SPAWNPIPE_LIB_CHILD_CORE_HPP

#include <spawnpipe/child.hpp>

#include "callback.hpp"
#include "loop_core.hpp"
#include "object.hpp"
#include "platform.hpp"
#include "progress_listener.hpp"
#include "reader_core.hpp"
#include "timer.hpp"
#include "writer_core.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <optional>

namespace spawnpipe::detail {

/// What is impossible about a policy.
[[nodiscard]] std::optional<error> impossible(const stop_policy& policy);

class child_core final : public object {
 public:
  child_core(loop_core& loop, const stop_policy& on_destroy);

  [[nodiscard]] platform::completion& exit_completion() noexcept { return exited_; }
  void attach(const platform::spawned& process, core_ref<writer_core> in, core_ref<reader_core> out,
              core_ref<reader_core> err) noexcept;
  /// Tells those who observe the loop that it was spawned as `what`; from now on they hear the rest, too.
  void tell_spawned(const command& what) noexcept;
  /// Makes `handle`, which is empty, the handle of this child and its pipes. The handle takes over the caller's reference.
  static void give(core_ref<child_core> core, child& handle) noexcept;
  [[nodiscard]] static child_core* of(const child& handle) noexcept { return handle.core_; }
  void handle_moved(child& handle) noexcept { handle_ = &handle; }

  [[nodiscard]] std::int64_t id() const noexcept { return id_; }
  [[nodiscard]] platform::time_point born() const noexcept { return born_; }
  [[nodiscard]] const std::optional<exit_status>& status() const noexcept { return status_; }
  [[nodiscard]] const std::optional<resource_usage>& used() const noexcept { return used_; }
  [[nodiscard]] writer_core* in() const noexcept { return in_.get(); }
  [[nodiscard]] reader_core* out() const noexcept { return out_.get(); }
  [[nodiscard]] reader_core* err() const noexcept { return err_.get(); }

  result<exit_status> wait(deadline until, const cancellation& cancel);
  result<stop_report> stop(const stop_policy& policy, deadline until, const cancellation& cancel);
  result<tree_report> wait_tree(deadline until, const cancellation& cancel);
  result<signal_report> signal(platform::signal_kind which);
  /// What `stop` returns when its wait is over.
  [[nodiscard]] result<stop_report> stopped(waited how);

  /// Begins the phases of `policy`, or begins them anew.
  void begin_stop(const stop_policy& policy) noexcept;
  /// The deadline has come: skips what is left of the graces.
  void hurry() noexcept;
  /// Phases are under way, of the process or of what is left of its tree.
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }
  /// All phases are over, and the process or its tree has not ended.
  [[nodiscard]] bool gave_up() const noexcept { return gave_up_; }
  /// Nothing that a stop by `policy` would do is left to be done.
  [[nodiscard]] bool nothing_to_stop(const stop_policy& policy) noexcept;
  /// Whether a stop by `policy` until then has nothing more to wait for.
  [[nodiscard]] bool stop_over(const stop_policy& policy, deadline until) const noexcept;
  /// What is left of the tree.
  [[nodiscard]] tree_report look_at_tree() noexcept;
  [[nodiscard]] stop_phase phase() const noexcept { return phase_; }
  [[nodiscard]] const std::optional<signal_report>& last_signal() const noexcept { return last_signal_; }

  [[nodiscard]] bool suspended() const noexcept { return suspended_; }
  result<void> resume() noexcept;
  void on_suspend(std::function<void(child&)> callback);
  /// While it is suspended, the host is to be, too.
  void suspend_host_along(bool yes) noexcept { host_along_ = yes; }

  /// Lets the process go; the loop still reaps it.
  void detach() noexcept;
  void on_exit(std::function<void(child&, const exit_status&)> callback);
  void progress_to(progress_listener* who) noexcept { listener_ = who; }

  void dispose() noexcept override;
  void shutdown() noexcept override;
  void dispatch() override;
  void interrupted(int number) noexcept override;

 private:
  void handle_exit() noexcept;
  void enter(stop_phase next) noexcept;
  void next_phase() noexcept;
  void watch_tree() noexcept;
  void watch_suspension() noexcept;
  void give_up() noexcept;
  void end_stop() noexcept;
  void release_process() noexcept;
  void update_active() noexcept;
  void await_no_more() noexcept;
  [[nodiscard]] bool observed() const noexcept { return observed_.number != 0 && loop().observed_by().any(); }
  void tell_exited() const noexcept;
  void tell_stop_began() const noexcept;
  void tell_stop_ended() noexcept;
  void end_orphan() noexcept;
  [[nodiscard]] result<exit_status> known_status() const;
  using full_times = std::array<std::optional<platform::time_point>, 2>;
  [[nodiscard]] std::array<const reader_core*, 2> outputs() const noexcept;
  [[nodiscard]] full_times full_since() const noexcept;
  [[nodiscard]] const reader_core* stalled_stream() const noexcept;

  platform::process* process_ = nullptr;
  platform::completion exited_;
  std::int64_t id_ = 0;
  platform::time_point born_ = platform::clock_now();  // right before the spawn
  std::optional<exit_status> status_;
  std::optional<resource_usage> used_;
  observed_child observed_;  // without a number: nobody hears of it
  core_ref<writer_core> in_;
  core_ref<reader_core> out_;
  core_ref<reader_core> err_;

  stop_policy on_destroy_;
  stop_policy policy_;
  stop_phase phase_ = stop_phase::none;
  bool stopping_ = false;  // phases are under way
  bool gave_up_ = false;
  bool hurried_ = false;
  timer grace_;
  timer tree_timer_;  // when to look again whether the tree is gone
  std::chrono::milliseconds tree_pause_{};
  std::optional<signal_report> last_signal_;

  bool has_terminal_ = false;
  bool suspended_ = false;
  bool host_along_ = false;
  bool host_was_suspended_ = false;  // with it
  bool suspension_told_ = true;
  timer suspension_timer_;  // when to look again whether it is suspended
  callback_slot<void(child&)> suspend_callback_;

  child* handle_ = nullptr;
  callback_slot<void(child&, const exit_status&)> callback_;
  bool told_ = false;
  progress_listener* listener_ = nullptr;
  bool orphan_ = false;   // keeps itself, without a handle
  bool awaited_ = false;  // counted by the loop as being stopped
};

}  // namespace spawnpipe::detail

#endif
