// The end of a child, and signals to it, by its pidfd: a descriptor that means this process for ever, whatever becomes of its
// number, and that polls readable when it has ended. No SIGCHLD handler, and it does not matter what the host does with that
// signal, whom it waits for, or what it blocks.
//
// What it started is reached by its control group, where it has one, else by its process group: since 6.9 by the pidfd, which means
// that group for ever, too. Before, a group is signalled by its number, which is its own only as long as the process that led it is
// not reaped: so that is put off until nobody asks for the group any more.
//
// Before 5.4 there is none, or none that can be waited for. Then libuv's SIGCHLD watch wakes us, as it does on the portable back end,
// and signals go by number, after a look whether the process is still ours to wait for.
#include "process_linux.hpp"

#include "clone_linux.hpp"
#include "error.hpp"
#include "signal_linux.hpp"
#include "waitid_linux.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
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

// waitid on this very process. 1: `info` is filled; 0: nothing to be told; -1: errno.
int look_for(int what, const process& self, siginfo_t& info, int options, struct rusage* used) noexcept {
  if (waitid_of_child(self.pid, self.pidfd.get(), info, what | WNOHANG | options, used) != 0) return -1;
  return info.si_pid != 0 ? 1 : 0;
}

// For its end.
int look(const process& self, siginfo_t& info, int options, struct rusage* used) noexcept {
  return look_for(WEXITED, self, info, options, used);
}

void stop_watching(process& self) noexcept {
  if (self.ready != nullptr) watch_stop(*self.ready);
  if (self.has_signal) uv_signal_stop(&self.signal);
}

// Takes the status, if there is one by now.
void look_for_end(process& self) noexcept {
  if (self.status || self.exited == nullptr) return;
  const bool keep =
      self.descendants || (self.own_group && !(self.pidfd && linux_abilities::group_signals(self.pidfd.get())));
  siginfo_t info;
  struct rusage used = {};
  const int seen = look(self, info, keep ? WNOWAIT : 0, &used);
  if (seen == 0) return;
  self.kept = keep && seen > 0;
  if (seen < 0 && self.descendants) self.descendants->leader_lost();
  if (seen > 0) self.used = used;
  self.status = seen > 0 ? from_siginfo(info) : status_without_waiting(self);
  if (self.terminal) self.terminal->end(self.status->code().has_value());
  stop_watching(self);
  self.owner->client.completions->push(*self.exited);
}

int send(const process& self, int signal) noexcept { return signal_child(self.pid, self.pidfd.get(), signal); }

int send_to_group(const process& self, int signal) noexcept {
  return signal_group_of_child(self.pid, self.pidfd.get(), signal);
}

// By the number nothing is sent: a stranger who has it by now could only hide that the group is gone.
bool group_exists(const process& self) noexcept {
  const bool by_pidfd = self.pidfd && linux_abilities::group_signals(self.pidfd.get());
  const int code =
      by_pidfd ? sys::pidfd_send_signal(self.pidfd.get(), 0, pidfd_signal_process_group) : sys::kill(-self.pid, 0);
  return code == 0 || errno != ESRCH;
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

std::optional<exit_status> process_poll(process* self) noexcept { return self->status; }

std::optional<resource_usage> process_used(const process* self) noexcept {
  if (!self->used) return std::nullopt;
  const auto time = [](const timeval& value) {
    return std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
  };
  const auto count = [](long value) { return static_cast<std::uint64_t>(value); };
  return resource_usage{.user = time(self->used->ru_utime),
                        .system = time(self->used->ru_stime),
                        .peak_memory = count(self->used->ru_maxrss) * 1024,
                        .voluntary_switches = count(self->used->ru_nvcsw),
                        .involuntary_switches = count(self->used->ru_nivcsw)};
}

bool signal_exists(int number) noexcept { return number >= 0 && number <= SIGRTMAX; }

tree_report process_tree_look(process* self) noexcept {
  if (self->contained) {
    if (self->descendants) static_cast<void>(self->descendants->look());  // what is adopted is to be reaped
    const bool gone = self->status && !self->contained->populated();
    return {
        .by = mechanism::cgroup, .gone = gone, .exact = true, .used = gone ? self->contained->used() : std::nullopt};
  }
  if (self->descendants) {
    const descent::seen left = self->descendants->look();
    return {.by = mechanism::descendants, .gone = self->status && !left.any, .exact = left.exact};
  }
  if (!self->own_group) return {.gone = self->status.has_value()};
  const bool gone = self->status && (!group_exists(*self) || !self->members.any(self->pid));
  return {.by = mechanism::process_group, .gone = gone};
}

result<signal_report> process_signal(process* self, signal_kind which, int number) noexcept {
  if (self->status && process_tree_look(self).gone) return error{errc::already_exited, stage::signal};
  if (which == signal_kind::forward && !self->own_group) return error{errc::not_supported, stage::signal};
  if (which == signal_kind::kill) number = SIGKILL;
  if (number == 0) number = SIGTERM;
  // What is stopped gets a signal only when it goes on. (A kill does not wait for that.)
  const bool wakes = number != SIGKILL;
  if (self->contained && (number == SIGKILL ? self->contained->kill() : self->contained->signal(number))) {
    if (wakes) static_cast<void>(self->contained->signal(SIGCONT));
    return signal_report{.reached = mechanism::cgroup, .exact = true};
  }
  bool by_group = false;
  bool alone = false;
  int why = ESRCH;
  const auto to_leader = [&](int signal) {
    if (self->own_group && send_to_group(*self, signal) == 0) return by_group = true;
    // No group of its own, or nobody in it who may be signalled.
    if (!self->status && send(*self, signal) == 0) return alone = true;
    why = errno;
    return false;
  };
  bool sent = false;
  if (self->descendants) {
    sent = self->descendants->signal(number, to_leader);
    if (sent && wakes) self->descendants->signal(SIGCONT, to_leader);
  } else {
    sent = to_leader(number);
    if (sent && wakes) to_leader(SIGCONT);
  }
  if (sent && self->descendants) return signal_report{.reached = mechanism::descendants};
  if (by_group) return signal_report{.reached = mechanism::process_group};
  if (alone) return signal_report{.reached = mechanism::process};
  if (self->status || why == ESRCH) return error{errc::already_exited, stage::signal};
  return system_error(why, stage::signal);
}

// It has been running meanwhile, and may have started others.
void take_back(process& self) noexcept {
  static_cast<void>(process_signal(&self, signal_kind::kill, 0));
  if (self.contained) self.contained->end_all();
  if (self.descendants) self.descendants->leader_lost();
  if (send(self, SIGKILL) == 0) reap(self.pid);
}

bool process_suspended(process* self) noexcept {
  siginfo_t info;
  if (!self->terminal || self->status || look_for(WSTOPPED | WCONTINUED, *self, info, 0, nullptr) <= 0) {
    return self->suspended;
  }
  self->suspended = info.si_code == CLD_STOPPED;
  if (self->suspended) self->terminal->interrupt();
  return self->suspended;
}

result<void> process_resume(process* self) noexcept {
  if (!self->terminal->renew(self->pid)) {
    return error{std::make_error_code(std::errc::resource_unavailable_try_again), stage::signal, "the terminal"};
  }
  if (send_to_group(*self, SIGCONT) != 0) return system_error(errno, stage::signal);
  self->suspended = false;
  return {};
}

void process_release(process* self) noexcept {
  self->exited = nullptr;
  if ((self->kept || self->contained) && loop_foreign(self->owner)) {
    self->kept = false;
    if (self->contained) self->contained->forget();
  }
  if (self->descendants) {
    const bool kept = std::exchange(self->kept, false);
    self->descendants->end(kept ? std::optional(self->pidfd ? self->pidfd.get() : -1) : std::nullopt);
  }
  if (self->kept) {
    siginfo_t info;
    look(*self, info, 0, nullptr);
  }
  if (self->ready != nullptr) watch_close(self->ready);
  if (!self->has_signal) return delete self;
  // libuv keeps the rest for a turn.
  self->contained.reset();
  self->terminal.reset();
  leave_parents_set(*self->owner);
  uv_close(reinterpret_cast<uv_handle_t*>(&self->signal),
           [](uv_handle_t* handle) { delete static_cast<process*>(handle->data); });
  libuv_is_due(*self->owner);
}

}  // namespace spawnpipe::platform
