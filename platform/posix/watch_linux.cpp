// Watches in an epoll set of the loop's own. On a loop of our own a turn is one epoll_wait on it; libuv's set is a member, for
// the wake-up, and for SIGCHLD where a kernel has no pidfd. On a loop of the host's it is the other way round: our set is a
// uv_poll_t in the host's loop.
//
// What libuv has begun to watch it puts into its set in uv_run only. So uv_run has to be called once behind whatever starts or
// closes a handle (libuv_is_due), and behind that only when its set is ready.
#include "system_linux.hpp"
#include "unique_fd.hpp"
#include "watch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <new>
#include <utility>

namespace spawnpipe::platform {

struct watch {
  loop* owner;
  int fd;
  std::uint32_t events;
  watch_callback ready;
  void* context;
  bool started;
  bool keeps_alive = true;
};

struct watch_set {
  unique_fd fd;
  bool libuv_due = true;
  bool parents = false;        // this is a forked copy of the process, and the set is its parent's too
  std::size_t waited_for = 0;  // adopted: while there are any, the host's loop is kept alive
};

namespace {

int control(watch& self, int what) noexcept {
  struct epoll_event event = {};
  event.events = self.events;
  event.data.ptr = &self;
  return sys::epoll_ctl(self.owner->watches->fd.get(), what, self.fd, &event) == 0 ? 0 : -errno;
}

std::uint32_t events_of(direction which) noexcept {
  switch (which) {
    case direction::in: return EPOLLIN;
    case direction::out: return EPOLLOUT;
    case direction::end: break;
  }
  return EPOLLIN | std::uint32_t{EPOLLET};
}

// Calls what is ready within `milliseconds`; true where libuv's set is.
bool wait_for_ready(watch_set& set, int milliseconds) noexcept {
  std::array<struct epoll_event, 64> events;
  const int count = sys::epoll_wait(set.fd.get(), events.data(), static_cast<int>(events.size()), milliseconds);
  bool libuv = false;
  for (int index = 0; index < count; ++index) {
    auto* const which = static_cast<watch*>(events[static_cast<std::size_t>(index)].data.ptr);
    if (which == nullptr) {
      libuv = true;
    } else {
      which->ready(which->context, 0);
    }
  }
  return libuv;
}

void on_set_ready(uv_poll_t* handle, int /*status*/, int /*events*/) {
  wait_for_ready(*static_cast<loop*>(handle->data)->watches, 0);
}

void count(watch& self, bool more) noexcept {
  std::size_t& waited_for = self.owner->watches->waited_for;
  waited_for = more ? waited_for + 1 : waited_for - 1;
  if (!self.owner->adopted) return;
  auto* const handle = reinterpret_cast<uv_handle_t*>(&self.owner->poll);
  waited_for > 0 ? uv_ref(handle) : uv_unref(handle);
}

int milliseconds_until(time_point until) noexcept {
  if (until == time_point::max()) return -1;
  if (until == time_point::min()) return 0;
  const time_point now = clock_now();
  if (until <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  return static_cast<int>(std::min<decltype(left)>(left, INT_MAX));
}

int put_into_hosts_loop(loop& self) noexcept {
  if (const int code = sys::uv_poll_init(self.uv, &self.poll, self.watches->fd.get()); code != 0) return code;
  self.poll.data = &self;
  uv_unref(reinterpret_cast<uv_handle_t*>(&self.poll));
  const int code = sys::uv_poll_start(&self.poll, UV_READABLE, on_set_ready);
  if (code != 0) close_handle(self, reinterpret_cast<uv_handle_t*>(&self.poll));
  return code;
}

int take_libuvs_set_in(loop& self) noexcept {
  struct epoll_event event = {};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  return sys::epoll_ctl(self.watches->fd.get(), EPOLL_CTL_ADD, uv_backend_fd(self.uv), &event) == 0 ? 0 : -errno;
}

}  // namespace

int watch_open(loop& owner, int fd, direction which, watch_callback ready, void* context, watch*& into) noexcept {
  into = new (std::nothrow) watch{
      .owner = &owner, .fd = fd, .events = events_of(which), .ready = ready, .context = context, .started = false};
  return into != nullptr ? 0 : UV_ENOMEM;
}

int watch_start(watch& self) noexcept {
  if (self.started) return 0;
  if (const int code = control(self, EPOLL_CTL_ADD); code != 0) return code;
  self.started = true;
  if (self.keeps_alive) count(self, true);
  return 0;
}

void watch_stop(watch& self) noexcept {
  if (!std::exchange(self.started, false)) return;
  // It leaves the set before it is closed: where a child that has not reached exec still holds it, a close would leave it in.
  if (!self.owner->watches->parents) static_cast<void>(control(self, EPOLL_CTL_DEL));
  if (self.keeps_alive) count(self, false);
}

bool watch_started(const watch& self) noexcept { return self.started; }

void watch_keep_alive(watch& self, bool yes) noexcept {
  if (std::exchange(self.keeps_alive, yes) != yes && self.started) count(self, yes);
}

void watch_close(watch* self) noexcept {
  leave_parents_set(*self->owner);
  watch_stop(*self);
  delete self;
}

int watches_open(loop& self) noexcept {
  self.watches = new (std::nothrow) watch_set;
  if (self.watches == nullptr) return UV_ENOMEM;
  self.watches->fd.reset(sys::epoll_create1(EPOLL_CLOEXEC));
  int code = self.watches->fd ? 0 : -errno;
  if (code == 0) code = self.adopted ? put_into_hosts_loop(self) : take_libuvs_set_in(self);
  if (code != 0) delete std::exchange(self.watches, nullptr);
  return code;
}

void watches_close(loop& self) noexcept {
  if (self.adopted) close_handle(self, reinterpret_cast<uv_handle_t*>(&self.poll));
  delete std::exchange(self.watches, nullptr);
}

// Of an adopted loop our descriptor is closed first: what libuv then does to take it out of its set, which may be the parent's, comes to
// nothing. In a turn of the host's the set is the copy's own, and ours has to leave it.
bool watches_leave(loop& self, bool hosts_turn) noexcept {
  self.watches->parents = true;
  if (!self.adopted) return false;
  if (hosts_turn) sys::uv_poll_stop(&self.poll);
  self.watches->fd.reset();
  return true;
}

void libuv_is_due(loop& self) noexcept { self.watches->libuv_due = true; }

void take_turn(loop& self, time_point until) noexcept {
  watch_set& set = *self.watches;
  if (std::exchange(set.libuv_due, false)) {
    sys::uv_run(self.uv, UV_RUN_NOWAIT);
    if (self.woken || !self.client.completions->empty()) until = time_point::min();
  }
  if (wait_for_ready(set, milliseconds_until(until))) sys::uv_run(self.uv, UV_RUN_NOWAIT);
}

int watches_descriptor(const loop& self) noexcept {
  return self.adopted ? uv_backend_fd(self.uv) : self.watches->fd.get();
}

}  // namespace spawnpipe::platform
