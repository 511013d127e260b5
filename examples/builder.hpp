// Runs the commands of a build in parallel, on one event loop and one thread.
//
// At most so many run at once; as one ends the next is started, from within its callback. When the build is to end
// early (too many failures, Ctrl-C) nothing is started any more, every running command is stopped, all of them at the
// same time, and waited for: the builder never leaves a process behind.
#ifndef EXAMPLES_BUILDER_HPP
#define EXAMPLES_BUILDER_HPP

#include "compilation_database.hpp"
#include "progress.hpp"

#include <spawnpipe/cancellation.hpp>
#include <spawnpipe/event_loop.hpp>
#include <spawnpipe/run.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct build_options {
  std::size_t jobs = 1;        ///< Commands to run at once.
  std::size_t keep_going = 1;  ///< Failures to end at; 0 means never.
};

/// What became of a build.
struct build_report {
  struct timing {
    std::chrono::nanoseconds took;
    std::size_t entry;
  };

  std::size_t done = 0;     ///< Succeeded.
  std::size_t failed = 0;   ///< Could not be started, failed, or did not make their output.
  std::size_t stopped = 0;  ///< Were running when the build was ended.
  std::size_t not_run = 0;  ///< Were never started.
  bool interrupted = false;
  std::optional<spawnpipe::error> loop_error;  ///< The event loop itself failed.
  std::vector<timing> times;                   ///< Of what was run and not stopped.
};

class builder {
 public:
  /// All of them are borrowed.
  builder(spawnpipe::event_loop& loop, spawnpipe::interrupter& interrupted, const std::vector<compilation>& entries,
          progress& shown, build_options options);
  builder(const builder&) = delete;
  builder& operator=(const builder&) = delete;

  /// Builds. Returns when everything that was started has ended. Call it once.
  [[nodiscard]] build_report run();

 private:
  using file_time = std::optional<std::filesystem::file_time_type>;

  // A command that runs, and the state of its output before it did.
  struct running_command {
    spawnpipe::job job;
    file_time output_before;
  };

  void start_more();
  [[nodiscard]] bool start(std::size_t entry);
  void ended(std::size_t entry, const spawnpipe::completed& done);
  void failed(std::size_t entry, const std::string& reason, std::string_view hint, std::string_view output);
  void end_early(const std::string& reason, const spawnpipe::stop_policy& policy);
  void interrupt();
  void show();
  [[nodiscard]] std::size_t ended_count() const { return report_.done + report_.failed + report_.stopped; }

  spawnpipe::event_loop& loop_;
  spawnpipe::interrupter& interrupted_;
  const std::vector<compilation>& entries_;
  progress& shown_;
  build_options options_;
  std::map<std::size_t, running_command> running_;  // by entry, so that the first is the one that runs the longest
  std::size_t next_ = 0;
  bool ending_ = false;
  build_report report_;
};

#endif
