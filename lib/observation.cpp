// Beginning and ending to observe a loop.
#include <spawnpipe/observer.hpp>

#include "loop_core.hpp"
#include "observers.hpp"

#include <atomic>
#include <utility>

namespace spawnpipe {
namespace detail {
namespace {

std::atomic<std::uint64_t> children_so_far = 0;
std::atomic<std::uint64_t> loops_so_far = 0;

result<loop_core*> observable(loop_core* loop) {
  if (loop == nullptr) return error{errc::closed, stage::loop};
  if (!loop->usable_here()) return error{errc::wrong_thread, stage::loop};
  return loop;
}

}  // namespace

std::uint64_t observers::number_child() noexcept { return children_so_far.fetch_add(1, std::memory_order_relaxed) + 1; }

void observers::add(observation& which) noexcept {
  if (loop_ == 0) loop_ = loops_so_far.fetch_add(1, std::memory_order_relaxed) + 1;
  which.first_ = children_so_far.load(std::memory_order_relaxed) + 1;
  which.previous_ = std::exchange(last_, &which);
  (which.previous_ != nullptr ? which.previous_->next_ : first_) = &which;
}

void observers::remove(observation& which) noexcept {
  (which.previous_ != nullptr ? which.previous_->next_ : first_) = which.next_;
  (which.next_ != nullptr ? which.next_->previous_ : last_) = which.previous_;
  which.next_ = which.previous_ = nullptr;
}

void observers::move(observation& from, observation& to) noexcept {
  to.first_ = from.first_;
  to.next_ = std::exchange(from.next_, nullptr);
  to.previous_ = std::exchange(from.previous_, nullptr);
  (to.previous_ != nullptr ? to.previous_->next_ : first_) = &to;
  (to.next_ != nullptr ? to.next_->previous_ : last_) = &to;
}

void observers::end_all() noexcept {
  while (first_ != nullptr) {
    observation& each = *first_;
    remove(each);
    each.loop_ = nullptr;
  }
}

}  // namespace detail

observation::observation(observer& by, detail::loop_core& loop) noexcept : observer_(&by), loop_(&loop) {
  loop_->observed_by().add(*this);
}

observation::observation(observation&& other) noexcept
    : observer_(other.observer_), loop_(std::exchange(other.loop_, nullptr)) {
  if (loop_ != nullptr) loop_->observed_by().move(other, *this);
}

observation& observation::operator=(observation&& other) noexcept {
  if (this != &other) {
    end();
    observer_ = other.observer_;
    loop_ = std::exchange(other.loop_, nullptr);
    if (loop_ != nullptr) loop_->observed_by().move(other, *this);
  }
  return *this;
}

observation::~observation() { end(); }

void observation::end() noexcept {
  if (loop_ != nullptr) std::exchange(loop_, nullptr)->observed_by().remove(*this);
}

std::uint64_t observation::loop() const noexcept { return loop_ != nullptr ? loop_->observed_by().loop() : 0; }

result<observation> observation::begin(observer& by) {
  auto mine = detail::loop_core::of_this_thread();
  if (!mine) return std::move(mine).error();
  auto loop = detail::observable(*mine);
  if (!loop) return std::move(loop).error();
  return observation(by, **loop);
}

result<observation> observation::begin(observer& by, event_loop& loop) {
  auto core = detail::observable(detail::loop_core::of(loop));
  if (!core) return std::move(core).error();
  return observation(by, **core);
}

std::string_view to_string(standard_stream which) noexcept {
  switch (which) {
    case standard_stream::in: return "in";
    case standard_stream::out: return "out";
    case standard_stream::err: return "err";
  }
  return "?";
}

}  // namespace spawnpipe
