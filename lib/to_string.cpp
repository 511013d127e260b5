// The texts of enumerations and results.
#include <spawnpipe/run.hpp>

#include "platform.hpp"
#include "windows_exit_code.hpp"

#include <cstdio>

namespace spawnpipe {

std::string_view to_string(stage where) noexcept {
  switch (where) {
    case stage::command: return "command";
    case stage::loop: return "loop";
    case stage::pipe: return "pipe";
    case stage::redirect: return "redirect";
    case stage::cwd: return "cwd";
    case stage::attributes: return "attributes";
    case stage::process: return "process";
    case stage::exec: return "exec";
    case stage::read: return "read";
    case stage::write: return "write";
    case stage::wait: return "wait";
    case stage::signal: return "signal";
  }
  return "?";
}

std::string_view to_string(stop_phase phase) noexcept {
  switch (phase) {
    case stop_phase::none: return "none";
    case stop_phase::close_stdin: return "close_stdin";
    case stop_phase::terminate: return "terminate";
    case stop_phase::kill: return "kill";
  }
  return "?";
}

std::string_view to_string(mechanism reached) noexcept {
  switch (reached) {
    case mechanism::process: return "process";
    case mechanism::process_group: return "process_group";
    case mechanism::descendants: return "descendants";
    case mechanism::cgroup: return "cgroup";
    case mechanism::job: return "job";
  }
  return "?";
}

std::string_view to_string(ended_by why) noexcept {
  switch (why) {
    case ended_by::itself: return "itself";
    case ended_by::deadline: return "deadline";
    case ended_by::cancelled: return "cancelled";
    case ended_by::stopped: return "stopped";
    case ended_by::output_limit: return "output_limit";
  }
  return "?";
}

std::string to_string(const exit_status& status) {
  if (const auto code = status.code()) {
    // Windows exceptions are known by their hexadecimal names.
    char number[48];
    std::snprintf(number, sizeof number, *code >= 0x80000000U ? "exited with code 0x%08lX" : "exited with code %lu",
                  static_cast<unsigned long>(*code));
    std::string text = number;
    if (const auto* const known = detail::find_windows_exit_code(*code)) {
      ((((text += " (") += known->name) += ": ") += known->meaning) += ')';
    }
    return text;
  }
  if (const auto signal = status.signal()) {
    std::string text = "ended by signal " + std::to_string(*signal);
    if (const std::string name = platform::signal_name(*signal); !name.empty()) text += " (" + name + ')';
    if (status.core_dumped().value_or(false)) text += ", core dumped";
    return text;
  }
  return "status not known";
}

std::string to_string(const completed& done) {
  std::string text;
  switch (done.why) {
    case ended_by::itself: break;
    case ended_by::deadline: text = "stopped at the deadline"; break;
    case ended_by::cancelled: text = "cancelled"; break;
    case ended_by::stopped: text = "stopped"; break;
    case ended_by::output_limit: text = "stopped at the output limit"; break;
  }
  if (!text.empty()) {
    char after[32];
    std::snprintf(after, sizeof after, " after %.1f s: ", std::chrono::duration<double>(done.elapsed).count());
    text += after;
  }
  text += to_string(done.status);
  if (done.output_error) text += "; output: " + to_string(*done.output_error);
  if (!done.out_file.empty()) text += "; all of its output is in " + done.out_file;
  if (!done.err_file.empty()) text += "; all of its errors are in " + done.err_file;
  if (done.drain_limited) text += "; its output is still held open by another process";
  return text;
}

}  // namespace spawnpipe
