// A picture of what ran when: a ready observer that writes a trace for the viewers of browsers.
#ifndef SPAWNPIPE_TRACE_EVENTS_HPP
#define SPAWNPIPE_TRACE_EVENTS_HPP

#include <spawnpipe/command.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/observer.hpp>
#include <spawnpipe/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace spawnpipe {

namespace detail {
class trace_core;
}

/// Writes what an observer hears in the Trace Event Format (JSON), which ui.perfetto.dev and chrome://tracing show.
///
/// ```
/// auto trace = spawnpipe::trace_events::create("build.trace.json");
/// auto watching = spawnpipe::observation::begin(trace->sink(), loop);
/// ```
///
/// Each child is a bar from its start to its end, in a row that was free: the lowest one, so that there are as many rows as children ran
/// at once. Behind the bar stand its command line, directory, id, exit status, CPU time, peak memory, and what went through its pipes. A
/// failed start and the phases of a stop are marks, and the number of running children is a curve. Times are microseconds from `create` on.
///
/// What a command line holds is written, secrets in it too; what the environment holds is not. Bytes that are no UTF-8 are written as U+FFFD.
///
/// A bar is written when the child has ended and its pipes are closed; what then still runs is written by `close`, which ends the
/// JSON. Where the host dies before, the text lacks its last `]`, which the viewers do not miss.
///
/// One trace may be the sink of many loops, also of several threads; then it is closed when nothing is observed for it any more. Move-only;
/// `sink()` stays where it is.
class SPAWNPIPE_API trace_events {
 public:
  /// What a child is called in the picture. Called in `spawn`, under the rules of an `observer`; must not throw.
  using naming = std::function<std::string(const command& what)>;

  /// The program without its folder and, of a shell line, the line.
  [[nodiscard]] static std::string default_name(const command& what);

  /// Writes to a file, which is created or emptied. UTF-8 on Windows. Each event is written when it comes, and takes as long as the
  /// system needs for that: name a file, and no pipe.
  ///
  /// Errors: what creating the file said (`stage::redirect`).
  [[nodiscard]] static result<trace_events> create(const std::string& path, naming name = default_name);

  /// Hands the text over in pieces, each of whole events. `write` is called as an observer is, and must not throw.
  [[nodiscard]] static trace_events create(std::function<void(std::string_view piece)> write,
                                           naming name = default_name);

  trace_events(trace_events&& other) noexcept;             ///< Takes it over, with its observations; `other` is none.
  trace_events& operator=(trace_events&& other) noexcept;  ///< The same, when what it had has been closed.
  /// `close()`, whose error is then lost. Every observation of `sink()` has ended before.
  ~trace_events();

  /// For `observation::begin`.
  [[nodiscard]] observer& sink() noexcept;

  /// Writes what still runs, up to now, and the end. What comes after that is not written. Closing twice is closing once.
  ///
  /// Errors: the first that came of writing the file (`stage::write`); what came after it is not in the file.
  result<void> close();

 private:
  explicit trace_events(std::unique_ptr<detail::trace_core> core) noexcept;

  std::unique_ptr<detail::trace_core> core_;
};

}  // namespace spawnpipe

#endif
