// What a child tells those who observe its loop. Where nobody does, nothing is put together, and no clock is asked.
#include "child_core.hpp"

namespace spawnpipe::detail {

void child_core::tell_spawned(const command& what) noexcept {
  if (!loop().observed_by().any()) return;
  observed_ = {.number = observers::number_child(), .id = id_, .loop = loop().observed_by().loop()};
  if (in_) in_->observed_as(observed_);
  if (out_) out_->observed_as(observed_, standard_stream::out);
  if (err_) err_->observed_as(observed_, standard_stream::err);
  loop().tell(&observer::spawned, {.child = observed_,
                                   .what = what,
                                   .began = born_,
                                   .when = platform::clock_now(),
                                   .in = static_cast<bool>(in_),
                                   .out = static_cast<bool>(out_),
                                   .err = static_cast<bool>(err_)});
}

void child_core::tell_exited() const noexcept {
  if (!observed()) return;
  loop().tell(&observer::exited,
              {.child = observed_, .status = *status_, .used = used_, .began = born_, .when = platform::clock_now()});
}

void child_core::tell_stop_began() const noexcept {
  if (!observed()) return;
  loop().tell(&observer::stop_began, {.child = observed_, .policy = policy_, .when = platform::clock_now()});
}

void child_core::enter(stop_phase next) noexcept {
  phase_ = next;
  if (!observed()) return;
  loop().tell(&observer::stop_reached, {.child = observed_, .phase = next, .when = platform::clock_now()});
}

void child_core::tell_stop_ended() noexcept {
  if (!observed()) return;
  const stop_report report{.status = status_.value_or(exit_status()),
                           .phase = phase_,
                           .cut_short = hurried_,
                           .last_signal = last_signal_,
                           .tree = look_at_tree()};
  loop().tell(&observer::stop_ended, {.child = observed_, .report = report, .when = platform::clock_now()});
}

}  // namespace spawnpipe::detail
