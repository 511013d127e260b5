// The one-call forms.
#include <spawnpipe/run.hpp>

#include "child_core.hpp"
#include "job_core.hpp"
#include "loop_core.hpp"
#include "spawn_plan.hpp"

#include <utility>
#include <variant>

namespace spawnpipe {
namespace {

using detail::job_core;
using detail::loop_core;

// What keeps a run from being begun.
std::optional<error> refusal(const run_options& options) {
  if (auto wrong = detail::impossible(options)) return wrong;
  if (options.cancel.requested()) return error{errc::cancelled, stage::process};
  if (options.until.passed()) return error{errc::timed_out, stage::process};
  return std::nullopt;
}

detail::stream_defaults piped(const run_options& options) {
  detail::stream_defaults defaults{.in = stdio::null{}, .out = stdio::pipe{}, .err = stdio::pipe{}};
  if (!options.input.empty()) defaults.in = stdio::pipe{};
  return defaults;
}

// Starts the child of a run, with a handle for it.
result<child> start(loop_core& loop, const command& what, const run_options& options) {
  if (auto refused = refusal(options)) return *std::move(refused);
  if (!options.input.empty() && what.in() && !std::holds_alternative<stdio::pipe>(*what.in())) {
    return error{errc::invalid_argument, stage::command, "run_options: input for a stdin that is no pipe"};
  }
  auto started = detail::start(loop, what, piped(options));
  if (!started) return std::move(started).error();
  child handle;
  detail::child_core::give(*std::move(started), handle);
  return handle;
}

// Waits for a job's end; a cancellation ends its child, not the waiting for that end.
completed wait_for(loop_core& loop, job_core& work, const run_options& options) {
  const auto ended = [&] { return work.ended(); };
  work.begin();
  if (loop.wait(deadline::never(), options.cancel, ended) == detail::waited::cancelled) {
    work.woken();
    loop.wait(deadline::never(), {}, ended);
  }
  work.shutdown();
  return work.take_result();
}

// A child that has not ended was left alive by the policy, or was killed and cannot die: its loop reaps it when it does.
void leave_running(child& running) {
  if (!running.status()) static_cast<void>(running.detach());
}

}  // namespace

result<completed> run(const command& what, const run_options& options) {
  const platform::time_point began = platform::clock_now();
  auto loop = loop_core::of_this_thread();
  if (!loop) return std::move(loop).error();
  if (!(*loop)->can_wait()) return error{errc::would_deadlock, stage::process, what.program()};
  auto running = start(**loop, what, options);
  if (!running) return std::move(running).error();
  const auto work = detail::core_ref<job_core>::adopt(new job_core(
      **loop, detail::core_ref<detail::child_core>(detail::child_core::of(*running)), options, false, began));
  completed done = wait_for(**loop, *work, options);
  leave_running(*running);
  return done;
}

result<completed> communicate(child& running, const run_options& options) {
  const platform::time_point began = platform::clock_now();
  detail::child_core* const core = detail::child_core::of(running);
  if (core == nullptr) return error{errc::closed, stage::process};
  loop_core& loop = core->loop();
  if (!loop.usable_here()) return error{errc::wrong_thread, stage::process};
  if (auto wrong = detail::impossible(options)) return *std::move(wrong);
  if (!options.input.empty() && (core->in() == nullptr || !core->in()->open())) {
    return error{errc::invalid_argument, stage::command, "run_options: input for a stdin that is no pipe"};
  }
  if (!loop.can_wait()) return error{errc::would_deadlock, stage::process};
  const auto work = detail::core_ref<job_core>::adopt(
      new job_core(loop, detail::core_ref<detail::child_core>(core), options, false, began));
  return wait_for(loop, *work, options);
}

result<job> run_async(event_loop& loop, const command& what, const run_options& options,
                      std::function<void(completed)> done) {
  const platform::time_point began = platform::clock_now();
  loop_core* const core = loop_core::of(loop);
  if (core == nullptr) return error{errc::closed, stage::loop};
  auto running = start(*core, what, options);
  if (!running) return std::move(running).error();
  auto work = detail::core_ref<job_core>::adopt(new job_core(
      *core, detail::core_ref<detail::child_core>(detail::child_core::of(*running)), options, true, began));
  work->own(std::move(*running));
  work->watch_cancellation();
  work->on_done(std::move(done));
  work->begin();
  job handle;
  job_core::give(std::move(work), handle);
  return handle;
}

job::job(job&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}

job& job::operator=(job&& other) noexcept {
  if (this != &other) {
    if (core_ != nullptr) core_->loop().drop(*core_);
    core_ = std::exchange(other.core_, nullptr);
  }
  return *this;
}

job::~job() {
  if (core_ != nullptr) core_->loop().drop(*core_);
}

bool job::running() const noexcept { return core_ != nullptr && !core_->told(); }

std::int64_t job::id() const noexcept { return core_ != nullptr ? core_->process().id() : 0; }

std::string job::out() const {
  return core_ != nullptr && core_->loop().usable_here() ? core_->captured_out() : std::string();
}

std::string job::err() const {
  return core_ != nullptr && core_->loop().usable_here() ? core_->captured_err() : std::string();
}

result<void> job::stop(const stop_policy& policy) {
  if (core_ == nullptr || core_->told()) return error{errc::closed, stage::wait};
  if (!core_->loop().usable_here()) return error{errc::wrong_thread, stage::wait};
  if (auto wrong = detail::impossible(policy)) return *std::move(wrong);
  core_->end_early(ended_by::stopped, policy);
  return {};
}

}  // namespace spawnpipe
