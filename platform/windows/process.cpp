// A child process: its end, and how it is asked and made to end.
//
// The handle is waited on, and stays ours until the process is released: so the id is not reused, and a job cannot be mistaken
// for another. The exit code is asked for when the handle is signalled; 259 is a code like any other. A process that is killed
// here ends with code 1.
#include "process.hpp"

#include "error.hpp"
#include "job.hpp"
#include "loop.hpp"

#include <chrono>
#include <cstdint>

namespace spawnpipe::platform {
namespace {

constexpr UINT killed_code = 1;

std::chrono::nanoseconds duration_of(const FILETIME& time) noexcept {
  const std::uint64_t ticks = (std::uint64_t{time.dwHighDateTime} << 32U) | time.dwLowDateTime;
  return std::chrono::nanoseconds(ticks * 100);
}

bool has_ended(const process& self) noexcept {
  return self.status || sys::WaitForSingleObject(self.handle.get(), 0) == WAIT_OBJECT_0;
}

// A process that is being made is counted, but not listed yet, and cannot be killed. One whose maker was killed meanwhile may stay in
// the count for ever: seen in Wine 8.0, once in about a thousand trees that were killed while they went on forking. So what is
// counted and not listed is gone when that has been seen for longer than it takes to make a process on a busy system.
constexpr auto longest_birth = std::chrono::seconds(2);

bool is_gone(process& self, const std::optional<job_count>& count) noexcept {
  if (!self.status || !count) return false;
  if (count->alive == 0) return true;
  if (!count->unlisted) {
    self.unlisted_since.reset();
    return false;
  }
  const time_point now = clock_now();
  if (!self.unlisted_since) self.unlisted_since = now;
  return now - *self.unlisted_since >= longest_birth;
}

}  // namespace

void process_ended(void* context) noexcept {
  auto& self = *static_cast<process*>(context);
  if (!has_ended(self)) return self.end.expect(self.handle.get(), self.exited);  // a wake for nothing
  DWORD code = 0;
  self.status = sys::GetExitCodeProcess(self.handle.get(), &code) != FALSE ? exit_status::exited(code) : exit_status();
  if (self.exited != nullptr) self.owner->client.completions->push(*self.exited);
}

std::optional<exit_status> process_poll(process* self) noexcept { return self->status; }

std::optional<resource_usage> process_used(const process* self) noexcept {
  FILETIME created = {};
  FILETIME ended = {};
  FILETIME system = {};
  FILETIME user = {};
  if (!self->status || sys::GetProcessTimes(self->handle.get(), &created, &ended, &system, &user) == FALSE) {
    return std::nullopt;
  }
  resource_usage used = {.user = duration_of(user), .system = duration_of(system)};
  PROCESS_MEMORY_COUNTERS memory = {};
  if (sys::GetProcessMemoryInfo(self->handle.get(), &memory, sizeof memory) != FALSE && memory.PeakWorkingSetSize > 0) {
    used.peak_memory = memory.PeakWorkingSetSize;
  }
  return used;
}

bool signal_exists(int number) noexcept { return number == 0; }

std::string signal_name(int /*number*/) { return {}; }

tree_report process_tree_look(process* self) noexcept {
  const std::optional<job_count> count = count_of(self->job.get());
  const bool gone = is_gone(*self, count);
  return {.by = mechanism::job, .gone = gone, .exact = true, .used = gone ? std::optional(count->used) : std::nullopt};
}

result<signal_report> process_signal(process* self, signal_kind which, int /*number*/) noexcept {
  const bool ended = has_ended(*self);
  if (ended && (!self->status || process_tree_look(self).gone)) return error{errc::already_exited, stage::signal};
  if (which != signal_kind::kill) {
    // An event sent to the group of a process that has ended stays in the console for ever.
    if (ended || !self->console_group) {
      return error{errc::not_supported, stage::signal, "no group of its own in a console of this process"};
    }
    if (sys::GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, self->id) == FALSE) return last_error(stage::signal);
    return signal_report{.reached = mechanism::process_group};
  }
  if (sys::TerminateJobObject(self->job.get(), killed_code) != FALSE) {
    return signal_report{.reached = mechanism::job, .exact = true};
  }
  const DWORD code = ::GetLastError();
  if (ended) return system_error(code, stage::signal);
  if (sys::TerminateProcess(self->handle.get(), killed_code) != FALSE) {
    return signal_report{.reached = mechanism::process};
  }
  return system_error(code, stage::signal);
}

// Ctrl-Z is a character like others here.
bool process_suspended(process* /*self*/) noexcept { return false; }
result<void> process_resume(process* /*self*/) noexcept { return error{errc::not_supported, stage::signal}; }
void suspend_host() noexcept {}

void process_release(process* self) noexcept {
  self->end.forget();
  // What was not killed may outlive us, as on the other systems.
  let_go(self->job.get());
  delete self;
}

}  // namespace spawnpipe::platform
