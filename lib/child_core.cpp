// Waiting for a child, stopping it, letting it go.
//
// Stopping is a small machine: close_stdin, terminate, kill, each armed with its grace; the exit ends it in whatever phase it
// is, or hands what is left of the phases to what is left of the tree. It runs on the loop's timers, so that many children can be
// stopped side by side and a callback can begin it.
//
// No system tells when a process group is empty, and none in a way that all have when a tree is gone: so it is looked at, at first
// after a millisecond, because killed processes go at once, and then ever more seldom.
#include "child_core.hpp"

#include <chrono>
#include <utility>

namespace spawnpipe::detail {
namespace {

using namespace std::chrono_literals;

// How long a stream must have been full, with its pipe full behind it, until a wait says that the child is stuck on it.
constexpr auto stall_time = 250ms;

// No system tells a parent of a stopped child but by a signal that is the host's.
constexpr auto suspension_pause = 50ms;

constexpr auto first_pause = 1ms;
constexpr auto longest_pause = 32ms;

constexpr std::chrono::milliseconds next_pause(std::chrono::milliseconds last) noexcept {
  return last == 0ms ? first_pause : std::min<std::chrono::milliseconds>(2 * last, longest_pause);
}

}  // namespace

std::optional<error> impossible(const stop_policy& policy) {
  const auto negative = [](const std::optional<stop_policy::duration>& grace) { return grace && grace->count() < 0; };
  if (negative(policy.close_stdin)) return error{errc::invalid_argument, stage::command, "stop_policy: close_stdin"};
  if (negative(policy.terminate)) return error{errc::invalid_argument, stage::command, "stop_policy: terminate"};
  if (negative(policy.reap_limit)) return error{errc::invalid_argument, stage::command, "stop_policy: reap_limit"};
  if (!platform::signal_exists(policy.terminate_signal)) {
    return error{errc::invalid_argument, stage::command, "stop_policy: terminate_signal"};
  }
  return std::nullopt;
}

child_core::child_core(loop_core& loop, const stop_policy& on_destroy)
    : object(loop),
      on_destroy_(on_destroy),
      grace_(
          loop.timers(), [](void* self) { core_ref<child_core>(static_cast<child_core*>(self))->next_phase(); }, this),
      tree_timer_(
          loop.timers(), [](void* self) { core_ref<child_core>(static_cast<child_core*>(self))->watch_tree(); }, this),
      suspension_timer_(
          loop.timers(), [](void* self) { core_ref<child_core>(static_cast<child_core*>(self))->watch_suspension(); },
          this) {
  exited_.owner = this;
  exited_.handle = [](void* self) {
    auto& child = *static_cast<child_core*>(self);
    const core_ref<child_core> kept(&child);  // the end of an orphan frees it
    child.handle_exit();
    if (child.listener_ != nullptr) child.listener_->progress();
  };
}

void child_core::attach(const platform::spawned& process, core_ref<writer_core> in, core_ref<reader_core> out,
                        core_ref<reader_core> err) noexcept {
  process_ = process.handle;
  id_ = process.id;
  in_ = std::move(in);
  out_ = std::move(out);
  err_ = std::move(err);
  has_terminal_ = process.has_terminal;
  if (has_terminal_) suspension_timer_.arm(suspension_pause);
}

void child_core::give(core_ref<child_core> core, child& handle) noexcept {
  if (core->in_) core->in_->give_to(handle.in_);
  if (core->out_) core->out_->give_to(handle.out_);
  if (core->err_) core->err_->give_to(handle.err_);
  core->loop().add_user();
  core->handle_ = &handle;
  handle.core_ = core.leak();
}

// ---- the end of the process

void child_core::handle_exit() noexcept {
  if (process_ == nullptr || status_) return;
  status_ = platform::process_poll(process_);
  if (!status_) return;
  used_ = platform::process_used(process_);
  if (used_) used_->elapsed = platform::clock_now() - born_;
  suspension_timer_.disarm();
  suspended_ = false;
  tell_exited();
  if (phase_ != stop_phase::none && in_) in_->stop();  // a stopped child reads no more, whoever still holds its pipe
  if (callback_ && !told_) loop().want_dispatch(*this);
  if (stopping_) {
    tree_pause_ = 0ms;
    watch_tree();
  } else {
    end_orphan();
  }
}

void child_core::release_process() noexcept {
  if (process_ != nullptr) platform::process_release(std::exchange(process_, nullptr));
}

void child_core::update_active() noexcept { set_active((callback_ && !told_) || stopping_ || awaited_); }

void child_core::await_no_more() noexcept {
  if (std::exchange(awaited_, false)) loop().remove_stopping();
  update_active();
}

// Nobody has it any more, and there is nothing left to be done with it.
void child_core::end_orphan() noexcept {
  if (!std::exchange(orphan_, false)) return;
  release_process();
  release();
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
  if (suspended_) watch_suspension();  // somebody else may have let it go on
  for (;;) {
    // While a stream of the child is full, look again when it has been so for the stall time, and now and then after that.
    const full_times full = full_since();
    deadline look = deadline::never();
    for (const auto& since : full) {
      if (since) look = std::min(look, std::max(deadline(*since + stall_time), deadline(stall_time / 8)));
    }
    const auto ready = [&] { return status_ || suspended_ || full_since() != full; };
    const waited how = loop().wait(std::min(until, look), cancel, ready, &exited_);
    if (status_) return known_status();
    if (suspended_ && how == waited::ready) return error{errc::suspended, stage::wait};
    if (how == waited::ready) continue;
    if (how != waited::timed_out || until.passed()) return wait_error(how, stage::wait);
    if (const reader_core* const stalled = stalled_stream()) {
      return error{errc::output_stalled, stage::wait, stalled->name()};
    }
  }
}

// ---- signals and phases

result<signal_report> child_core::signal(platform::signal_kind which) {
  if (process_ == nullptr) return error{errc::already_exited, stage::signal};
  auto sent = platform::process_signal(process_, which, 0);
  if (sent) last_signal_ = *sent;
  return sent;
}

void child_core::interrupted(int number) noexcept {
  if (process_ == nullptr || status_) return;
  static_cast<void>(platform::process_signal(process_, platform::signal_kind::forward, number));
}

tree_report child_core::look_at_tree() noexcept {
  return process_ != nullptr ? platform::process_tree_look(process_) : tree_report{};
}

bool child_core::nothing_to_stop(const stop_policy& policy) noexcept {
  return process_ == nullptr || (status_ && (!policy.tree || look_at_tree().gone));
}

void child_core::begin_stop(const stop_policy& policy) noexcept {
  if (nothing_to_stop(policy)) {
    if (stopping_) end_stop();
    return;
  }
  policy_ = policy;
  phase_ = stop_phase::none;
  stopping_ = true;
  gave_up_ = hurried_ = false;
  tree_pause_ = 0ms;
  update_active();
  tell_stop_began();
  next_phase();
  if (status_) watch_tree();
}

void child_core::next_phase() noexcept {
  if (process_ == nullptr || !stopping_) return;
  if (phase_ < stop_phase::close_stdin && policy_.close_stdin) {
    enter(stop_phase::close_stdin);
    if (in_) in_->close();
    grace_.arm(*policy_.close_stdin);
    return;
  }
  const stop_phase before = phase_;
  // What is left when the process itself has ended may be out of reach.
  const auto out_of_reach = [&] {
    phase_ = before;
    give_up();
  };
  if (phase_ < stop_phase::terminate && policy_.terminate) {
    enter(stop_phase::terminate);
    if (auto sent = platform::process_signal(process_, platform::signal_kind::terminate, policy_.terminate_signal)) {
      last_signal_ = *sent;
    } else if (in_ && sent.failed_with(errc::not_supported)) {
      in_->close();  // the one polite request that is left
    } else if (status_ && !sent.failed_with(errc::not_supported)) {
      return out_of_reach();
    }
    grace_.arm(*policy_.terminate);
    return;
  }
  if (phase_ < stop_phase::kill && policy_.kill) {
    enter(stop_phase::kill);
    if (in_) in_->stop();
    auto sent = platform::process_signal(process_, platform::signal_kind::kill, 0);
    if (sent) last_signal_ = *sent;
    if (!sent && status_) return out_of_reach();
    grace_.arm(policy_.reap_limit);
    tree_pause_ = 0ms;
    if (status_) watch_tree();
    return;
  }
  // Once more, before it is let be: on a busy system there may have been no look since the first one, which may have failed.
  if (phase_ == stop_phase::kill) static_cast<void>(platform::process_signal(process_, platform::signal_kind::kill, 0));
  give_up();
}

// The process has ended: is its tree gone, too?
void child_core::watch_tree() noexcept {
  if (!stopping_ || !status_) return;
  if (!policy_.tree || look_at_tree().gone) return end_stop();
  // Whatever has come into the tree since the last kill.
  if (phase_ == stop_phase::kill) static_cast<void>(platform::process_signal(process_, platform::signal_kind::kill, 0));
  tree_pause_ = next_pause(tree_pause_);
  tree_timer_.arm(tree_pause_);
}

void child_core::hurry() noexcept {
  if (process_ == nullptr || !stopping_) return;
  hurried_ = true;
  if (phase_ == stop_phase::kill) return;
  policy_.close_stdin.reset();
  policy_.terminate.reset();
  grace_.disarm();
  next_phase();
}

void child_core::end_stop() noexcept {
  stopping_ = false;
  // As at its exit, which may have come before the stop: then stdin was closed for its tree, with what was still to be written.
  if (status_ && in_) in_->stop();
  grace_.disarm();
  tree_timer_.disarm();
  await_no_more();
  tell_stop_ended();
  if (listener_ != nullptr) listener_->progress();
  if (status_) end_orphan();
}

void child_core::give_up() noexcept {
  gave_up_ = true;
  end_stop();
}

bool child_core::stop_over(const stop_policy& policy, deadline until) const noexcept {
  if (!gave_up_ || status_) return !stopping_;
  // A policy that forbids to kill has nothing more to do after its graces, but the deadline may leave the child more time.
  return policy.kill || until.is_never();
}

result<stop_report> child_core::stopped(waited how) {
  if (!status_) return wait_error(how == waited::ready ? waited::timed_out : how, stage::wait);
  return stop_report{.status = *status_,
                     .phase = phase_,
                     .cut_short = how != waited::ready,
                     .last_signal = last_signal_,
                     .tree = look_at_tree()};
}

result<stop_report> child_core::stop(const stop_policy& policy, deadline until, const cancellation& cancel) {
  if (auto wrong = impossible(policy)) return *std::move(wrong);
  if (nothing_to_stop(policy)) return stopped(waited::ready);
  if (!loop().can_wait()) return error{errc::would_deadlock, stage::wait};
  begin_stop(policy);
  const waited how = loop().wait(
      until, cancel, [&] { return stop_over(policy, until); }, &exited_);
  if (how != waited::ready) {
    hurry();
    loop().wait(
        deadline::never(), {}, [&] { return !stopping_; }, &exited_);
  }
  return stopped(how);
}

result<tree_report> child_core::wait_tree(deadline until, const cancellation& cancel) {
  if (look_at_tree().by == mechanism::process) return error{errc::not_supported, stage::wait, "no tree of its own"};
  if (suspended_) watch_suspension();
  for (auto pause = next_pause(0ms);; pause = next_pause(pause)) {
    // While the process itself runs, its end is awaited; behind that, there is a look now and then.
    const bool running = !status_;
    const auto ready = [&] { return status_ ? running || look_at_tree().gone : suspended_; };
    const deadline look = running ? deadline::never() : deadline(pause);
    const waited how = loop().wait(std::min(until, look), cancel, ready, running ? &exited_ : nullptr);
    if (status_) {
      const tree_report seen = look_at_tree();
      if (seen.gone) return seen;
    }
    if (!status_ && suspended_ && how == waited::ready) return error{errc::suspended, stage::wait};
    if (running && how == waited::ready) {
      pause = 0ms;
    } else if ((how != waited::timed_out && how != waited::ready) || until.passed()) {
      return wait_error(how == waited::ready ? waited::timed_out : how, stage::wait);
    }
  }
}

// ---- the terminal

void child_core::watch_suspension() noexcept {
  if (process_ == nullptr || status_) return;
  suspension_timer_.arm(suspension_pause);
  const bool before = std::exchange(suspended_, platform::process_suspended(process_));
  if (suspended_ && !before) {
    suspension_told_ = false;
    if (suspend_callback_) loop().want_dispatch(*this);
  }
  // The host is suspended in the call or soon after it; when it has the terminal again, it was continued in the foreground.
  if (!suspended_ || stopping_) {
    host_was_suspended_ = false;
  } else if (host_along_) {
    if (std::exchange(host_was_suspended_, true)) {
      static_cast<void>(resume());
    } else {
      platform::suspend_host();
    }
  }
}

result<void> child_core::resume() noexcept {
  if (!has_terminal_) return error{errc::not_supported, stage::signal};
  if (process_ == nullptr || status_) return error{errc::already_exited, stage::signal};
  auto resumed = platform::process_resume(process_);
  if (resumed) suspended_ = host_was_suspended_ = false;
  return resumed;
}

void child_core::on_suspend(std::function<void(child&)> callback) {
  suspend_callback_.set(std::move(callback));
  if (suspend_callback_ && !suspension_told_) loop().want_dispatch(*this);
}

// ---- letting go

void child_core::detach() noexcept {
  grace_.disarm();
  tree_timer_.disarm();
  suspension_timer_.disarm();
  if (std::exchange(stopping_, false)) tell_stop_ended();
  callback_.clear();
  suspend_callback_.clear();
  if (process_ != nullptr && !status_ && !orphan_) {
    orphan_ = true;
    retain();
  }
  update_active();
}

void child_core::dispose() noexcept {
  handle_ = nullptr;
  listener_ = nullptr;
  host_along_ = false;
  callback_.clear();
  suspend_callback_.clear();
  update_active();
  if (process_ == nullptr || orphan_) return;
  if (loop().foreign()) {  // a forked copy of the host: the child is its parent's
    shutdown();
    return;
  }
  // What a process that has ended by itself has left behind is left to itself.
  if (!status_ || stopping_) begin_stop(on_destroy_);
  if (loop().can_pass()) loop().settle([this] { return !stopping_; });
  if (status_ && !stopping_) return release_process();
  // It goes on without a handle: its loop reaps it. Where it is still being stopped, the loop waits for that.
  orphan_ = true;
  retain();
  if (!stopping_) return;
  awaited_ = true;
  loop().add_stopping();
  update_active();
}

void child_core::shutdown() noexcept {
  grace_.disarm();
  tree_timer_.disarm();
  suspension_timer_.disarm();
  stopping_ = false;
  if (process_ != nullptr) {
    loop().inbox().remove(exited_);
    release_process();
  }
  await_no_more();
  end_orphan();
}

// ---- callbacks

void child_core::on_exit(std::function<void(child&, const exit_status&)> callback) {
  callback_.set(std::move(callback));
  update_active();
  if (status_ && callback_ && !told_) loop().want_dispatch(*this);
}

void child_core::dispatch() {
  if (handle_ == nullptr) return;
  if (callback_ && !told_ && status_) {
    told_ = true;
    update_active();
    const exit_status status = *status_;
    callback_.call(*handle_, status);
  } else if (suspend_callback_ && !std::exchange(suspension_told_, true) && suspended_) {
    suspend_callback_.call(*handle_);
  }
}

}  // namespace spawnpipe::detail
