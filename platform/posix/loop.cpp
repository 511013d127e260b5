// The loop: a uv_loop_t, of our own or the host's, with one timer and one wake-up.
//
// On a loop of our own, loop_wait is one turn (watch.hpp). Where that is one of uv_run, the timer bounds it: libuv's timers count
// milliseconds from the loop's idea of the time, so that idea is brought up to date first and the distance rounded up; lib looks at
// the clock again anyway. On an adopted loop the turns are the host's: a uv_prepare_t and a uv_check_t stand around its poll.
#include "loop.hpp"

#include "error.hpp"
#include "plug.hpp"
#include "unique_fd.hpp"
#include "watch.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <new>
#include <thread>
#include <utility>
#include <vector>

namespace spawnpipe::platform {
namespace {

// libuv before 1.45 runs due timers before it polls. One that is due by then is gone when the poll works out its timeout, and the
// poll would wait for ever; a loop that is stopped polls without waiting, and uv_run takes the stop back at its end. On an
// adopted loop the timer is armed behind the timers' turn, right before the poll.
void in_own_turn(uv_timer_t* handle) { uv_stop(handle->loop); }
void in_hosts_turn(uv_timer_t* /*handle*/) {}

void on_wake(uv_async_t* handle) {
  auto& self = *static_cast<loop*>(handle->data);
  if (self.wake->asked.exchange(false)) self.woken = true;
  if (self.adopted) uv_unref(reinterpret_cast<uv_handle_t*>(handle));
}

// A forked copy of the host may run the loop that was adopted: what is ours in there stays its parent's.
void hosts_turn_in_copy(loop& self) noexcept {
  if (!std::exchange(self.forked_over, true)) watches_leave(self, true);
}

void before_poll(uv_prepare_t* handle) {
  auto& self = *static_cast<loop*>(handle->data);
  if (loop_foreign(&self)) return hosts_turn_in_copy(self);
  const time_point until = self.client.before_wait(self.client.context);
  uv_update_time(self.uv);
  arm_timer(self, until);
}

void after_poll(uv_check_t* handle) {
  auto& self = *static_cast<loop*>(handle->data);
  if (loop_foreign(&self)) return;
  const bool woken = std::exchange(self.woken, false);
  self.client.after_wait(self.client.context, woken);  // may be the end of self
}

void handle_closed(uv_handle_t* handle) {
  auto* const self = static_cast<loop*>(handle->data);
  if (--self->handles_open == 0 && self->adopted) delete self;
}

// Whether so many descriptors can be had. uv_loop_init of libuv 1.44 leaves its epoll set open when it runs out of them, and aborts the
// host when that happens to the process's first loop.
int descriptors_left(std::size_t count) {
  std::vector<unique_fd> taken;
  taken.reserve(count);
  std::array<int, 2> ends{};
  if (sys::pipe_cloexec(ends.data()) != 0) return -errno;
  for (const int end : ends) taken.emplace_back(end);
  while (taken.size() < count) {
    taken.emplace_back(sys::fcntl(taken.front().get(), F_DUPFD_CLOEXEC, 0));
    if (!taken.back()) return -errno;
  }
  return 0;
}

// The loop itself, and everything in it that can fail.
int open_uv(loop& self) {
  if (!self.adopted) {
    // An epoll set, two pipes for signals, an eventfd or a pipe to wake it, the set of our watches, and one to spare.
    constexpr std::size_t most = 9;
    if (const int code = descriptors_left(most); code != 0) return code;
    if (const int code = sys::uv_loop_init(&self.own); code != 0) return code;
  }
  if (const int code = sys::uv_async_init(self.uv, &self.async, on_wake); code != 0) {
    if (!self.adopted) sys::uv_loop_close(&self.own);
    return code;
  }
  return 0;
}

// Behind open_uv: the handles that need no more than to be written down.
void init_handles(loop& self) noexcept {
  uv_timer_init(self.uv, &self.timer);
  self.async.data = self.timer.data = &self;
  if (!self.adopted) return;
  uv_prepare_init(self.uv, &self.prepare);
  uv_check_init(self.uv, &self.check);
  self.prepare.data = self.check.data = &self;
  uv_prepare_start(&self.prepare, before_poll);
  uv_check_start(&self.check, after_poll);
  // The host's loop is kept alive by what we wait for, not by our being there.
  uv_unref(reinterpret_cast<uv_handle_t*>(&self.async));
  uv_unref(reinterpret_cast<uv_handle_t*>(&self.prepare));
  uv_unref(reinterpret_cast<uv_handle_t*>(&self.check));
}

// Takes it out of libuv, and frees it; on an adopted loop when the host's loop has let go of it.
void close_handles(loop* self) noexcept {
  close_handle(*self, reinterpret_cast<uv_handle_t*>(&self->timer));
  close_handle(*self, reinterpret_cast<uv_handle_t*>(&self->async));
  if (self->adopted) {
    close_handle(*self, reinterpret_cast<uv_handle_t*>(&self->prepare));
    close_handle(*self, reinterpret_cast<uv_handle_t*>(&self->check));
    return;  // the host's loop does the rest in its next turn
  }
  // Handles close in a turn of the loop; with all of them closing, a turn does not wait.
  while (sys::uv_loop_close(&self->own) == UV_EBUSY) sys::uv_run(&self->own, UV_RUN_NOWAIT);
  delete self;
}

}  // namespace

void arm_timer(loop& self, time_point until) noexcept {
  if (until == time_point::max()) {
    uv_timer_stop(&self.timer);
    return;
  }
  const time_point now = clock_now();
  std::uint64_t wait = 0;
  if (until > now) {
    wait = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(until - now).count());
  }
  sys::uv_timer_start(&self.timer, self.adopted ? in_hosts_turn : in_own_turn, wait, 0);
}

void close_handle(loop& self, uv_handle_t* handle) noexcept {
  ++self.handles_open;
  uv_close(handle, handle_closed);
}

result<loop*> loop_open(const loop_client& client, void* adopt) {
  auto self = std::unique_ptr<loop>(new (std::nothrow) loop);
  auto wake = std::unique_ptr<waker>(new (std::nothrow) waker);
  if (!self || !wake) return system_error(ENOMEM, stage::loop);
  self->client = client;
  self->adopted = adopt != nullptr;
  self->uv = self->adopted ? static_cast<uv_loop_t*>(adopt) : &self->own;
  self->process = process_identity();
  const plug low(first_above_stdio);
  if (const int code = open_uv(*self); code != 0) return uv_error(code, stage::loop);
  init_handles(*self);
  if (const int code = watches_open(*self); code != 0) {
    close_handles(self.release());
    return uv_error(code, stage::loop);
  }
  self->wake = wake.release();
  self->wake->target.store(&self->async);
  return self.release();
}

void loop_close(loop* self) noexcept {
  leave_parents_set(*self);
  self->wake->target.store(nullptr);
  if (loop_foreign(self)) {
    self->async.pending = 0;  // a send that was interrupted by the fork is never finished: libuv would wait for it
  } else {
    while (self->wake->inside.load() != 0) std::this_thread::yield();
  }
  waker_release(self->wake);
  watches_close(*self);
  close_handles(self);
}

bool loop_wait(loop* self, time_point until, completion* /*hint*/) noexcept {
  take_turn(*self, until);
  return std::exchange(self->woken, false);
}

void loop_poke(loop* self) noexcept {
  uv_ref(reinterpret_cast<uv_handle_t*>(&self->async));
  sys::uv_async_send(&self->async);
}

native_handle loop_native(const loop* self) noexcept { return native_handle{watches_descriptor(*self)}; }

bool loop_foreign(const loop* self) noexcept { return self->process != process_identity(); }

void leave_parents_set(loop& self) noexcept {
  if (self.forked_over || !loop_foreign(&self)) return;
  self.forked_over = true;
  if (watches_leave(self, false)) return;
  const plug low(first_above_stdio);
  sys::uv_loop_fork(self.uv);
}

waker* loop_waker(loop* self) noexcept { return self->wake; }

void waker_retain(waker* self) noexcept { self->references.fetch_add(1); }

void waker_release(waker* self) noexcept {
  if (self->references.fetch_sub(1) == 1) delete self;
}

void loop_wake(waker* self) noexcept {
  self->asked.store(true);
  self->inside.fetch_add(1);
  if (uv_async_t* const target = self->target.load(); target != nullptr) sys::uv_async_send(target);
  self->inside.fetch_sub(1);
}

}  // namespace spawnpipe::platform
