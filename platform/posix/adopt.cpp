// An event_loop on a uv_loop_t of the host.
#include <spawnpipe/posix.hpp>

#include "loop_core.hpp"

#include <utility>

namespace spawnpipe::posix {

result<event_loop> adopt(uv_loop_s* loop) {
  if (loop == nullptr) return error{errc::invalid_argument, stage::loop, "no loop to adopt"};
  auto opened = detail::loop_core::open(loop);
  if (!opened) return std::move(opened).error();
  return detail::loop_core::make_handle(*opened);
}

}  // namespace spawnpipe::posix
