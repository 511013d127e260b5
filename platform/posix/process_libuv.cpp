// A child process: its end, and signals to it.
//
// libuv reaps in uv_run, on this thread, and calls back at once: so a process without a status has not been reaped by us, and its
// id is still its own. After that nothing is sent, neither to the process nor to its group, whose number may be
// somebody else's by then.
#include "process_libuv.hpp"

#include "error.hpp"

#include <cerrno>
#include <utility>

namespace spawnpipe::platform {

void process_exited(uv_process_t* handle, std::int64_t code, int signal) {
  auto& self = *static_cast<process*>(handle->data);
  self.status = signal != 0 ? exit_status::signalled(signal) : exit_status::exited(static_cast<std::uint32_t>(code));
  if (self.exited != nullptr) self.owner->client.completions->push(*self.exited);
}

std::optional<exit_status> process_poll(process* self) noexcept { return self->status; }

result<signal_report> process_signal(process* self, signal_kind which) noexcept {
  if (self->status) return error{errc::already_exited, stage::signal};
  const int number = which == signal_kind::kill ? SIGKILL : SIGTERM;
  const pid_t pid = self->handle.pid;
  if (self->own_group && sys::kill(-pid, number) == 0) return signal_report{.reached = mechanism::process_group};
  // No group of its own, or nobody in it who may be signalled.
  if (sys::kill(pid, number) == 0) return signal_report{.reached = mechanism::process};
  if (errno == ESRCH) return error{errc::already_exited, stage::signal};
  return system_error(errno, stage::signal);
}

void process_release(process* self) noexcept {
  leave_parents_set(*self->owner);
  self->exited = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&self->handle),
           [](uv_handle_t* handle) { delete static_cast<process*>(handle->data); });
}

}  // namespace spawnpipe::platform
