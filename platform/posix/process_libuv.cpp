// A child process: its end, and signals to it.
//
// libuv reaps in uv_run, on this thread, and calls back at once: so a process without a status has not been reaped by us, and its
// id is still its own. After that nothing is sent, neither to the process nor to its group, whose number may be
// somebody else's by then.
#include "process_libuv.hpp"

#include "error.hpp"
#include "orphan_adoption.hpp"

#include <cerrno>
#include <utility>

namespace spawnpipe::platform {
namespace {

void close_handle(process& self) noexcept {
  if (self.handle == nullptr) return;
  uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(self.handle, nullptr)),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_process_t*>(handle); });
}

}  // namespace

void process_exited(uv_process_t* handle, std::int64_t code, int signal) {
  auto& self = *static_cast<process*>(handle->data);
  self.status = signal != 0 ? exit_status::signalled(signal) : exit_status::exited(static_cast<std::uint32_t>(code));
  close_handle(self);
  self.owner->client.completions->push(*self.exited);
}

std::optional<exit_status> process_poll(process* self) noexcept { return self->status; }

std::optional<resource_usage> process_used(const process* /*self*/) noexcept { return std::nullopt; }

bool signal_exists(int number) noexcept { return number >= 0 && number < NSIG; }

tree_report process_tree_look(process* self) noexcept {
  if (!self->own_group) return {.gone = self->status.has_value()};
  // A stranger who has the number by now could only hide that the group is gone; nothing is sent.
  const bool gone = self->status && sys::kill(-self->pid, 0) != 0 && errno == ESRCH;
  return {.by = mechanism::process_group, .gone = gone};
}

result<signal_report> process_signal(process* self, signal_kind which, int number) noexcept {
  if (self->status) return error{errc::already_exited, stage::signal};
  if (which == signal_kind::forward && !self->own_group) return error{errc::not_supported, stage::signal};
  if (which == signal_kind::kill) number = SIGKILL;
  if (number == 0) number = SIGTERM;
  const pid_t pid = self->pid;
  // What is stopped gets a signal only when it goes on. (A kill does not wait for that.)
  const bool wakes = number != SIGKILL;
  if (self->own_group && sys::kill(-pid, number) == 0) {
    if (wakes) sys::kill(-pid, SIGCONT);
    return signal_report{.reached = mechanism::process_group};
  }
  // No group of its own, or nobody in it who may be signalled.
  if (sys::kill(pid, number) == 0) {
    if (wakes) sys::kill(pid, SIGCONT);
    return signal_report{.reached = mechanism::process};
  }
  if (errno == ESRCH) return error{errc::already_exited, stage::signal};
  return system_error(errno, stage::signal);
}

// No child of this back end has the terminal.
bool process_suspended(process* /*self*/) noexcept { return false; }
result<void> process_resume(process* /*self*/) noexcept { return error{errc::not_supported, stage::signal}; }

result<orphanage*> orphans_begin() { return error{errc::not_supported, stage::attributes, "child subreaper"}; }
void orphans_end(orphanage& /*here*/) noexcept {}

void process_release(process* self) noexcept {
  leave_parents_set(*self->owner);
  close_handle(*self);
  delete self;
}

}  // namespace spawnpipe::platform
