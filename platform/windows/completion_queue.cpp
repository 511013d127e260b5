// Interleavings that matter here:
// - post against take_all: an entry is linked and `told_` set in one step; whoever turns `told_` on sets the event behind the lock.
//   take_all turns it off before it takes: what is linked after that turns it on again, and sets the event again. An event that
//   is set so late that its entry has been taken already costs the owner one pass.
// - post against post: the second finds `told_` on, and leaves the event to the first, which is about to set it.
// - wake against wait: a wake before the wait leaves the event set, so the wait returns at once.
// - the end: a waker counts who is inside, and a pool's wait object is closed behind its callback, before the queue goes; so nobody
//   sets an event that is gone.
// - post against remove: a caller of remove that is about to free the entry has closed the wait object whose callback posts.
#include "completion_queue.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace spawnpipe::platform {
namespace {

class locked {
 public:
  explicit locked(SRWLOCK& lock) noexcept : lock_(lock) { ::AcquireSRWLockExclusive(&lock_); }
  locked(const locked&) = delete;
  locked& operator=(const locked&) = delete;
  ~locked() { ::ReleaseSRWLockExclusive(&lock_); }

 private:
  SRWLOCK& lock_;
};

// Rounded up, because a wait that ends early would only be begun again.
DWORD milliseconds_until(time_point until) noexcept {
  if (until == time_point::max()) return INFINITE;
  const time_point now = clock_now();
  if (until <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  constexpr long long longest = INFINITE - 1;
  return static_cast<DWORD>(std::min<long long>(left, longest));
}

// A wake may come for nothing, but none may be lost: an event of ours that could not be set is set again.
bool set_for_sure(HANDLE event) noexcept {
  constexpr int attempts = 3;
  for (int made = 0; made < attempts; ++made) {
    if (sys::SetEvent(event) != FALSE) return true;
    ::SwitchToThread();
  }
  return false;
}

}  // namespace

bool completion_queue::create() noexcept {
  event_.reset(sys::CreateEventW(nullptr, FALSE, FALSE, nullptr));
  if (event_) native_.reset(sys::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  return static_cast<bool>(native_);
}

// Brings the host's event in line with what there is. Most of the time nobody waits on it, and the system is spared.
void completion_queue::show() noexcept {
  const bool something = first_ != nullptr || woken_;
  if (!host_waits_ || something == shown_) return;
  if (something) {
    shown_ = set_for_sure(native_.get());
  } else if (sys::ResetEvent(native_.get()) != FALSE) {
    shown_ = false;
  }
}

HANDLE completion_queue::native() noexcept {
  const locked hold(lock_);
  host_waits_ = true;
  show();
  return native_.get();
}

void completion_queue::tell() noexcept {
  if (set_for_sure(event_.get())) return;
  const locked hold(lock_);
  told_ = false;  // the next one tries
}

void completion_queue::post(entry& what) noexcept {
  {
    const locked hold(lock_);
    if (what.posted) return;
    what.posted = true;
    what.next = nullptr;
    what.previous = last_;
    (last_ != nullptr ? last_->next : first_) = &what;
    last_ = &what;
    show();
    if (std::exchange(told_, true)) return;
  }
  tell();
}

void completion_queue::wake() noexcept {
  {
    const locked hold(lock_);
    woken_ = true;
    show();
    if (std::exchange(told_, true)) return;
  }
  tell();
}

void completion_queue::unlink(entry& what) noexcept {
  (what.previous != nullptr ? what.previous->next : first_) = what.next;
  (what.next != nullptr ? what.next->previous : last_) = what.previous;
  what.next = what.previous = nullptr;
  what.posted = false;
  show();
}

void completion_queue::remove(entry& what) noexcept {
  const locked hold(lock_);
  if (what.posted) unlink(what);
}

completion_queue::entry* completion_queue::pop() noexcept {
  const locked hold(lock_);
  entry* const first = first_;
  if (first != nullptr) unlink(*first);
  return first;
}

void completion_queue::wait(HANDLE other, time_point until) const noexcept {
  const std::array<HANDLE, 2> handles = {event_.get(), other};
  sys::WaitForMultipleObjects(other != nullptr ? 2 : 1, handles.data(), FALSE, milliseconds_until(until));
}

bool completion_queue::take_all() noexcept {
  bool woken = false;
  const entry* last = nullptr;
  {
    const locked hold(lock_);
    woken = std::exchange(woken_, false);
    told_ = false;
    last = last_;
    show();
  }
  while (last != nullptr) {
    entry* const next = pop();
    if (next == nullptr) break;
    const bool was_last = next == last;
    next->take(*next);
    if (was_last) break;
  }
  return woken;
}

}  // namespace spawnpipe::platform
