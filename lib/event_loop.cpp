// The handle of a loop.
#include <spawnpipe/event_loop.hpp>

#include "loop_core.hpp"

#include <utility>

namespace spawnpipe {

using detail::loop_core;

result<event_loop> event_loop::create() {
  auto opened = loop_core::open(nullptr);
  if (!opened) return std::move(opened).error();
  return event_loop(*opened);
}

event_loop::event_loop(event_loop&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}

event_loop& event_loop::operator=(event_loop&& other) noexcept {
  if (this != &other) {
    if (core_ != nullptr) core_->drop_loop();
    core_ = std::exchange(other.core_, nullptr);
  }
  return *this;
}

event_loop::~event_loop() {
  if (core_ != nullptr) core_->drop_loop();
}

result<void> event_loop::run(deadline until, const cancellation& cancel) {
  if (core_ == nullptr) return error{errc::closed, stage::loop};
  return core_->run(until, cancel);
}

void event_loop::stop() noexcept {
  if (core_ != nullptr && core_->usable_here()) core_->stop();
}

void event_loop::wake() noexcept {
  if (core_ != nullptr) core_->wake();
}

void event_loop::on_wake(std::function<void()> callback) {
  if (core_ != nullptr && core_->usable_here()) core_->on_wake(std::move(callback));
}

native_handle event_loop::native() const noexcept { return core_ != nullptr ? core_->native() : native_handle{}; }

deadline event_loop::next_deadline() { return core_ != nullptr ? core_->next_deadline() : deadline::never(); }

result<void> event_loop::release_thread() {
  if (core_ == nullptr) return error{errc::closed, stage::loop};
  return core_->release_thread();
}

result<void> event_loop::acquire_thread() {
  if (core_ == nullptr) return error{errc::closed, stage::loop};
  return core_->acquire_thread();
}

}  // namespace spawnpipe
