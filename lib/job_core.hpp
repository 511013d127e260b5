// A run in progress: feeding, capturing, bounding and ending one child. run, communicate and run_async are this.
//
// It listens to its child and the child's streams, also during blocking calls, and looks at all of them each time something
// moves. It ends when the process has ended and its output has too, or drain_limit after the process.
#ifndef SPAWNPIPE_LIB_JOB_CORE_HPP
#define SPAWNPIPE_LIB_JOB_CORE_HPP

#include <spawnpipe/run.hpp>

#include "callback.hpp"
#include "capture.hpp"
#include "child_core.hpp"
#include "interruption.hpp"
#include "joined.hpp"
#include "loop_core.hpp"
#include "object.hpp"
#include "progress_listener.hpp"
#include "spill_file.hpp"
#include "timer.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace spawnpipe::detail {

/// What is impossible about the options, or they about the command.
[[nodiscard]] std::optional<error> impossible(const run_options& options);

class job_core final : public object, private progress_listener {
 public:
  /// Looks after `child`, which is running. `options.input` must live as long as the job, unless `own_input` is true. `began` is
  /// when the run began.
  job_core(loop_core& loop, core_ref<child_core> child, const run_options& options, bool own_input,
           platform::time_point began);

  ~job_core() override;

  /// Keeps the handle of the child, which ends with the job's.
  void own(child handle) noexcept { own_child_ = std::move(handle); }
  /// Begins. Not in the constructor, because it may end at once.
  void begin() noexcept;
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] bool told() const noexcept { return told_; }
  [[nodiscard]] std::string captured_out() const { return out_.kept.text(); }
  [[nodiscard]] std::string captured_err() const { return err_.kept.text(); }
  [[nodiscard]] completed take_result() { return std::move(result_); }
  [[nodiscard]] child_core& process() const noexcept { return *child_; }

  /// Ends it early, by `policy`; the first reason counts, and a stop on request replaces the policy in force.
  void end_early(ended_by why, const stop_policy& policy) noexcept;

  static void give(core_ref<job_core> core, job& handle) noexcept;
  [[nodiscard]] static job_core* of(const job& handle) noexcept { return handle.core_; }
  void on_done(std::function<void(completed)> callback);
  /// Lets a cancellation wake the loop for as long as the job lasts.
  void watch_cancellation() { watch_.emplace(cancel_, loop().waker()); }

  void dispose() noexcept override;
  void shutdown() noexcept override;
  void dispatch() override;
  void woken() override;

 private:
  struct output {
    output(const capture_limit& limit, const char* which) : name(which), kept(limit) {
      if (limit.on_overflow == overflow::spill) file.emplace(joined({limit.spill_to, which}));
    }
    const char* name;
    reader_core* reader = nullptr;
    capture kept;
    std::optional<spill_file> file;
  };

  void progress() noexcept override;
  void feed() noexcept;
  void collect(output& from) noexcept;
  static void keep(output& to, std::span<const std::byte> bytes) noexcept;
  void report(output& from, std::string& text, std::uint64_t& dropped, std::string& file) noexcept;
  void look_at_end() noexcept;
  void deadline_came() noexcept;
  void drained() noexcept;
  void finish() noexcept;
  void let_go() noexcept;
  [[nodiscard]] bool output_ended() const noexcept;
  [[nodiscard]] bool process_over() const noexcept {
    return (child_->status() && !child_->stopping()) || child_->gave_up();
  }

  core_ref<child_core> child_;
  std::string own_input_;
  std::string_view input_;
  std::string_view rest_;
  output out_;
  output err_;
  deadline until_;
  cancellation cancel_;
  stop_policy policy_;
  overflow on_overflow_;
  std::chrono::nanoseconds drain_limit_;
  platform::time_point began_;

  completed result_;
  bool looking_ = false;  // in progress(), which may be called again by what it does
  bool look_again_ = false;
  bool ended_ = false;
  bool early_ = false;  // end_early was called
  timer deadline_timer_;
  timer drain_timer_;
  timer feed_timer_;  // where there was no memory to queue its input: when to try again
  std::optional<interruption> watch_;

  callback_slot<void(completed)> callback_;
  bool has_handle_ = false;
  bool told_ = false;  // the callback was called
  child own_child_;
};

}  // namespace spawnpipe::detail

#endif
