// The state of a child: its process, its end, and the phases of stopping it.
//
// A child whose handle is gone lives on here until the process has ended: being stopped (destroyed inside a callback), or
// let go (detached), which the loop then only reaps.
#ifndef SPAWNPIPE_LIB_CHILD_CORE_HPP
#define SPAWNPIPE_LIB_CHILD_CORE_HPP

#include <spawnpipe/child.hpp>

#include "callback.hpp"
#include "loop_core.hpp"
#include "object.hpp"
#include "observer.hpp"
#include "platform.hpp"
#include "reader_core.hpp"
#include "timer.hpp"
#include "writer_core.hpp"

#include <array>
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
  /// Makes `handle`, which is empty, the handle of this child and its pipes. The handle takes over the caller's reference.
  static void give(core_ref<child_core> core, child& handle) noexcept;
  [[nodiscard]] static child_core* of(const child& handle) noexcept { return handle.core_; }
  [[nodiscard]] static core_ref<child_core> take(child& handle) noexcept;
  void handle_moved(child& handle) noexcept { handle_ = &handle; }

  [[nodiscard]] std::int64_t id() const noexcept { return id_; }
  [[nodiscard]] const std::optional<exit_status>& status() const noexcept { return status_; }
  [[nodiscard]] writer_core* in() const noexcept { return in_.get(); }
  [[nodiscard]] reader_core* out() const noexcept { return out_.get(); }
  [[nodiscard]] reader_core* err() const noexcept { return err_.get(); }

  result<exit_status> wait(deadline until, const cancellation& cancel);
  result<stop_report> stop(const stop_policy& policy, deadline until, const cancellation& cancel);
  result<signal_report> signal(platform::signal_kind which);

  /// Begins the phases of `policy`, or begins them anew.
  void begin_stop(const stop_policy& policy) noexcept;
  /// The deadline has come: skips what is left of the graces.
  void hurry() noexcept;
  /// All phases are over, and the process has not ended.
  [[nodiscard]] bool gave_up() const noexcept { return gave_up_; }
  [[nodiscard]] stop_phase phase() const noexcept { return phase_; }
  [[nodiscard]] const std::optional<signal_report>& last_signal() const noexcept { return last_signal_; }

  /// Lets the process go; the loop still reaps it.
  void detach() noexcept;
  void on_exit(std::function<void(child&, const exit_status&)> callback);
  void observe(observer* who) noexcept { observer_ = who; }

  void dispose() noexcept override;
  void shutdown() noexcept override;
  void dispatch() override;

 private:
  void handle_exit() noexcept;
  void next_phase() noexcept;
  void give_up() noexcept;
  void await_no_more() noexcept;
  void end_orphan() noexcept;
  [[nodiscard]] result<exit_status> known_status() const;
  using full_times = std::array<std::optional<platform::time_point>, 2>;
  [[nodiscard]] std::array<const reader_core*, 2> outputs() const noexcept;
  [[nodiscard]] full_times full_since() const noexcept;
  [[nodiscard]] const reader_core* stalled_stream() const noexcept;
  [[nodiscard]] stop_report report(bool cut_short) const noexcept;

  platform::process* process_ = nullptr;
  platform::completion exited_;
  std::int64_t id_ = 0;
  std::optional<exit_status> status_;
  core_ref<writer_core> in_;
  core_ref<reader_core> out_;
  core_ref<reader_core> err_;

  stop_policy on_destroy_;
  stop_policy policy_;
  stop_phase phase_ = stop_phase::none;
  bool stopping_ = false;  // phases are under way
  bool gave_up_ = false;
  timer grace_;
  std::optional<signal_report> last_signal_;

  child* handle_ = nullptr;
  callback_slot<void(child&, const exit_status&)> callback_;
  bool told_ = false;
  observer* observer_ = nullptr;
  bool orphan_ = false;   // keeps itself, without a handle
  bool awaited_ = false;  // counted by the loop as being stopped
};

}  // namespace spawnpipe::detail

#endif
