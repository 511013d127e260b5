// Hosts that are hard to be a guest of, as only Linux lets a test make them: in a mount namespace of their own, with all signals blocked,
// with room for 16 descriptors, without an environment.
#include "../children.hpp"
#include "../scenario.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

extern "C" char** environ;

namespace {

using harness::command;
using harness::patience;
using spawnpipe::overflow;
using spawnpipe::stage;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using spawnpipe::stdio::to_file;
using namespace std::chrono_literals;

constexpr const char* no_mounts = "a mount of its own takes the rights of root";

// A /tmp of this process's own, so small; seen by it and its children alone.
bool own_tmp(const char* options) {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("none", "/tmp", "tmpfs", 0, options) == 0;
}

// Everything that needs no file works: fed, captured, failed, stopped.
void expect_all_but_files_work() {
  const std::string text = pattern::make(300'000);
  const auto echoed = spawnpipe::run(command("cat"), {.input = text, .until = patience()});
  EXPECT(echoed && echoed->success() && echoed->out == text);
  const auto missing = spawnpipe::run(spawnpipe::command("no-such-program-here"), {.until = patience()});
  EXPECT(missing.failed_with(std::errc::no_such_file_or_directory));
  auto running = spawnpipe::spawn(command("hang").in(pipe{}).out(pipe{}).err(null{}));
  EXPECT(running);
  EXPECT(running->stop(spawnpipe::stop_policy::immediate(), patience()));
}

HOST_SCENARIO(read_only, "a read-only /tmp") {
  if (!own_tmp("size=64k")) SKIP_SCENARIO(no_mounts);
  EXPECT(::mount(nullptr, "/tmp", nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
  EXPECT(::open("/tmp/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) == -1);
  EXPECT(errno == EROFS);
  expect_all_but_files_work();
  const auto filed = spawnpipe::run(command("write", 10).out(to_file{"/tmp/x"}), {.until = patience()});
  EXPECT(filed.failed_with(std::errc::read_only_file_system));
  EXPECT(!filed && filed.error().where == stage::redirect && filed.error().subject == "/tmp/x");
  const auto spilled = spawnpipe::run(
      command("write", 1000),
      {.until = patience(), .capture = {.bytes = 100, .on_overflow = overflow::spill, .spill_to = "/tmp/x."}});
  EXPECT(spilled && spilled->output_error && *spilled->output_error == std::errc::read_only_file_system);
  EXPECT(spilled && !spilled->success() && spilled->out_dropped > 0);
}
TEST_CASE("[G6][P1][P10] a host whose /tmp is read-only needs none; a redirect or a spill into it says so") {
  PLAY_SCENARIO("a read-only /tmp");
}

HOST_SCENARIO(full, "a full /tmp") {
  if (!own_tmp("size=64k")) SKIP_SCENARIO(no_mounts);
  // Filled but for its last page.
  const int filler = ::open("/tmp/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  for (int pages = 0; pages < 15; ++pages) EXPECT(::write(filler, page.data(), page.size()) == 4096);
  const auto spilling = spawnpipe::run_options{
      .until = patience(), .capture = {.bytes = 100, .on_overflow = overflow::spill, .spill_to = "/tmp/spill."}};
  const auto spilled = spawnpipe::run(command("write", 100'000), spilling);
  EXPECT(spilled && spilled->output_error && *spilled->output_error == std::errc::no_space_on_device);
  EXPECT(spilled && !spilled->success() && spilled->out_dropped > 0 && spilled->out.size() == 100);
  std::error_code ignored;
  std::filesystem::remove("/tmp/spill.out", ignored);
  EXPECT(::write(filler, page.data(), page.size()) == 4096);
  EXPECT(::write(filler, page.data(), page.size()) == -1);
  EXPECT(errno == ENOSPC);
  expect_all_but_files_work();
  // The file can still be made; that nothing fits is the child's to see.
  const auto filed = spawnpipe::run(command("write", 10).out(to_file{"/tmp/x"}), {.until = patience()});
  EXPECT(filed && filed->status.code() == 3U);
  ::close(filler);
}
TEST_CASE("[G6][P3][P10] a host whose /tmp is full needs none; a spill into it says so, and the child is still read") {
  PLAY_SCENARIO("a full /tmp");
}

// ---- descriptors

// Without a descriptor to look with.
int open_count() {
  int count = 0;
  for (int number = 0; number < 16; ++number) count += ::fcntl(number, F_GETFD) != -1 ? 1 : 0;
  return count;
}

HOST_SCENARIO(sixteen, "room for 16 descriptors") {
  struct rlimit few {};
  EXPECT(::getrlimit(RLIMIT_NOFILE, &few) == 0);
  few.rlim_cur = 16;
  EXPECT(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  // It is in force: no more than 16 can be had.
  std::vector<int> all;
  for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) != -1;) all.push_back(fd);
  EXPECT(errno == EMFILE);
  EXPECT(!all.empty() && all.back() == 15);
  for (const int fd : all) ::close(fd);

  // One pipe there is room for, from the first child on.
  const auto works = [] {
    const auto seen = spawnpipe::run(command("write", 100'000).err(null{}), {.until = patience()});
    EXPECT(seen && seen->success() && seen->out == pattern::make(100'000));
    const auto missing = spawnpipe::run(spawnpipe::command("no-such-program-here").err(null{}), {.until = patience()});
    EXPECT(missing.failed_with(std::errc::no_such_file_or_directory));
  };
  works();
  // As many children as there is room for run side by side; the next is refused with its reason, and nothing is left of it.
  std::vector<spawnpipe::child> running;
  for (;;) {
    const auto before = open_count();
    auto next = spawnpipe::spawn(command("cat").in(pipe{}).out(pipe{}).err(null{}));
    if (!next) {
      EXPECT(next.failed_with(std::errc::too_many_files_open));
      EXPECT(open_count() == before);
      break;
    }
    running.push_back(std::move(*next));
    if (running.size() == 16) break;
  }
  EXPECT(!running.empty() && running.size() < 5);
  for (spawnpipe::child& each : running) {
    const auto done = spawnpipe::communicate(each, {.input = "text", .until = patience()});
    EXPECT(done && done->out == "text");
  }
  running.clear();
  works();
}
TEST_CASE("[G6][P1] a host with room for 16 descriptors, the usual ones included") {
  PLAY_SCENARIO("room for 16 descriptors");
}

// ---- no environment

HOST_SCENARIO(no_environment, "the host has no environment") {
  EXPECT(spawnpipe::run(command("exit"), {.until = patience()}));
  const std::string child = harness::child_program();
  const auto works = [&] {
    const auto seen = spawnpipe::run(spawnpipe::command(child, {"env"}), {.until = patience()});
    EXPECT(seen && seen->success() && seen->out.empty());
    // Found where execvp(3) looks without a PATH.
    const auto found = spawnpipe::run(spawnpipe::command("sh", {"-c", "exit 6"}), {.until = patience()});
    EXPECT(found && found->status.code() == 6U);
    const auto shell = spawnpipe::run(spawnpipe::command::shell("exit 7"), {.until = patience()});
    EXPECT(shell && shell->status.code() == 7U);
    const auto missing = spawnpipe::run(spawnpipe::command("no-such-program-here"), {.until = patience()});
    EXPECT(missing.failed_with(std::errc::no_such_file_or_directory));
    const auto given = spawnpipe::run(spawnpipe::command(child, {"env"}).env("NAME", "value"), {.until = patience()});
    EXPECT(given && given->out == std::string("NAME=value\0", 11));
  };
  EXPECT(::clearenv() == 0);
  EXPECT(environ == nullptr);
  works();
  static char* none[] = {nullptr};
  environ = none;
  works();
}
TEST_CASE("[G6][P1] a host without an environment, or with an empty one") {
  PLAY_SCENARIO("the host has no environment");
}

// ---- signals

HOST_SCENARIO(all_blocked, "all signals are blocked") {
  sigset_t all;
  ::sigfillset(&all);
  EXPECT(::pthread_sigmask(SIG_SETMASK, &all, nullptr) == 0);
  EXPECT(::raise(SIGTERM) == 0);  // it is in force: this host is still there
  sigset_t pending;
  EXPECT(::sigpending(&pending) == 0 && ::sigismember(&pending, SIGTERM) == 1);
  const std::string before = host_os::signal_state();
  const auto seen = spawnpipe::run(command("signals"), {.until = harness::scaled(2s)});
  if (!seen || seen->why != spawnpipe::ended_by::itself) SKIP_SCENARIO("hangs");
  EXPECT(seen->out == "blocked\nignored\n");
  expect_all_but_files_work();
  auto polite = spawnpipe::spawn(command("exit-on-terminate", 7).in(null{}).out(pipe{}).err(null{}));
  EXPECT(polite);
  const auto ready = polite->out().read_line(patience());
  EXPECT(ready && *ready == "ready");
  const auto report = polite->stop({.terminate = 10s}, patience());
  EXPECT(report && report->phase == spawnpipe::stop_phase::terminate && report->status.code() == 7U);
  auto reads = spawnpipe::spawn(command("read", 1).in(pipe{}).out(pipe{}).err(null{}));
  EXPECT(reads && reads->in().write("x"));
  EXPECT(reads->out().read_line(patience()));
  EXPECT(reads->in().write("y").failed_with(std::errc::broken_pipe));
  EXPECT(::sigpending(&pending) == 0 && ::sigismember(&pending, SIGPIPE) == 0);
  EXPECT(reads->stop(spawnpipe::stop_policy::immediate(), patience()));
  EXPECT(host_os::signal_state() == before);
}
TEST_CASE(
    "[G6][G4][P5][W6] a host that has all signals blocked: its children have none, and are asked, killed and reaped") {
  const auto seen = harness::play("all signals are blocked");
  if (seen && seen != "hangs") SKIP_CASE(*seen);
  RULE_HOLDS_OR_BROKEN("G6/host-blocks", seen != "hangs");
}

}  // namespace
