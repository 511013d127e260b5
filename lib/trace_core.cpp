// Writing a trace. The format is an array of events, each an object in a line of its own. A viewer wants to know of an event: its phase
// ("X" is a bar with a duration, "i" a mark, "C" a value of a curve, "M" says something of a row), the row ("tid") of its process ("pid"),
// when ("ts", in microseconds) and how long ("dur"), its name, and "args", which it shows as they are.
#include "trace_core.hpp"

#include "json_text.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace spawnpipe::detail {
namespace {

using time_point = observer::time_point;
using std::chrono::nanoseconds;

constexpr time_point taken = time_point::max();

// Without the fraction that a double could not hold. `digits` are behind the point, and what comes behind them is cut.
void append_decimal(std::string& to, nanoseconds value, std::int64_t unit, std::size_t digits) {
  const std::int64_t count = std::max<std::int64_t>(value.count(), 0);
  std::string fraction = std::to_string(count % unit);
  fraction.insert(0, std::to_string(unit).size() - 1 - fraction.size(), '0');
  to += std::to_string(count / unit);
  to += '.';
  to += fraction.substr(0, digits);
}

void append_microseconds(std::string& to, nanoseconds value) { append_decimal(to, value, 1000, 3); }

void append_member(std::string& to, std::string_view key) {
  if (!to.empty()) to += ',';
  append_json(to, key);
  to += ':';
}

void append_text(std::string& to, std::string_view key, std::string_view value) {
  append_member(to, key);
  append_json(to, value);
}

void append_number(std::string& to, std::string_view key, std::uint64_t value) {
  append_member(to, key);
  to += std::to_string(value);
}

void append_milliseconds(std::string& to, std::string_view key, nanoseconds value) {
  append_member(to, key);
  append_decimal(to, value, 1'000'000, 3);
}

void append_usage(std::string& to, const resource_usage& used) {
  append_milliseconds(to, "user_ms", used.user);
  append_milliseconds(to, "system_ms", used.system);
  if (used.peak_memory) append_number(to, "peak_memory_bytes", *used.peak_memory);
  if (used.voluntary_switches) append_number(to, "voluntary_switches", *used.voluntary_switches);
  if (used.involuntary_switches) append_number(to, "involuntary_switches", *used.involuntary_switches);
}

std::string line_of_shell(const command& what) {
  const std::size_t prefix = platform::shell_prefix().size();
  return what.is_shell_line() && prefix < what.argv().size() ? what.argv()[prefix] : std::string();
}

// As a person would type it into a shell of POSIX.
std::string quoted(const std::string& argument) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_";
  if (!argument.empty() && argument.find_first_not_of(plain) == std::string::npos) return argument;
  std::string result = "'";
  for (const char each : argument) {
    if (each == '\'') {
      result += "'\\''";
    } else {
      result += each;
    }
  }
  return result += '\'';
}

std::string line_of(const command& what) {
  if (what.is_shell_line()) return line_of_shell(what);
  std::string line = quoted(what.program());
  for (std::size_t i = 1; i < what.argv().size(); ++i) (line += ' ') += quoted(what.argv()[i]);
  return line;
}

std::string describe(const command& what) {
  std::string details;
  append_text(details, "command", line_of(what));
  if (what.cwd()) append_text(details, "directory", *what.cwd());
  return details;
}

}  // namespace

trace_core::trace_core(platform::file* file, std::function<void(std::string_view)> write, trace_events::naming name)
    : file_(file), write_(std::move(write)), name_(std::move(name)) {}

trace_core::~trace_core() {
  static_cast<void>(close());
  if (file_ != nullptr) platform::file_close(file_);
}

// ---- what is told

void trace_core::spawned(const spawned_event& event) noexcept {
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  const std::size_t row = free_row(event.began);
  rows_[row] = taken;
  bar& fresh = bars_[event.child.number];
  fresh = {.name = name_(event.what),
           .details = describe(event.what),
           .row = row,
           .began = event.began,
           .ended = std::nullopt,
           .open_pipes = int{event.in} + int{event.out} + int{event.err}};
  append_member(fresh.details, "process");
  fresh.details += std::to_string(event.child.id);
  ++running_;
  add_running(event.began);
  write();
}

void trace_core::spawn_failed(const spawn_failed_event& event) noexcept {
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  std::string details = describe(event.what);
  append_text(details, "error", event.why.message());
  add_mark("not started: " + name_(event.what), free_row(event.when), event.when, details);
  write();
}

void trace_core::exited(const exited_event& event) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto which = find(event.child);
  if (which == bars_.end()) return;
  bar& it = which->second;
  it.ended = event.when;
  it.failed = !event.status.success();
  append_text(it.details, "status", to_string(event.status));
  if (event.used) append_usage(it.details, *event.used);
  rows_[it.row] = event.when;
  --running_;
  add_running(event.when);
  add_if_complete(which);
  write();
}

void trace_core::stop_reached(const stop_reached_event& event) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto which = find(event.child);
  if (which == bars_.end()) return;
  std::string name = "stop: ";
  name += to_string(event.phase);
  add_mark(name, which->second.row, event.when, {});
  write();
}

void trace_core::stop_ended(const stop_ended_event& event) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto which = find(event.child);
  if (which != bars_.end()) append_text(which->second.details, "stopped_by", to_string(event.report.phase));
}

void trace_core::stream_closed(const stream_closed_event& event) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto which = find(event.child);
  if (which == bars_.end()) return;
  std::string& details = which->second.details;
  const std::string name(to_string(event.which));
  append_number(details, name + "_bytes", event.report.bytes);
  if (event.report.pauses > 0) {
    append_number(details, name + "_pauses", event.report.pauses);
    append_milliseconds(details, name + "_paused_ms", event.report.paused);
  }
  if (event.failure != nullptr) append_text(details, name + "_error", event.failure->message());
  --which->second.open_pipes;
  add_if_complete(which);
  write();
}

result<void> trace_core::close() noexcept {
  // In a forked copy of the host the file is the parent's, and whoever held the lock at the fork holds it for ever.
  if (platform::process_identity() != process_) return error{errc::wrong_thread, stage::write, "a trace"};
  const std::scoped_lock lock(mutex_);
  if (!std::exchange(closed_, true)) {
    const time_point now = platform::clock_now();
    for (auto& [number, each] : bars_) {
      if (!each.ended) append_text(each.details, "status", "still running");
      add_bar(each, each.ended.value_or(now));
    }
    bars_.clear();
    text_ += first_ ? "[\n]\n" : "\n]\n";
    write();
  }
  if (failure_) return *failure_;
  return {};
}

// ---- rows

trace_core::bar_map::iterator trace_core::find(const observed_child& child) {
  return closed_ ? bars_.end() : bars_.find(child.number);
}

// The lowest that nothing is in from then on. One that a child of another loop has just left may still be taken at that time.
std::size_t trace_core::free_row(time_point from) {
  const auto found = std::find_if(rows_.begin(), rows_.end(), [from](time_point since) { return since <= from; });
  const auto row = static_cast<std::size_t>(found - rows_.begin());
  if (found == rows_.end()) {
    rows_.push_back(from);
    add_row(row);
  }
  return row;
}

// ---- events

void trace_core::begin_event(std::string_view phase, std::string_view name, std::size_t row) {
  text_ += std::exchange(first_, false) ? "[\n" : ",\n";
  text_ += "{\"ph\":\"";
  text_ += phase;
  text_ += "\",\"pid\":1,\"tid\":" + std::to_string(row + 1) + ",\"name\":";
  append_json(text_, name);
}

void trace_core::add_row(std::size_t row) {
  if (row == 0) {
    begin_event("M", "process_name", row);
    text_ += ",\"args\":{\"name\":\"children\"}}";
  }
  begin_event("M", "thread_name", row);
  text_ += ",\"args\":{\"name\":\"slot " + std::to_string(row + 1) + "\"}}";
  begin_event("M", "thread_sort_index", row);
  text_ += ",\"args\":{\"sort_index\":" + std::to_string(row) + "}}";
}

void trace_core::add_time(std::string_view key, nanoseconds value) {
  text_ += ",\"";
  text_ += key;
  text_ += "\":";
  append_microseconds(text_, value);
}

void trace_core::add_running(time_point when) {
  begin_event("C", "running", 0);
  add_time("ts", when - zero_);
  text_ += ",\"args\":{\"children\":" + std::to_string(running_) + "}}";
}

void trace_core::add_mark(std::string_view name, std::size_t row, time_point when, std::string_view details) {
  begin_event("i", name, row);
  add_time("ts", when - zero_);
  text_ += ",\"s\":\"t\",\"args\":{";
  text_ += details;
  text_ += "}}";
}

void trace_core::add_bar(const bar& which, time_point until) {
  begin_event("X", which.name, which.row);
  add_time("ts", which.began - zero_);
  add_time("dur", until - which.began);
  text_ += which.failed ? ",\"cat\":\"failed\",\"cname\":\"terrible\",\"args\":{" : ",\"cat\":\"child\",\"args\":{";
  text_ += which.details;
  text_ += "}}";
}

void trace_core::add_if_complete(bar_map::iterator which) {
  if (!which->second.ended || which->second.open_pipes > 0) return;
  add_bar(which->second, *which->second.ended);
  bars_.erase(which);
}

// All that was added, in one go.
void trace_core::write() noexcept {
  if (file_ == nullptr) {
    if (!text_.empty()) write_(text_);
  } else if (!failure_) {
    if (const auto failed = platform::file_write(file_, std::as_bytes(std::span(text_)))) {
      failure_ = error{failed, stage::write, "a trace"};
    }
  }
  text_.clear();
}

}  // namespace spawnpipe::detail

namespace spawnpipe {

using detail::trace_core;

std::string trace_events::default_name(const command& what) {
  if (what.is_shell_line()) return detail::line_of_shell(what);
  const std::string& program = what.program();
  const std::size_t slash = program.find_last_of("/\\");
  return slash == std::string::npos ? program : program.substr(slash + 1);
}

result<trace_events> trace_events::create(const std::string& path, naming name) {
  auto file = platform::file_create(path);
  if (!file) return std::move(file).error();
  return trace_events(std::make_unique<trace_core>(*file, nullptr, std::move(name)));
}

trace_events trace_events::create(std::function<void(std::string_view piece)> write, naming name) {
  return trace_events(std::make_unique<trace_core>(nullptr, std::move(write), std::move(name)));
}

trace_events::trace_events(std::unique_ptr<trace_core> core) noexcept : core_(std::move(core)) {}
trace_events::trace_events(trace_events&& other) noexcept = default;
trace_events& trace_events::operator=(trace_events&& other) noexcept = default;
trace_events::~trace_events() = default;

observer& trace_events::sink() noexcept { return *core_; }

result<void> trace_events::close() { return core_->close(); }

}  // namespace spawnpipe
