// Interrupters: the hand-over of a waker between a waiting call and a signal handler.
//
// A place holds null (free), a waker (a call waits), or the mark `busy` (interrupt() is using that waker now). Who leaves waits
// for busy to end; busy lasts for one loop_wake, and a handler that interrupts its own thread inside it skips the place, because
// the wake that it would send is being sent. The flag is stored before the places are looked at, and a call looks at the flag
// after it has taken its place (both sequentially consistent), so that one of the two sees the other.
#include <spawnpipe/cancellation.hpp>

#include "interruption.hpp"

#include <thread>

namespace spawnpipe {
namespace {

char busy_mark = 0;
void* const busy = &busy_mark;

}  // namespace

interrupter::~interrupter() {
  places* next = places_.more.load();
  while (next != nullptr) {
    places* const gone = next;
    next = gone->more.load();
    delete gone;
  }
}

void interrupter::interrupt() noexcept {
  flag_.store(true);
  for (places* group = &places_; group != nullptr; group = group->more.load()) {
    for (std::atomic<void*>& place : group->waker) {
      void* waker = place.load();
      if (waker == nullptr || waker == busy) continue;
      if (!place.compare_exchange_strong(waker, busy)) continue;
      platform::loop_wake(static_cast<platform::waker*>(waker));
      place.store(waker);
    }
  }
}

namespace detail {

interruption::interruption(const cancellation& cancel, platform::waker* waker) : waker_(waker) {
  if (cancel.operations_ != nullptr) {
    watched_ = cancel.operations_;
    watched_->watch(cancel.token_, watch_, on_stop, this);
  }
  if (cancel.interrupter_ == nullptr) return;
  interrupter::places* group = &cancel.interrupter_->places_;
  for (;;) {
    for (std::atomic<void*>& place : group->waker) {
      void* expected = nullptr;
      if (place.compare_exchange_strong(expected, waker)) {
        place_ = &place;
        if (cancel.interrupter_->interrupted()) platform::loop_wake(waker);
        return;
      }
    }
    interrupter::places* more = group->more.load();
    if (more == nullptr) {
      auto* const fresh = new interrupter::places;
      if (group->more.compare_exchange_strong(more, fresh)) {
        more = fresh;
      } else {
        delete fresh;  // GCOVR_EXCL_LINE: another thread was first, in this very moment; `more` is its
      }
    }
    group = more;
  }
}

void interruption::on_stop(void* interruption) noexcept {
  auto& self = *static_cast<detail::interruption*>(interruption);
  self.wakes_.store(true);
  platform::loop_wake(self.waker_);
  self.wakes_.store(false);
}

interruption::~interruption() {
  if (watched_ != nullptr) {
    // The end of a stop_callback waits for a callback that runs. libstdc++ without futexes (gcc 12 for Windows) can sleep there for
    // ever, so the callback is let go by first, which takes a moment.
    while (wakes_.load()) std::this_thread::yield();
    watched_->unwatch(watch_);
  }
  if (place_ == nullptr) return;
  void* expected = waker_;
  while (!place_->compare_exchange_weak(expected, nullptr)) {
    expected = waker_;
    std::this_thread::yield();
  }
}

}  // namespace detail
}  // namespace spawnpipe
