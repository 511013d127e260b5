// What is open in the fake system, what its threads are doing, and its end.
#include "fake_kernel.hpp"

#include <utility>

namespace fake {

object_counts objects() {
  const kernel& system = the_kernel();
  const std::lock_guard hold(the_kernel().lock);
  return {system.handles.size(), system.pools.size(), system.waits.size(), system.groups.size(),
          system.in_flight.size()};
}

int waiting() {
  const std::lock_guard hold(the_kernel().lock);
  return the_kernel().waiting;
}

int waiting_for_callbacks() {
  const std::lock_guard hold(the_kernel().lock);
  return the_kernel().waiting_for_callbacks;
}

int callbacks_running() {
  const std::lock_guard hold(the_kernel().lock);
  return the_kernel().callbacks_running;
}

int callbacks_due() {
  const std::lock_guard hold(the_kernel().lock);
  std::size_t due = 0;
  for (const TP_POOL* each : the_kernel().pools) due += each->due.size();
  return static_cast<int>(due);
}

void late_callbacks(bool on) {
  const std::lock_guard hold(the_kernel().lock);
  the_kernel().late_callbacks = on;
}

void ghosts_in_jobs(unsigned count) {
  const std::lock_guard hold(the_kernel().lock);
  the_kernel().ghosts = count;
}

void hold_callbacks(bool on) {
  const std::lock_guard hold(the_kernel().lock);
  the_kernel().hold_callbacks = on;
  the_kernel().changed.notify_all();
}

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds bound) {
  const auto until = std::chrono::steady_clock::now() + bound;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return holds();
    std::this_thread::sleep_for(100us);
  }
  return true;
}

void later(std::chrono::milliseconds delay, std::function<void()> act) {
  const std::lock_guard hold(the_kernel().lock);
  the_kernel().others.emplace_back([delay, act = std::move(act)] {
    std::this_thread::sleep_for(delay);
    act();
  });
}

void join_threads() {
  for (;;) {
    std::vector<std::thread> left;
    {
      const std::lock_guard hold(the_kernel().lock);
      left.swap(the_kernel().others);
    }
    if (left.empty()) return;
    for (auto& each : left) each.join();
  }
}

void reset() {
  kernel& system = the_kernel();
  join_threads();
  std::vector<std::thread> workers;
  {
    const std::lock_guard hold(system.lock);
    for (TP_POOL* const each : system.pools) each->closed = true;
    system.hold_callbacks = false;
    system.changed.notify_all();
    workers.swap(system.workers);
  }
  for (auto& each : workers) each.join();
  const std::lock_guard hold(system.lock);
  system.handles.clear();
  system.in_flight.clear();
  system.pools.clear();
  system.waits.clear();
  system.groups.clear();
  system.old_pools.clear();
  system.old_waits.clear();
  system.old_groups.clear();
  system.late_callbacks = false;
  system.ghosts = 0;
  plan_reset();
}

}  // namespace fake
