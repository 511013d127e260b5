// Keeps what an observer hears, and writes it into the page as JSON. The page's script makes elements of it, and text of every string:
// the only thing that could break out of the data is a "</script>", and no "<" is in it.
#include "timeline.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <utility>

namespace {

using nlohmann::json;

double milliseconds(std::chrono::nanoseconds length) {
  return std::chrono::duration<double, std::milli>(length).count();
}

std::string escaped_html(const std::string& text) {
  std::string result;
  for (const char each : text) {
    switch (each) {
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '&': result += "&amp;"; break;
      case '"': result += "&quot;"; break;
      default: result += each;
    }
  }
  return result;
}

}  // namespace

timeline::timeline(naming name) : name_(std::move(name)) {}

// The lowest, so that the picture has as many rows as commands ran at once.
std::size_t timeline::free_slot() {
  const auto slot = static_cast<std::size_t>(std::find(slots_.begin(), slots_.end(), false) - slots_.begin());
  if (slot == slots_.size()) slots_.push_back(false);
  return slot;
}

// A new one; or that of the same command, which could not be started before, and is tried again.
timeline::bar& timeline::bar_of(const spawnpipe::command& what) {
  const auto before = std::find_if(bars_.begin(), bars_.end(), [&what](const bar& each) {
    return each.command == &what && each.failed && each.ended == each.began;
  });
  bar& fresh = before == bars_.end() ? bars_.emplace_back() : *before;
  fresh = bar();
  fresh.what = name_(what);
  fresh.command = &what;
  return fresh;
}

void timeline::spawned(const spawned_event& event) noexcept {
  const std::size_t slot = free_slot();
  slots_[slot] = true;
  bar& fresh = bar_of(event.what);
  fresh.slot = slot;
  fresh.began = event.began;
  by_child_[event.child.number] = static_cast<std::size_t>(&fresh - bars_.data());
}

void timeline::spawn_failed(const spawn_failed_event& event) noexcept {
  bar& fresh = bar_of(event.what);
  fresh.slot = free_slot();
  fresh.began = event.when;
  fresh.ended = event.when;
  fresh.status = "could not be started: " + event.why.message();
  fresh.failed = true;
}

void timeline::exited(const exited_event& event) noexcept {
  const auto found = by_child_.find(event.child.number);
  if (found == by_child_.end()) return;
  bar& it = bars_[found->second];
  it.ended = event.when;
  it.status = to_string(event.status);
  it.failed = !it.stopped && !event.status.success();
  it.used = event.used;
  slots_[it.slot] = false;
}

void timeline::stop_began(const stop_began_event& event) noexcept {
  const auto found = by_child_.find(event.child.number);
  if (found != by_child_.end() && !bars_[found->second].ended) bars_[found->second].stopped = true;
}

void timeline::stream_closed(const stream_closed_event& event) noexcept {
  const auto found = by_child_.find(event.child.number);
  if (found != by_child_.end()) bars_[found->second].output += event.report.bytes;
}

std::string timeline::data() const {
  const time_point now = std::chrono::steady_clock::now();
  json bars = json::array();
  for (const bar& each : bars_) {
    json row = {{"label", each.what.label},
                {"line", each.what.line},
                {"slot", each.slot},
                {"begin", milliseconds(each.began - zero_)},
                {"end", milliseconds(each.ended.value_or(now) - zero_)},
                {"status", each.status},
                {"state", each.stopped  ? "stopped"
                          : each.failed ? "failed"
                                        : "done"},
                {"output", each.output}};
    if (each.used) {
      row["user"] = milliseconds(each.used->user);
      row["system"] = milliseconds(each.used->system);
      if (each.used->peak_memory) row["memory"] = *each.used->peak_memory;
    }
    bars.push_back(std::move(row));
  }
  const json all = {{"slots", slots_.size()}, {"bars", std::move(bars)}};
  std::string text = all.dump(-1, ' ', true, json::error_handler_t::replace);
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at))
    text.replace(at, 1, "\\u003c");
  return text;
}

bool timeline::write(const std::filesystem::path& file, const std::string& title) const {
  std::ofstream to(file, std::ios::binary);
  to << timeline_page::before_title << escaped_html(title) << timeline_page::style << timeline_page::body << data()
     << timeline_page::script;
  return static_cast<bool>(to.flush());
}
