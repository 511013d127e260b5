// What may be asked where nothing can be waited for: inside a callback, and on an adopted loop.
#ifndef SPAWNPIPE_TESTS_SIMULATED_NO_WAITING_HPP
#define SPAWNPIPE_TESTS_SIMULATED_NO_WAITING_HPP

#include "simulation.hpp"

namespace simulation {

// What every call that would have to wait says inside a callback and on an adopted loop.
inline void check_would_deadlock(child& running, event_loop* loop) {
  CHECK(read_text(running.out(), 9, 1h).failed_with(errc::would_deadlock));
  CHECK(running.out().read_line(deadline::never()).failed_with(errc::would_deadlock));
  CHECK(running.out().read_until('x', 1ms).failed_with(errc::would_deadlock));
  std::string all;
  CHECK(running.out().read_all(all, 100, 1h).failed_with(errc::would_deadlock));
  CHECK(all.empty());
  std::string_view rest = "more than the queue of four";
  CHECK(running.in().write_all(rest, 1h).failed_with(errc::would_deadlock));
  CHECK(running.in().flush(1h).failed_with(errc::would_deadlock));
  CHECK(running.wait(1h).failed_with(errc::would_deadlock));
  CHECK(running.wait(deadline::never()).failed_with(std::errc::resource_deadlock_would_occur));
  CHECK(running.stop().failed_with(errc::would_deadlock));
  CHECK(communicate(running).failed_with(errc::would_deadlock));
  if (loop != nullptr) CHECK(loop->run(1h).failed_with(errc::would_deadlock));
  if (loop != nullptr) CHECK(loop->run(deadline::now()).failed_with(errc::would_deadlock));
  CHECK_FALSE(running.status());
}

// The forms that do not wait, with nothing there.
inline void check_now_forms(child& running) {
  CHECK(read_text(running.out(), 9, deadline::now()).failed_with(errc::timed_out));
  CHECK(running.out().read_line(deadline::now()).failed_with(errc::timed_out));
  CHECK(running.in().flush(deadline::now()).failed_with(errc::timed_out));
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
}

}  // namespace simulation

#endif
