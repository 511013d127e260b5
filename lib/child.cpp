// The handle of a child, and spawn.
#include <spawnpipe/child.hpp>

#include "child_core.hpp"
#include "spawn_plan.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe {
namespace {

bool usable(const detail::child_core* core) { return core != nullptr && core->loop().usable_here(); }

// Why it is not usable.
error refusal(const detail::child_core* core, stage where) {
  return {core == nullptr ? errc::closed : errc::wrong_thread, where};
}

// What keeps stop_all from stopping it together with others, which are of `loop`; the first says which loop that is.
std::optional<error> not_among(detail::loop_core*& loop, detail::child_core* core, const stop_policy& policy) {
  if (!usable(core)) return refusal(core, stage::wait);
  if (auto wrong = detail::impossible(policy)) return wrong;
  if (loop == nullptr) loop = &core->loop();
  if (loop != &core->loop()) return error{errc::invalid_argument, stage::wait, "a child of another loop"};
  if (!loop->can_wait()) return error{errc::would_deadlock, stage::wait};
  return std::nullopt;
}

result<child> spawn_on(detail::loop_core* loop, const command& what) {
  auto started = detail::start(*loop, what, {});
  if (!started) return std::move(started).error();
  child handle;
  detail::child_core::give(*std::move(started), handle);
  return handle;
}

}  // namespace

child::child(child&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)),
      in_(std::move(other.in_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {
  if (core_ != nullptr) core_->handle_moved(*this);
}

child& child::operator=(child&& other) noexcept {
  if (this != &other) {
    if (core_ != nullptr) core_->loop().drop(*core_);
    core_ = std::exchange(other.core_, nullptr);
    if (core_ != nullptr) core_->handle_moved(*this);
    in_ = std::move(other.in_);
    out_ = std::move(other.out_);
    err_ = std::move(other.err_);
  }
  return *this;
}

child::~child() {
  if (core_ != nullptr) core_->loop().drop(*core_);
}

std::int64_t child::id() const noexcept { return core_ != nullptr ? core_->id() : 0; }

result<exit_status> child::wait(deadline until, const cancellation& cancel) {
  if (!usable(core_)) return refusal(core_, stage::wait);
  return core_->wait(until, cancel);
}

std::optional<exit_status> child::status() const noexcept { return core_ != nullptr ? core_->status() : std::nullopt; }

std::optional<resource_usage> child::used() const noexcept { return core_ != nullptr ? core_->used() : std::nullopt; }

result<tree_report> child::wait_tree(deadline until, const cancellation& cancel) {
  if (!usable(core_)) return refusal(core_, stage::wait);
  return core_->wait_tree(until, cancel);
}

result<stop_report> child::stop(const stop_policy& policy, deadline until, const cancellation& cancel) {
  if (!usable(core_)) return refusal(core_, stage::wait);
  return core_->stop(policy, until, cancel);
}

result<void> child::begin_stop(const stop_policy& policy) {
  if (!usable(core_)) return refusal(core_, stage::wait);
  if (auto wrong = detail::impossible(policy)) return *std::move(wrong);
  core_->begin_stop(policy);
  return {};
}

result<signal_report> child::terminate() {
  if (!usable(core_)) return refusal(core_, stage::signal);
  return core_->signal(platform::signal_kind::terminate);
}

result<signal_report> child::kill() {
  if (!usable(core_)) return refusal(core_, stage::signal);
  return core_->signal(platform::signal_kind::kill);
}

result<void> child::detach() {
  if (core_ == nullptr) return {};
  if (!usable(core_)) return refusal(core_, stage::wait);
  core_->detach();
  // The order matters where it frees the loop: the pipes first.
  if (auto closed = in_.close(); !closed) return closed;
  in_ = pipe_writer();
  out_ = pipe_reader();
  err_ = pipe_reader();
  detail::child_core* const core = std::exchange(core_, nullptr);
  core->loop().drop(*core);
  return {};
}

void child::on_exit(std::function<void(child&, const exit_status&)> callback) {
  if (core_ != nullptr && core_->loop().usable_here()) core_->on_exit(std::move(callback));
}

bool child::suspended() const noexcept { return core_ != nullptr && core_->suspended(); }

void child::on_suspend(std::function<void(child&)> callback) {
  if (core_ != nullptr && core_->loop().usable_here()) core_->on_suspend(std::move(callback));
}

result<void> child::resume() {
  if (!usable(core_)) return refusal(core_, stage::signal);
  return core_->resume();
}

std::vector<result<stop_report>> stop_all(std::span<child* const> children, const stop_policy& policy, deadline until,
                                          const cancellation& cancel) {
  struct in_work {
    detail::child_core* core;
    std::size_t place;  // of its result
    bool cut_short = false;
  };
  detail::loop_core* loop = nullptr;
  std::vector<result<stop_report>> results;
  std::vector<in_work> stopping;
  // Behind this nothing allocates but what an error has to say, and that comes before any child is being stopped.
  results.reserve(children.size());
  stopping.reserve(children.size());
  for (child* const each : children) {
    detail::child_core* const core = each != nullptr ? detail::child_core::of(*each) : nullptr;
    auto refused = not_among(loop, core, policy);
    if (!refused) stopping.push_back({core, results.size()});
    results.push_back(refused ? result<stop_report>(*std::move(refused)) : stop_report{});
  }
  if (loop == nullptr || stopping.empty()) return results;

  const auto all = [&](auto holds) {
    return std::all_of(stopping.begin(), stopping.end(), [&](const in_work& each) { return holds(*each.core); });
  };
  for (const in_work& each : stopping) each.core->begin_stop(policy);
  const detail::waited how =
      loop->wait(until, cancel, [&] { return all([&](const auto& each) { return each.stop_over(policy, until); }); });
  for (in_work& each : stopping) {
    each.cut_short = how != detail::waited::ready && !each.core->stop_over(policy, until);
    if (each.cut_short) each.core->hurry();
  }
  loop->wait(deadline::never(), {}, [&] { return all([](const auto& each) { return !each.stopping(); }); });
  for (const in_work& each : stopping) {
    results[each.place] = each.core->stopped(each.cut_short ? how : detail::waited::ready);
  }
  return results;
}

result<child> spawn(const command& what) {
  auto loop = detail::loop_core::of_this_thread();
  if (!loop) return std::move(loop).error();
  return spawn_on(*loop, what);
}

result<child> spawn(event_loop& loop, const command& what) {
  detail::loop_core* const core = detail::loop_core::of(loop);
  if (core == nullptr) return error{errc::closed, stage::loop};
  return spawn_on(core, what);
}

result<std::int64_t> spawn_detached(const command& what) { return detail::start_detached(what); }

}  // namespace spawnpipe
