// The handle of a child, and spawn.
#include <spawnpipe/child.hpp>

#include "child_core.hpp"
#include "spawn_plan.hpp"

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

}  // namespace spawnpipe
