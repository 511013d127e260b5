// Waiting in a loop for something, by passing until it holds.
#include "loop_core.hpp"

namespace spawnpipe::detail {

waited loop_core::wait_for(const condition& ready, deadline until, const cancellation& cancel,
                           platform::completion* hint) {
  if (ready.holds(ready.self)) return waited::ready;
  if (cancel.requested()) return waited::cancelled;
  if (!can_wait()) return until.is_now() ? waited::timed_out : waited::would_deadlock;
  interruption watch(cancel, waker());
  for (;;) {
    pass(until.time(), hint);
    if (ready.holds(ready.self)) return waited::ready;
    if (cancel.requested()) return waited::cancelled;
    if (until.passed()) return waited::timed_out;
  }
}

error wait_error(waited how, stage where, const char* subject) {
  switch (how) {
    case waited::cancelled: return {errc::cancelled, where, subject};
    case waited::would_deadlock: return {errc::would_deadlock, where, subject};
    case waited::ready:
    case waited::timed_out: break;
  }
  return {errc::timed_out, where, subject};
}

}  // namespace spawnpipe::detail
