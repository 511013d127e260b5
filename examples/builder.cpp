// The scheduler of the build tool: everything here happens on one thread, most of it in callbacks of the loop.
#include "builder.hpp"

#include "utf8_path.hpp"

#include <spawnpipe/deadline.hpp>
#include <spawnpipe/error.hpp>
#include <spawnpipe/stop_policy.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// How often the elapsed time on the progress line is brought up to date.
constexpr auto refresh = 200ms;

// A compiler that is asked to end removes what it has half written.
constexpr spawnpipe::stop_policy gently = {.terminate = 2s};

// The first and the last half of this are kept of what one command says.
constexpr std::size_t output_limit = std::size_t{16} * 1024 * 1024;

std::optional<fs::file_time_type> write_time(const std::optional<fs::path>& file) {
  if (!file) return std::nullopt;
  std::error_code none;
  const auto when = fs::last_write_time(*file, none);
  return none ? std::nullopt : std::optional(when);
}

// CR LF as LF. On Windows the CR comes back when it is printed.
std::string with_plain_newlines(std::string text) {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.compare(at, 2, "\r\n") != 0) text[kept++] = text[at];
  }
  text.resize(kept);
  return text;
}

// The output as text that ends with a newline, with a word about what was left out of the middle.
std::string text_of(const spawnpipe::completed& done) {
  std::string text = done.out;
  if (done.out_dropped > 0) {
    text.insert(output_limit / 2, "\n... " + std::to_string(done.out_dropped) + " bytes of output left out ...\n");
  }
  if (!text.empty() && text.back() != '\n') text += '\n';
  if (done.drain_limited)
    text += "note: it left something running that holds its output; what that says is not shown\n";
  return with_plain_newlines(std::move(text));
}

std::string_view hint_for(const spawnpipe::error& why) {
  using spawnpipe::stage;
  if (why.where == stage::exec && why == std::errc::no_such_file_or_directory) return "hint: is it installed?\n";
  if (why.where == stage::cwd) return "hint: the \"directory\" of this entry must be there\n";
  return {};
}

// A shell tells of a program it could not run by these codes.
std::string_view hint_for(const spawnpipe::command& what, const spawnpipe::exit_status& status) {
  if (!what.is_shell_line()) return {};
  if (status.code() == 127U) return "hint: a program was not found; is it installed, and in the PATH?\n";
  if (status.code() == 126U) return "hint: a program was found, but is not an executable file\n";
  return {};
}

// Worth another try when something that runs now has ended.
bool is_shortage(const spawnpipe::error& why) {
  return why == std::errc::too_many_files_open || why == std::errc::too_many_files_open_in_system ||
         why == std::errc::resource_unavailable_try_again || why == std::errc::not_enough_memory;
}

}  // namespace

builder::builder(spawnpipe::event_loop& loop, spawnpipe::interrupter& interrupted,
                 const std::vector<compilation>& entries, progress& shown, build_options options)
    : loop_(loop), interrupted_(interrupted), entries_(entries), shown_(shown), options_(options) {}

build_report builder::run() {
  start_more();
  while (!running_.empty()) {
    show();
    const auto turn = loop_.run(refresh, interrupted_);
    if (turn.failed_with(spawnpipe::errc::cancelled)) {
      interrupt();
    } else if (!turn && !turn.failed_with(spawnpipe::errc::timed_out)) {
      report_.loop_error = turn.error();
      running_.clear();  // destroying a job kills its command, and waits for its end
    }
  }
  shown_.clear();
  report_.not_run = entries_.size() - next_;
  if (interrupted_.interrupted() && report_.not_run > 0) report_.interrupted = true;
  return std::move(report_);
}

void builder::start_more() {
  while (!ending_ && !interrupted_.interrupted() && next_ < entries_.size() && running_.size() < options_.jobs) {
    if (!start(next_)) return;
    ++next_;
  }
}

// False where there is too little of something to start it now.
bool builder::start(std::size_t entry) {
  const compilation& what = entries_[entry];
  if (what.output) {
    // A failure shows when the command cannot write its output.
    std::error_code ignored;
    fs::create_directories(what.output->parent_path(), ignored);
  }
  const file_time before = write_time(what.output);

  const spawnpipe::run_options options = {
      .capture = {.bytes = output_limit, .on_overflow = spawnpipe::overflow::keep_head_and_tail}};
  auto started = spawnpipe::run_async(loop_, what.command, options,
                                      [this, entry](const spawnpipe::completed& done) { ended(entry, done); });
  if (started) {
    running_.insert_or_assign(entry, running_command{std::move(*started), before});
    return true;
  }
  if (is_shortage(started.error()) && !running_.empty()) {
    options_.jobs = running_.size();
    return false;
  }
  failed(entry, to_string(started.error()), hint_for(started.error()), {});
  return true;
}

void builder::ended(std::size_t entry, const spawnpipe::completed& done) {
  const compilation& what = entries_[entry];
  const file_time before = running_.at(entry).output_before;
  running_.erase(entry);

  if (done.why == spawnpipe::ended_by::stopped) {
    // Half an output, newer than its source, would look like a good one to the next build.
    std::error_code none;
    if (what.output && write_time(what.output) != before &&
        fs::is_regular_file(fs::symlink_status(*what.output, none))) {
      fs::remove(*what.output, none);
    }
    ++report_.stopped;
  } else {
    report_.times.push_back({done.elapsed, entry});
    const std::string output = text_of(done);
    std::error_code none;
    if (!done.status.success()) {
      failed(entry, to_string(done), hint_for(what.command, done.status), output);
    } else if (done.output_error) {
      failed(entry, to_string(*done.output_error), {}, output);
    } else if (what.output && !fs::exists(*what.output, none)) {
      failed(entry, "it succeeded, but did not make " + utf8(*what.output), {}, output);
    } else {
      ++report_.done;
      shown_.ended(ended_count(), what.label, done.elapsed);
      if (!output.empty()) shown_.print("OUTPUT: " + what.label + '\n' + what.line + '\n' + output);
    }
  }
  start_more();
  show();
}

void builder::failed(std::size_t entry, const std::string& reason, std::string_view hint, std::string_view output) {
  const compilation& what = entries_[entry];
  ++report_.failed;
  std::string block = shown_.prefix(ended_count()) + "FAILED: " + what.label + ": " + reason + '\n';
  ((((block += what.line) += '\n') += hint) += output);
  shown_.print(block);
  if (report_.failed == options_.keep_going) {
    end_early(std::to_string(report_.failed) + (report_.failed == 1 ? " command failed" : " commands failed"), gently);
  }
}

void builder::end_early(const std::string& reason, const spawnpipe::stop_policy& policy) {
  if (!std::exchange(ending_, true) && !running_.empty()) {
    shown_.print(reason + "; stopping the " + std::to_string(running_.size()) + " still running\n");
  }
  // Each of these only begins: the loop takes all of them to their end at the same time.
  for (auto& [entry, command] : running_) {
    if (const auto begun = command.job.stop(policy); !begun) {
      shown_.print(entries_[entry].label + ": " + to_string(begun.error()) + '\n');
    }
  }
}

// The first Ctrl-C asks the commands to end; one that comes while they are being stopped kills them.
void builder::interrupt() {
  interrupted_.reset();
  report_.interrupted = true;
  end_early("interrupted", ending_ ? spawnpipe::stop_policy::immediate() : gently);
}

void builder::show() {
  const auto oldest = running_.empty() ? std::string_view() : std::string_view(entries_[running_.begin()->first].label);
  shown_.show({ended_count(), running_.size(), oldest});
}
