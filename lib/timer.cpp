// Timers: a map node that moves between its timer and the queue.
#include "timer.hpp"

#include <utility>

namespace spawnpipe::detail {

timer::timer(timer_map& queue, void (*fire)(void* owner), void* owner) : queue_(queue), fire_(fire), owner_(owner) {
  timer_map nursery;
  nursery.emplace(deadline::never(), this);
  spare_ = nursery.extract(nursery.begin());
}

void timer::arm(deadline when) noexcept {
  disarm();
  spare_.key() = when;
  where_ = queue_.insert(std::move(spare_));
}

void timer::disarm() noexcept {
  if (armed()) spare_ = queue_.extract(where_);
}

bool timer::fire_due(timer_map& queue, std::chrono::steady_clock::time_point now) {
  // A timer that fires may arm itself again for a moment that has come too: that one waits for the next pass. So no more fire
  // here than were armed at the start.
  bool fired = false;
  for (std::size_t left = queue.size(); left > 0 && !queue.empty() && queue.begin()->first <= deadline(now); --left) {
    timer& first = *queue.begin()->second;
    first.disarm();
    first.fire_(first.owner_);
    fired = true;
  }
  return fired;
}

}  // namespace spawnpipe::detail
