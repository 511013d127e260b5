// Interleavings that matter here:
// - post against take_all: an entry is linked and the event set in one step, so take_all sees both or neither. It takes what
//   was there when it began; what comes meanwhile leaves the event set.
// - wake against wait: a wake before the wait leaves the event set, so the wait returns at once.
// - post against post: what is in the queue already stays where it is.
// - post against remove: a caller of remove that is about to free the entry has closed the wait object whose callback posts.
#include "completion_queue.hpp"

#include <algorithm>
#include <array>
#include <chrono>

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

}  // namespace

unique_handle completion_queue::make_event() noexcept {
  return unique_handle(sys::CreateEventW(nullptr, TRUE, FALSE, nullptr));
}

// A wake may come for nothing, but none may be lost: an event of ours that could not be set is set again.
void completion_queue::set() noexcept {
  constexpr int attempts = 3;
  for (int made = 0; made < attempts && sys::SetEvent(event_.get()) == FALSE; ++made) ::SwitchToThread();
  maybe_set_ = true;
}

// Most passes find nothing in the queue, and are spared the system.
void completion_queue::reset() noexcept {
  if (maybe_set_ && sys::ResetEvent(event_.get()) != FALSE) maybe_set_ = false;
}

void completion_queue::post(entry& what) noexcept {
  const locked hold(lock_);
  if (what.posted) return;
  what.posted = true;
  what.next = nullptr;
  what.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &what;
  last_ = &what;
  set();
}

void completion_queue::wake() noexcept {
  const locked hold(lock_);
  woken_ = true;
  set();
}

void completion_queue::unlink(entry& what) noexcept {
  (what.previous != nullptr ? what.previous->next : first_) = what.next;
  (what.next != nullptr ? what.next->previous : last_) = what.previous;
  what.next = what.previous = nullptr;
  what.posted = false;
  if (first_ == nullptr && !woken_) reset();
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
    woken = woken_;
    woken_ = false;
    last = last_;
    if (first_ == nullptr) reset();
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
