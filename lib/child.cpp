// The handle of a child, and spawn.
#include <spawnpipe/child.hpp>

#include "child_core.hpp"
#include "spawn_plan.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe {
namespace {

std::optional<error> unusable(const detail::child_core* core, stage where) {
  if (core == nullptr) return error{errc::closed, where};
  if (!core->loop().usable_here()) return error{errc::wrong_thread, where};
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
  if (auto refused = unusable(core_, stage::wait)) return *std::move(refused);
  return core_->wait(until, cancel);
}

std::optional<exit_status> child::status() const noexcept { return core_ != nullptr ? core_->status() : std::nullopt; }

std::optional<resource_usage> child::used() const noexcept { return core_ != nullptr ? core_->used() : std::nullopt; }

result<tree_report> child::wait_tree(deadline until, const cancellation& cancel) {
  if (auto refused = unusable(core_, stage::wait)) return *std::move(refused);
  return core_->wait_tree(until, cancel);
}

result<stop_report> child::stop(const stop_policy& policy, deadline until, const cancellation& cancel) {
  if (auto refused = unusable(core_, stage::wait)) return *std::move(refused);
  return core_->stop(policy, until, cancel);
}

result<void> child::begin_stop(const stop_policy& policy) {
  if (auto refused = unusable(core_, stage::wait)) return *std::move(refused);
  if (auto wrong = detail::impossible(policy)) return *std::move(wrong);
  core_->begin_stop(policy);
  return {};
}

result<signal_report> child::terminate() {
  if (auto refused = unusable(core_, stage::signal)) return *std::move(refused);
  return core_->signal(platform::signal_kind::terminate);
}

result<signal_report> child::kill() {
  if (auto refused = unusable(core_, stage::signal)) return *std::move(refused);
  return core_->signal(platform::signal_kind::kill);
}

result<void> child::detach() {
  if (core_ == nullptr) return {};
  if (auto refused = unusable(core_, stage::wait)) return *std::move(refused);
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
  if (auto refused = unusable(core_, stage::signal)) return *std::move(refused);
  return core_->resume();
}

std::vector<result<stop_report>> stop_all(std::span<child* const> children, const stop_policy& policy, deadline until,
                                          const cancellation& cancel) {
  detail::loop_core* loop = nullptr;
  std::vector<result<stop_report>> results;
  std::vector<std::pair<detail::child_core*, std::size_t>> stopping;  // and the place of its result
  std::vector<bool> cut_short;
  // Behind this nothing allocates but what an error has to say, and that comes before any child is being stopped.
  results.reserve(children.size());
  stopping.reserve(children.size());
  cut_short.reserve(children.size());
  for (child* const each : children) {
    detail::child_core* const core = each != nullptr ? detail::child_core::of(*each) : nullptr;
    std::optional<error> refused = unusable(core, stage::wait);
    if (!refused) refused = detail::impossible(policy);
    if (!refused && loop == nullptr) loop = &core->loop();
    if (!refused && loop != &core->loop())
      refused = error{errc::invalid_argument, stage::wait, "a child of another loop"};
    if (!refused && !loop->can_wait()) refused = error{errc::would_deadlock, stage::wait};
    if (!refused) stopping.emplace_back(core, results.size());
    results.push_back(refused ? result<stop_report>(*std::move(refused)) : stop_report{});
  }
  if (stopping.empty()) return results;

  const auto all = [&](auto holds) {
    return std::all_of(stopping.begin(), stopping.end(), [&](const auto& each) { return holds(*each.first); });
  };
  for (const auto& [core, place] : stopping) core->begin_stop(policy);
  const detail::waited how =
      loop->wait(until, cancel, [&] { return all([&](const auto& each) { return each.stop_over(policy, until); }); });
  for (const auto& [core, place] : stopping) {
    cut_short.push_back(how != detail::waited::ready && !core->stop_over(policy, until));
    if (cut_short.back()) core->hurry();
  }
  loop->wait(deadline::never(), {}, [&] { return all([](const auto& each) { return !each.stopping(); }); });
  for (std::size_t i = 0; i < stopping.size(); ++i) {
    results[stopping[i].second] = stopping[i].first->stopped(cut_short[i] ? how : detail::waited::ready);
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
