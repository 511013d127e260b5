// The event loop of a host that the script plays, as a back end with real hosts makes one of their loops.
#include "script.hpp"

#include <loop_core.hpp>

namespace spawnpipe::simulated {

result<event_loop> adopt(host& to) {
  auto opened = detail::loop_core::open(&to);
  if (!opened) return std::move(opened).error();
  return detail::loop_core::make_handle(*opened);
}

}  // namespace spawnpipe::simulated
