// Waiting for a child, stopping it, letting it go.
//
// Stopping is a small machine: close_stdin, terminate, kill, each armed with its grace; the exit ends it in whatever phase it
// is. It runs on the loop's timers, so that many children can be stopped side by side and a callback can begin it.
#include "child_core.hpp"

#include <chrono>
#include <utility>

namespace spawnpipe::detail {
namespace {

using namespace std::chrono_literals;

// How long a stream must have been full, with its pipe full behind it, until a wait says that the child is stuck on it.
constexpr auto stall_time = 250ms;

}  // namespace

std::optional<error> impossible(const stop_policy& policy) {
  const auto negative = [](const std::optional<stop_policy::duration>& grace) { return grace && grace->count() < 0; };
  if (negative(policy.close_stdin)) return error{errc::invalid_argument, stage::command, "stop_policy: close_stdin"};
  if (negative(policy.terminate)) return error{errc::invalid_argument, stage::command, "stop_policy: terminate"};
  if (negative(policy.reap_limit)) return error{errc::invalid_argument, stage::command, "stop_policy: reap_limit"};
  return std::nullopt;
}

child_core::child_core(loop_core& loop, const stop_policy& on_destroy)
    : object(loop),
      on_destroy_(on_destroy),
      grace_(
          loop.timers(), [](void* self) { static_cast<child_core*>(self)->next_phase(); }, this) {
  exited_.owner = this;
  exited_.handle = [](void* self) {
    auto& child = *static_cast<child_core*>(self);
    const core_ref<child_core> kept(&child);  // the end of an orphan frees it
    child.handle_exit();
    if (child.observer_ != nullptr) child.observer_->progress();
  };
}

void child_core::attach(const platform::spawned& process, core_ref<writer_core> in, core_ref<reader_core> out,
                        core_ref<reader_core> err) noexcept {
  process_ = process.handle;
  id_ = process.id;
  in_ = std::move(in);
  out_ = std::move(out);
  err_ = std::move(err);
}

void child_core::give(core_ref<child_core> core, child& handle) noexcept {
  if (core->in_) core->in_->give_to(handle.in_);
  if (core->out_) core->out_->give_to(handle.out_);
  if (core->err_) core->err_->give_to(handle.err_);
  core->loop().add_user();
  core->handle_ = &handle;
  handle.core_ = core.leak();
}

core_ref<child_core> child_core::take(child& handle) noexcept {
  return core_ref<child_core>::adopt(std::exchange(handle.core_, nullptr));
}

// ---- the end of the process

void child_core::handle_exit() noexcept {
  if (process_ == nullptr) return;
  status_ = platform::process_poll(process_);
  if (!status_) return;
  platform::process_release(std::exchange(process_, nullptr));
  grace_.disarm();
  stopping_ = false;
  if (phase_ != stop_phase::none && in_) in_->stop();  // a stopped child reads no more, whoever still holds its pipe
  if (callback_ && !told_) loop().want_dispatch(*this);
  end_orphan();
}

void child_core::await_no_more() noexcept {
  if (!std::exchange(awaited_, false)) return;
  loop().remove_stopping();
  set_active(false);
}

void child_core::end_orphan() noexcept {
  await_no_more();
  if (std::exchange(orphan_, false)) release();
}

result<exit_status> child_core::known_status() const {
  if (!status_->known()) return error{errc::status_unavailable, stage::wait};
  return *status_;
}

std::array<const reader_core*, 2> child_core::outputs() const noexcept { return {out_.get(), err_.get()}; }

child_core::full_times child_core::full_since() const noexcept {
  return {out_ ? out_->full_since() : std::nullopt, err_ ? err_->full_since() : std::nullopt};
}

const reader_core* child_core::stalled_stream() const noexcept {
  const platform::time_point now = platform::clock_now();
  for (const reader_core* each : outputs()) {
    if (each != nullptr && each->full_since() && *each->full_since() + stall_time <= now && each->stalled())
      return each;
  }
  return nullptr;
}

result<exit_status> child_core::wait(deadline until, const cancellation& cancel) {
  for (;;) {
    // While a stream of the child is full, look again when it has been so for the stall time, and now and then after that.
    const full_times full = full_since();
    deadline look = deadline::never();
    for (const auto& since : full) {
      if (since) look = std::min(look, std::max(deadline(*since + stall_time), deadline(stall_time / 8)));
    }
    const auto ready = [&] { return status_ || full_since() != full; };
    const waited how = loop().wait(std::min(until, look), cancel, ready, &exited_);
    if (status_) return known_status();
    if (how == waited::ready) continue;
    if (how != waited::timed_out || until.passed()) return wait_error(how, stage::wait);
    if (const reader_core* const stalled = stalled_stream()) {
      return error{errc::output_stalled, stage::wait, stalled->name()};
    }
  }
}

// ---- signals and phases

result<signal_report> child_core::signal(platform::signal_kind which) {
  if (process_ == nullptr || status_) return error{errc::already_exited, stage::signal};
  auto sent = platform::process_signal(process_, which);
  if (sent) last_signal_ = *sent;
  return sent;
}

void child_core::begin_stop(const stop_policy& policy) noexcept {
  if (status_ || process_ == nullptr) return;
  policy_ = policy;
  phase_ = stop_phase::none;
  stopping_ = true;
  gave_up_ = false;
  next_phase();
}

void child_core::next_phase() noexcept {
  if (status_ || process_ == nullptr || !stopping_) return;
  if (phase_ < stop_phase::close_stdin && policy_.close_stdin) {
    phase_ = stop_phase::close_stdin;
    if (in_) in_->close();
    grace_.arm(*policy_.close_stdin);
    return;
  }
  if (phase_ < stop_phase::terminate && policy_.terminate) {
    phase_ = stop_phase::terminate;
    if (auto sent = platform::process_signal(process_, platform::signal_kind::terminate)) {
      last_signal_ = *sent;
    } else if (in_ && sent.failed_with(errc::not_supported)) {
      in_->close();  // the one polite request that is left
    }
    grace_.arm(*policy_.terminate);
    return;
  }
  if (phase_ < stop_phase::kill && policy_.kill) {
    phase_ = stop_phase::kill;
    if (in_) in_->stop();
    if (auto sent = platform::process_signal(process_, platform::signal_kind::kill)) last_signal_ = *sent;
    grace_.arm(policy_.reap_limit);
    return;
  }
  give_up();
}

void child_core::hurry() noexcept {
  if (status_ || process_ == nullptr || phase_ == stop_phase::kill) return;
  policy_.close_stdin.reset();
  policy_.terminate.reset();
  grace_.disarm();
  next_phase();
}

void child_core::give_up() noexcept {
  stopping_ = false;
  gave_up_ = true;
  grace_.disarm();
  await_no_more();
  if (observer_ != nullptr) observer_->progress();
}

stop_report child_core::report(bool cut_short) const noexcept {
  return {.status = *status_, .phase = phase_, .cut_short = cut_short, .last_signal = last_signal_};
}

result<stop_report> child_core::stop(const stop_policy& policy, deadline until, const cancellation& cancel) {
  if (auto wrong = impossible(policy)) return *std::move(wrong);
  if (!status_) {
    if (!loop().can_wait()) return error{errc::would_deadlock, stage::wait};
    begin_stop(policy);
  }
  // A policy that forbids to kill has nothing more to do after its graces, but the deadline may leave the child more time.
  const auto over = [&] { return status_ || (gave_up_ && (policy.kill || until.is_never())); };
  const waited how = loop().wait(until, cancel, over, &exited_);
  const bool cut_short = how != waited::ready;
  if (cut_short && !gave_up_) {
    hurry();
    loop().wait(
        deadline::never(), {}, [&] { return status_ || gave_up_; }, &exited_);
  }
  if (!status_) return wait_error(how == waited::ready ? waited::timed_out : how, stage::wait);
  return report(cut_short);
}

// ---- letting go

void child_core::detach() noexcept {
  grace_.disarm();
  stopping_ = false;
  callback_.clear();
  if (process_ != nullptr && !orphan_) {
    orphan_ = true;
    retain();
  }
}

void child_core::dispose() noexcept {
  handle_ = nullptr;
  observer_ = nullptr;
  callback_.clear();
  set_active(false);
  if (process_ == nullptr || orphan_) return;
  if (loop().foreign()) {  // a forked copy of the host: the child is its parent's
    shutdown();
    return;
  }
  begin_stop(on_destroy_);
  if (loop().can_pass()) loop().settle([this] { return status_ || gave_up_; });
  if (process_ == nullptr) return;
  // It goes on without a handle: its loop reaps it. Where it is still being stopped, the loop waits for that.
  orphan_ = true;
  retain();
  if (gave_up_) return;
  awaited_ = true;
  loop().add_stopping();
  set_active(true);
}

void child_core::shutdown() noexcept {
  grace_.disarm();
  stopping_ = false;
  if (process_ != nullptr) {
    loop().inbox().remove(exited_);
    platform::process_release(std::exchange(process_, nullptr));
  }
  end_orphan();
}

// ---- callbacks

void child_core::on_exit(std::function<void(child&, const exit_status&)> callback) {
  callback_.set(std::move(callback));
  set_active(static_cast<bool>(callback_) && !told_);
  if (status_ && callback_ && !told_) loop().want_dispatch(*this);
}

void child_core::dispatch() {
  if (!callback_ || told_ || !status_ || handle_ == nullptr) return;
  told_ = true;
  set_active(false);
  const exit_status status = *status_;
  callback_.call(*handle_, status);
}

}  // namespace spawnpipe::detail
