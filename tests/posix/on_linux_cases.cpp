// What only Linux lets a test do, for every back end that runs there.
#include "../children.hpp"
#include "../scenario.hpp"
#include "chosen_id.hpp"
#include "system_call_filter.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::make_process_with;
using harness::no_choice;
using harness::patience;
using harness::quiet;
using harness::untouched;
using spawnpipe::errc;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

// ---- P1

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
TEST_CASE("[P1] signals have the names that the C library knows, and those for real time theirs") {
  const auto said = [](int number) { return to_string(spawnpipe::exit_status::signalled(number)); };
  const auto named = [](int number, const std::string& name) {
    return "ended by signal " + std::to_string(number) + " (" + name + ')';
  };
  int known = 0;
  for (int number = 1; number < SIGRTMIN; ++number) {
    const char* const name = ::sigabbrev_np(number);
    CAPTURE(number);
    if (name == nullptr) {
      CHECK(said(number) == "ended by signal " + std::to_string(number));
    } else {
      ++known;
      CHECK(said(number) == named(number, number == SIGIO ? "SIGIO" : std::string("SIG") + name));
    }
  }
  CHECK(known == 31);
  CHECK(said(SIGRTMIN) == named(SIGRTMIN, "SIGRTMIN"));
  CHECK(said(SIGRTMIN + 2) == named(SIGRTMIN + 2, "SIGRTMIN+2"));
  CHECK(said(SIGRTMAX) == named(SIGRTMAX, "SIGRTMIN+" + std::to_string(SIGRTMAX - SIGRTMIN)));
  CHECK(said(SIGRTMAX + 1) == "ended by signal " + std::to_string(SIGRTMAX + 1));
}
#endif

TEST_CASE("[P1] an argument and a variable that are longer than the kernel takes: which, and by how much") {
  harness::leak_check nothing_left;
  const std::size_t longest = 32 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::string excess = " has " + std::to_string(longest + 10) + " bytes, 10 more than the " +
                             std::to_string(longest) + " that are possible";
  const auto hint = [](const spawnpipe::command& what) {
    const auto done = spawnpipe::spawn(what);
    return done ? "(started)" : std::string(done.error().hint.view());
  };
  CHECK(hint(command("exit", std::string(longest + 9, 'x'))) == "argv[2]" + excess);
  CHECK(hint(command("exit").env("SECRET", std::string(longest + 2, 's'))) == "the variable \"SECRET\"" + excess);
}

// ---- P4

TEST_CASE("[P4] a real-time signal that ends a process comes through as itself") {
  harness::leak_check nothing_left;
  const int signal = SIGRTMIN + 1;
  const auto done = harness::must(spawnpipe::run(command("signal", signal), {.until = patience()}));
  CHECK(done.status.signal() == signal);
}

// ---- P8

TEST_CASE("[P8] switch list 12: a stranger that has the id by now is not signalled") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(quiet(command("exit"))));
  CHECK(harness::must(running.wait(patience())).success());
  const auto id = static_cast<pid_t>(running.id());
  if (!make_process_with(id)) SKIP_CASE(no_choice);
  CHECK(running.kill().failed_with(errc::already_exited));
  CHECK(running.terminate().failed_with(errc::already_exited));
  CHECK(harness::must(running.stop(spawnpipe::stop_policy::immediate())).phase == spawnpipe::stop_phase::none);
  running = spawnpipe::child();
  CHECK(untouched(id));
}

HOST_SCENARIO(stranger, "the host has reaped a child, and a stranger has its id") {
  auto running = spawnpipe::spawn(
      quiet(command("exit")).on_destroy({.terminate = std::nullopt, .kill = false, .reap_limit = 50ms}));
  EXPECT(running);
  const auto id = static_cast<pid_t>(running->id());
  EXPECT(::waitpid(-1, nullptr, 0) == id);
  if (!make_process_with(id)) SKIP_SCENARIO(no_choice);
  (void)running->kill();
  if (!untouched(id)) SKIP_SCENARIO("hit");
}
TEST_CASE("[P8] a child that the host has reaped itself is not signalled by its number") {
  const auto seen = harness::play("the host has reaped a child, and a stranger has its id");
  if (seen && seen != "hit") SKIP_CASE(*seen);
  RULE_HOLDS_OR_BROKEN("P8/host-reaps", seen != "hit");
}

// ---- G3

TEST_CASE("[G3] pipes are not grown for nothing") {
  harness::leak_check nothing_left;
  std::array<int, 2> usual{};
  REQUIRE(::pipe2(usual.data(), O_CLOEXEC) == 0);
  const auto before = host_os::open_descriptors();
  auto running = harness::must(spawnpipe::spawn(command("until-eof").in(pipe{}).out(pipe{}).err(pipe{})));
  int pipes = 0;
  for (const std::string& each : host_os::open_descriptors()) {
    if (std::find(before.begin(), before.end(), each) != before.end() || each.find("pipe:") == std::string::npos)
      continue;
    ++pipes;
    CHECK(::fcntl(std::stoi(each), F_GETPIPE_SZ) == ::fcntl(usual[0], F_GETPIPE_SZ));
  }
  CHECK(pipes >= 3);
  for (const int end : usual) ::close(end);
}

// ---- a filter that denies the newer calls

HOST_SCENARIO(denied, "newer calls are denied") {
  // As old container runtimes do.
  if (!harness::deny({{SYS_clone3}, {SYS_pidfd_open}, {SYS_pwritev2}, {SYS_close_range}}, EPERM))
    SKIP_SCENARIO(harness::no_filters);
  EXPECT(::syscall(SYS_pidfd_open, ::getpid(), 0) == -1);
  EXPECT(errno == EPERM);
  ::signal(SIGPIPE, SIG_DFL);
  const std::string text = pattern::make(300'000);
  const auto done = spawnpipe::run(command("cat"), {.input = text, .until = patience()});
  EXPECT(done && done->out == text);
  auto running = spawnpipe::spawn(command("read", 1).in(pipe{}).out(pipe{}).err(null{}));
  EXPECT(running);
  EXPECT(running->in().write("x"));
  EXPECT(running->out().read_line(patience()));
  EXPECT(running->in().write("y").failed_with(std::errc::broken_pipe));
  sigset_t pending;
  EXPECT(::sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 0);
  EXPECT(running->stop(spawnpipe::stop_policy::immediate(), patience()));
}
TEST_CASE("[G6][W6] under a filter that denies the newer calls everything works, and no signal is raised") {
  PLAY_SCENARIO("newer calls are denied");
}

}  // namespace
