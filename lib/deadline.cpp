// Deadlines: saturating arithmetic on the back end's clock.
#include <spawnpipe/deadline.hpp>

#include "platform.hpp"

namespace spawnpipe {

deadline deadline::at_most(clock::duration patience) noexcept {
  const clock::time_point start = platform::clock_now();
  if (patience >= clock::time_point::max() - start) return never();
  return {start + patience};
}

deadline::clock::duration deadline::remaining() const noexcept {
  if (is_never()) return clock::duration::max();
  if (is_now()) return clock::duration::zero();
  const clock::time_point current = platform::clock_now();
  return when_ > current ? when_ - current : clock::duration::zero();
}

bool deadline::passed() const noexcept { return !is_never() && (is_now() || platform::clock_now() >= when_); }

}  // namespace spawnpipe
