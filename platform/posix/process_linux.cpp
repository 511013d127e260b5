// The end of a child, and signals to it, by its pidfd: a descriptor that means this process for ever, whatever becomes of its
// number, and that polls readable when it has ended. No SIGCHLD handler, and it does not matter what the host does with that
// signal, whom it waits for, or what it blocks.
//
// Before 5.4 there is none, or none that can be waited for. Then libuv's SIGCHLD watch wakes us, as it does on the portable back end,
// and signals go by number, after a look whether the process is still ours to wait for.
#include "process_linux.hpp"

#include "clone_linux.hpp"
#include "error.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <cerrno>
#include <utility>

namespace spawnpipe::platform {
namespace {

exit_status from_wait_status(int status) noexcept {
  if (WIFEXITED(status)) return exit_status::exited(static_cast<std::uint32_t>(WEXITSTATUS(status)));
  return exit_status::signalled(WTERMSIG(status), WCOREDUMP(status) != 0);
}

exit_status from_siginfo(const siginfo_t& info) noexcept {
  if (info.si_code == CLD_EXITED) return exit_status::exited(static_cast<std::uint32_t>(info.si_status));
  return exit_status::signalled(info.si_status, info.si_code == CLD_DUMPED);
}

// Somebody else took the status, or nobody wanted it (SIGCHLD ignored). The kernel keeps it with the pidfd since 6.15, from the moment
// at which the process is reaped: that is when POLLHUP comes, a little after the end that woke us.
exit_status status_without_waiting(const process& self) noexcept {
  if (!self.pidfd) return {};
  constexpr int moment = 50;  // ms
  for (const bool last : {false, true}) {
    pidfd_info info;
    info.mask = pidfd_info_exit;
    if (sys::pidfd_get_info(self.pidfd.get(), &info) != 0) break;  // a kernel that does not know of it
    if ((info.mask & pidfd_info_exit) != 0) return from_wait_status(info.exit_code);
    if (last) break;
    struct pollfd reaped = {.fd = self.pidfd.get(), .events = 0, .revents = 0};
    while (sys::poll(&reaped, 1, moment) < 0 && errno == EINTR) {
    }
  }
  return {};
}

// waitid on this very process. 1: `info` is filled; 0: it has not ended; -1: errno.
int look(const process& self, siginfo_t& info, int options, struct rusage* used) noexcept {
  const int which = self.pidfd ? wait_for_pidfd : int{P_PID};
  const auto id = static_cast<id_t>(self.pidfd ? self.pidfd.get() : self.pid);
  int code = 0;
  do {
    info = {};
    code = sys::waitid(which, id, &info, WEXITED | WNOHANG | __WALL | options, used);
  } while (code != 0 && errno == EINTR);
  if (code != 0) return -1;
  return info.si_pid != 0 ? 1 : 0;
}

void stop_watching(process& self) noexcept {
  if (self.ready != nullptr) watch_stop(*self.ready);
  if (self.has_signal) uv_signal_stop(&self.signal);
}

// Takes the status, if there is one by now.
void look_for_end(process& self) noexcept {
  if (self.status || self.exited == nullptr) return;
  siginfo_t info;
  const int seen = look(self, info, 0, &self.used);
  if (seen == 0) return;
  self.status = seen > 0 ? from_siginfo(info) : status_without_waiting(self);
  stop_watching(self);
  self.owner->client.completions->push(*self.exited);
}

// True while it can be waited for: until then its number, and its group's, are nobody else's.
bool still_ours(const process& self) noexcept {
  siginfo_t info;
  return look(self, info, WNOWAIT, nullptr) >= 0;
}

int send(const process& self, int signal) noexcept {
  if (self.pidfd) {
    if (sys::pidfd_send_signal(self.pidfd.get(), signal, 0) == 0) return 0;
    if (errno != ENOSYS && errno != EPERM) return -1;
  }
  if (!still_ours(self)) {
    errno = ESRCH;
    return -1;
  }
  return sys::kill(self.pid, signal);
}

int send_to_group(const process& self, int signal) noexcept {
  if (self.pidfd) {
    if (sys::pidfd_send_signal(self.pidfd.get(), signal, pidfd_signal_process_group) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != EPERM) return -1;  // before 6.9 there is no such flag
  }
  if (!still_ours(self)) {
    errno = ESRCH;
    return -1;
  }
  return sys::kill(-self.pid, signal);
}

}  // namespace

int process_watch(process& self) noexcept {
  if (self.pidfd) {
    const auto on_end = [](void* context, int /*code*/) noexcept { look_for_end(*static_cast<process*>(context)); };
    const int code = watch_open(*self.owner, self.pidfd.get(), direction::end, on_end, &self, self.ready);
    return code != 0 ? code : watch_start(*self.ready);
  }
  if (const int code = sys::uv_signal_init(self.owner->uv, &self.signal); code != 0) return code;
  self.signal.data = &self;
  self.has_signal = true;
  const auto on_signal = [](uv_signal_t* handle, int /*signal*/) {
    look_for_end(*static_cast<process*>(handle->data));
  };
  const int code = sys::uv_signal_start(&self.signal, on_signal, SIGCHLD);
  libuv_is_due(*self.owner);
  if (code == 0) look_for_end(self);  // it may have been faster
  return code;
}

void take_back(process& self) noexcept {
  if (send(self, SIGKILL) == 0) reap(self.pid);
}

std::optional<exit_status> process_poll(process* self) noexcept { return self->status; }

result<signal_report> process_signal(process* self, signal_kind which) noexcept {
  if (self->status) return error{errc::already_exited, stage::signal};
  const int number = which == signal_kind::kill ? SIGKILL : SIGTERM;
  if (self->own_group && send_to_group(*self, number) == 0) {
    return signal_report{.reached = mechanism::process_group};
  }
  // No group of its own, or nobody in it who may be signalled.
  if (send(*self, number) == 0) return signal_report{.reached = mechanism::process};
  if (errno == ESRCH) return error{errc::already_exited, stage::signal};
  return system_error(errno, stage::signal);
}

void process_release(process* self) noexcept {
  self->exited = nullptr;
  if (self->ready != nullptr) watch_close(self->ready);
  if (!self->has_signal) return delete self;
  leave_parents_set(*self->owner);
  uv_close(reinterpret_cast<uv_handle_t*>(&self->signal),
           [](uv_handle_t* handle) { delete static_cast<process*>(handle->data); });
  libuv_is_due(*self->owner);
}

}  // namespace spawnpipe::platform
