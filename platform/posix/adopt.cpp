// An event_loop on a uv_loop_t of the host.
#include <spawnpipe/posix.hpp>

#include "loop_core.hpp"
#include "posix/orphan_adoption.hpp"

#include <utility>

namespace spawnpipe::posix {

result<event_loop> adopt(uv_loop_s* loop) {
  if (loop == nullptr) return error{errc::invalid_argument, stage::loop, "no loop to adopt"};
  auto opened = detail::loop_core::open(loop);
  if (!opened) return std::move(opened).error();
  return detail::loop_core::make_handle(*opened);
}

result<orphan_adoption> orphan_adoption::begin() {
  auto home = platform::orphans_begin();
  if (!home) return std::move(home).error();
  orphan_adoption made;
  made.home_ = *home;
  return made;
}

orphan_adoption::orphan_adoption(orphan_adoption&& other) noexcept : home_(std::exchange(other.home_, nullptr)) {}

orphan_adoption& orphan_adoption::operator=(orphan_adoption&& other) noexcept {
  if (this != &other) {
    if (home_ != nullptr) platform::orphans_end(*home_);
    home_ = std::exchange(other.home_, nullptr);
  }
  return *this;
}

orphan_adoption::~orphan_adoption() {
  if (home_ != nullptr) platform::orphans_end(*home_);
}

}  // namespace spawnpipe::posix
