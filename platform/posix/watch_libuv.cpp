// Watches by uv_poll_t, and the turn by uv_run.
#include "watch.hpp"

#include <new>

namespace spawnpipe::platform {

struct watch {
  uv_poll_t handle;  // outlives its owner's interest until libuv has closed it
  loop* owner;
  int events;
  watch_callback ready;
  void* context;
  bool started;
};

namespace {

void on_ready(uv_poll_t* handle, int status, int /*events*/) {
  auto& self = *static_cast<watch*>(handle->data);
  if (loop_foreign(self.owner)) return watch_stop(self);  // a forked copy of the host: the bytes are its parent's
  // libuv says EBADF, and has stopped the handle, where epoll says EPOLLERR: a reader that is gone. The write says why.
  if (status < 0) self.started = false;
  self.ready(self.context, status);
}

}  // namespace

int watch_open(loop& owner, int fd, direction which, watch_callback ready, void* context, watch*& into) noexcept {
  auto* const made = new (std::nothrow) watch{.handle = {},
                                              .owner = &owner,
                                              .events = which == direction::out ? UV_WRITABLE : UV_READABLE,
                                              .ready = ready,
                                              .context = context,
                                              .started = false};
  if (made == nullptr) return UV_ENOMEM;
  if (const int code = sys::uv_poll_init(owner.uv, &made->handle, fd); code != 0) {
    delete made;  // libuv has not taken it in
    return code;
  }
  made->handle.data = made;
  into = made;
  return 0;
}

int watch_start(watch& self) noexcept {
  const int code = sys::uv_poll_start(&self.handle, self.events, on_ready);
  self.started = code == 0;
  return code;
}

void watch_stop(watch& self) noexcept {
  if (self.started) sys::uv_poll_stop(&self.handle);
  self.started = false;
}

bool watch_started(const watch& self) noexcept { return self.started; }

// (A loop of our own is run for as long as lib wants it to: it must not end for this.)
void watch_keep_alive(watch& self, bool yes) noexcept {
  if (!self.owner->adopted) return;
  auto* const handle = reinterpret_cast<uv_handle_t*>(&self.handle);
  yes ? uv_ref(handle) : uv_unref(handle);
}

void watch_close(watch* self) noexcept {
  leave_parents_set(*self->owner);
  // Stops the watch at once, so that the descriptor may be closed; the memory goes when libuv has let go of it.
  uv_close(reinterpret_cast<uv_handle_t*>(&self->handle),
           [](uv_handle_t* handle) { delete static_cast<watch*>(handle->data); });
}

int watches_open(loop& /*self*/) noexcept { return 0; }
void watches_close(loop& /*self*/) noexcept {}
bool watches_leave(loop& /*self*/, bool hosts_turn) noexcept { return hosts_turn; }
void libuv_is_due(loop& /*self*/) noexcept {}

void take_turn(loop& self, time_point until) noexcept {
  const bool wait = until > clock_now();
  if (wait) {
    uv_update_time(self.uv);
    arm_timer(self, until);
  }
  sys::uv_run(self.uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
  uv_timer_stop(&self.timer);
}

int watches_descriptor(const loop& self) noexcept { return uv_backend_fd(self.uv); }

}  // namespace spawnpipe::platform
