// Two observers of one loop, each with its own idea of a picture.
#include "pictures.hpp"

#include "utf8_path.hpp"

#include <utility>

pictures::pictures(spawnpipe::event_loop& loop, const std::vector<compilation>& entries, const picture_files& files)
    : loop_(loop), files_(files) {
  for (const compilation& each : entries) entries_.emplace(&each.command, &each);
}

std::optional<std::string> pictures::begin() {
  if (!files_.trace.empty()) {
    auto trace = spawnpipe::trace_events::create(
        files_.trace, [this](const spawnpipe::command& what) { return entry_of(what).label; });
    if (!trace) return trace.error().message();
    trace_ = std::move(*trace);
    auto watching = spawnpipe::observation::begin(trace_->sink(), loop_);
    if (!watching) return watching.error().message();
    trace_watching_ = std::move(*watching);
  }
  if (!files_.timeline.empty()) {
    timeline_.emplace([this](const spawnpipe::command& what) {
      const compilation& entry = entry_of(what);
      return timeline::text{.label = entry.label, .line = entry.line};
    });
    // Written once now, so that a name that is no good shows before the build, and not behind it.
    if (!timeline_->write(path_of_utf8(files_.timeline), "not finished")) return "cannot write " + files_.timeline;
    auto watching = spawnpipe::observation::begin(*timeline_, loop_);
    if (!watching) return watching.error().message();
    timeline_watching_ = std::move(*watching);
  }
  return std::nullopt;
}

std::optional<std::string> pictures::end(const std::string& title) {
  trace_watching_ = spawnpipe::observation();
  timeline_watching_ = spawnpipe::observation();
  if (trace_) {
    if (const auto closed = trace_->close(); !closed) return files_.trace + ": " + closed.error().message();
  }
  if (timeline_ && !timeline_->write(path_of_utf8(files_.timeline), title)) return "cannot write " + files_.timeline;
  return std::nullopt;
}
