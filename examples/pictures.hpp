// The pictures of a build that were asked for, on its event loop: a trace for the viewers of browsers, and a page of its own.
#ifndef EXAMPLES_PICTURES_HPP
#define EXAMPLES_PICTURES_HPP

#include "compilation_database.hpp"
#include "timeline.hpp"

#include <spawnpipe/event_loop.hpp>
#include <spawnpipe/observer.hpp>
#include <spawnpipe/trace_events.hpp>

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

/// Where they go; none where empty. UTF-8.
struct picture_files {
  std::string trace;
  std::string timeline;
};

class pictures {
 public:
  /// All of them are borrowed.
  pictures(spawnpipe::event_loop& loop, const std::vector<compilation>& entries, const picture_files& files);
  pictures(const pictures&) = delete;
  pictures& operator=(const pictures&) = delete;
  ~pictures() = default;

  /// Begins to observe. What went wrong, if something did.
  [[nodiscard]] std::optional<std::string> begin();
  /// Writes them, with this title. What went wrong, if something did.
  [[nodiscard]] std::optional<std::string> end(const std::string& title);

 private:
  [[nodiscard]] const compilation& entry_of(const spawnpipe::command& what) const { return *entries_.at(&what); }

  spawnpipe::event_loop& loop_;
  const picture_files& files_;
  std::unordered_map<const spawnpipe::command*, const compilation*> entries_;  // an observer hears of the very command
  std::optional<spawnpipe::trace_events> trace_;
  std::optional<timeline> timeline_;
  spawnpipe::observation trace_watching_;  // behind what it borrows
  spawnpipe::observation timeline_watching_;
};

#endif
