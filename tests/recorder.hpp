// An observer that notes each event as a line of text, children numbered from 1 in the order in which it hears of them.
#ifndef SPAWNPIPE_TESTS_RECORDER_HPP
#define SPAWNPIPE_TESTS_RECORDER_HPP

#include "harness.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace harness {

class recorder final : public spawnpipe::observer {
 public:
  using lines = std::vector<std::string>;

  recorder() = default;
  recorder(const recorder&) = delete;
  recorder& operator=(const recorder&) = delete;
  ~recorder() = default;

  lines said;
  std::vector<spawnpipe::observed_child> children;
  std::vector<spawnpipe::resource_usage> used;
  std::vector<spawnpipe::stop_report> reports;
  std::vector<spawnpipe::stream_report> streams;  // in the order of their lines
  std::vector<time_point> times;                  // of all lines
  std::optional<spawnpipe::error> why;
  std::vector<std::thread::id> threads;
  std::function<void()> inside;  // done in each event

  // How often a line was said, and the place of the first.
  [[nodiscard]] std::ptrdiff_t count(std::string_view line) const { return std::ranges::count(said, line); }
  [[nodiscard]] std::ptrdiff_t at(std::string_view line) const { return std::ranges::find(said, line) - said.begin(); }
  // Whether both were said, in this order.
  [[nodiscard]] bool in_order(std::string_view first, std::string_view second) const {
    return count(first) > 0 && count(second) > 0 && at(first) < at(second);
  }
  // All lines, for a message.
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& line : said) (all += line) += '\n';
    return all;
  }

  void spawned(const spawned_event& event) noexcept override {
    children.push_back(event.child);
    std::string line = "spawned " + event.what.argv().back();
    if (event.in) line += " in";
    if (event.out) line += " out";
    if (event.err) line += " err";
    if (event.began > event.when) line += " in no order of time";
    say(event.child, line, event.when);
  }
  void spawn_failed(const spawn_failed_event& event) noexcept override {
    why = event.why;
    say({}, "failed " + event.what.argv().back() + ": " + std::string(to_string(event.why.where)), event.when);
  }
  void exited(const exited_event& event) noexcept override {
    if (event.used) used.push_back(*event.used);
    say(event.child, to_string(event.status), event.when);
  }
  void stop_began(const stop_began_event& event) noexcept override {
    say(event.child, event.policy.kill ? "stop began" : "stop without a kill began", event.when);
  }
  void stop_reached(const stop_reached_event& event) noexcept override {
    say(event.child, "stop reached " + std::string(to_string(event.phase)), event.when);
  }
  void stop_ended(const stop_ended_event& event) noexcept override {
    reports.push_back(event.report);
    std::string line = "stop ended by " + std::string(to_string(event.report.phase));
    if (!event.report.status.known()) line += ", still running";
    if (event.report.cut_short) line += ", cut short";
    say(event.child, line, event.when);
  }
  void stream_closed(const stream_closed_event& event) noexcept override {
    streams.push_back(event.report);
    std::string line = std::string(to_string(event.which)) + " closed after " + std::to_string(event.report.bytes);
    if (event.failure != nullptr) line += ": " + std::string(to_string(event.failure->where)) + " failed";
    say(event.child, line, event.when);
  }

 private:
  void say(const spawnpipe::observed_child& child, const std::string& what, time_point when) {
    const auto found = std::ranges::find(children, child);
    const auto number = child.number == 0 ? 0 : found - children.begin() + 1;
    said.push_back(std::to_string(number) + ' ' + what);
    times.push_back(when);
    threads.push_back(std::this_thread::get_id());
    if (inside) inside();
  }
};

}  // namespace harness

#endif
