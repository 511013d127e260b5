// The texts of enumerations and results.
#include <spawnpipe/run.hpp>

#include "joined.hpp"
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
    const std::string name = platform::signal_name(*signal);
    const bool dumped = status.core_dumped().value_or(false);
    return detail::joined({"ended by signal ", detail::decimal(*signal), name.empty() ? "" : " (", name,
                           name.empty() ? "" : ")", dumped ? ", core dumped" : ""});
  }
  return "status not known";
}

std::string to_string(const completed& done) {
  std::string_view why;
  switch (done.why) {
    case ended_by::itself: break;
    case ended_by::deadline: why = "stopped at the deadline"; break;
    case ended_by::cancelled: why = "cancelled"; break;
    case ended_by::stopped: why = "stopped"; break;
    case ended_by::output_limit: why = "stopped at the output limit"; break;
  }
  char after[32] = "";
  if (!why.empty()) {
    std::snprintf(after, sizeof after, " after %.1f s: ", std::chrono::duration<double>(done.elapsed).count());
  }
  return detail::joined({why, after, to_string(done.status),  //
                         done.output_error ? "; output: " : "",
                         done.output_error ? to_string(*done.output_error) : std::string(),
                         done.out_file.empty() ? "" : "; all of its output is in ", done.out_file,
                         done.err_file.empty() ? "" : "; all of its errors are in ", done.err_file,
                         done.drain_limited ? "; its output is still held open by another process" : ""});
}

}  // namespace spawnpipe
