// The end of a child, in hosts that do with SIGCHLD and with their children whatever they like.
#include "engine.hpp"

#include "../../children.hpp"
#include "../../scenario.hpp"

#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::patience;
using spawnpipe::errc;
using spawnpipe::platform::linux_table;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

// Whether the kernel tells how a process ended that somebody else has waited for: asked of a child of our own.
bool kernel_keeps_status() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(7);
  const int pidfd = spawnpipe::platform::direct::pidfd_open(pid);
  ::waitpid(pid, nullptr, 0);
  spawnpipe::platform::pidfd_info info;
  info.mask = spawnpipe::platform::pidfd_info_exit;
  const bool told = pidfd >= 0 && spawnpipe::platform::direct::pidfd_get_info(pidfd, &info) == 0 &&
                    (info.mask & spawnpipe::platform::pidfd_info_exit) != 0;
  ::close(pidfd);
  return told;
}

void expect_status_or_none(bool kept) {
  for (const unsigned code : {0U, 7U, 255U}) {
    const auto done = spawnpipe::run(command("exit", code), {.until = patience()});
    EXPECT(done);
    EXPECT(done->why == spawnpipe::ended_by::itself);
    kept ? EXPECT(done->status.code() == code) : EXPECT(!done->status.known());
  }
  const auto killed = spawnpipe::run(command("signal", SIGKILL), {.until = patience()});
  EXPECT(killed);
  kept ? EXPECT(killed->status.signal() == SIGKILL) : EXPECT(!killed->status.known());
}

HOST_SCENARIO(ignored, "SIGCHLD is ignored, and the status comes through") {
  const bool kept = kernel_keeps_status();
  ::signal(SIGCHLD, SIG_IGN);
  expect_status_or_none(kept);
}
TEST_CASE("[G6][P2] with SIGCHLD ignored the status is there where the kernel keeps it, else it is unavailable") {
  PLAY_SCENARIO("SIGCHLD is ignored, and the status comes through");
}

HOST_SCENARIO(no_wait, "SIGCHLD has SA_NOCLDWAIT") {
  const bool kept = kernel_keeps_status();
  struct sigaction how {};
  how.sa_handler = [](int /*signal*/) {};
  how.sa_flags = SA_NOCLDWAIT;
  ::sigaction(SIGCHLD, &how, nullptr);
  expect_status_or_none(kept);
}
TEST_CASE("[G6][P2] with SA_NOCLDWAIT likewise") { PLAY_SCENARIO("SIGCHLD has SA_NOCLDWAIT"); }

HOST_SCENARIO(reaps, "the host waits for every child in its handler") {
  const bool kept = kernel_keeps_status();
  struct sigaction how {};
  how.sa_handler = [](int /*signal*/) {
    const int code = errno;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    errno = code;
  };
  how.sa_flags = SA_RESTART;
  ::sigaction(SIGCHLD, &how, nullptr);
  if (kept) {
    expect_status_or_none(true);
  } else {
    // Whoever is first has it: it may be known, and is right then.
    const auto done = spawnpipe::run(command("exit", 7), {.until = patience()});
    EXPECT(done && (!done->status.known() || done->status.code() == 7U));
  }
  // A spawn that fails is none of the host's children.
  const auto missing = spawnpipe::run(spawnpipe::command("/no/such/program"), {.until = patience()});
  EXPECT(missing.failed_with(std::errc::no_such_file_or_directory));
  EXPECT(host_os::children().empty());
}
TEST_CASE("[G6][P1][P2] a host that waits for all children takes no status away where the kernel keeps it") {
  PLAY_SCENARIO("the host waits for every child in its handler");
}

volatile std::sig_atomic_t deaths = 0;

HOST_SCENARIO(unseen, "a failed spawn is not heard of") {
  struct sigaction how {};
  how.sa_handler = [](int /*signal*/) { deaths = deaths + 1; };
  ::sigaction(SIGCHLD, &how, nullptr);
  for (int round = 0; round < 20; ++round) {
    EXPECT(spawnpipe::run(spawnpipe::command("/no/such/program")).failed_with(std::errc::no_such_file_or_directory));
  }
  EXPECT(deaths == 0);
  EXPECT(spawnpipe::run(command("exit"), {.until = patience()})->success());
  EXPECT(deaths == 1);  // that of a child is the host's to hear
}
TEST_CASE("[G1][P1] a spawn that fails sends the host no SIGCHLD") { PLAY_SCENARIO("a failed spawn is not heard of"); }

TEST_CASE("[P2] a child that is stopped and continued has not ended") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(command("cat").in(pipe{}).out(pipe{}).err(null{})));
  const auto id = static_cast<pid_t>(running.id());
  ::kill(id, SIGSTOP);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(id), &info, WSTOPPED | WNOWAIT) == 0);
  CHECK(running.wait(50ms).failed_with(errc::timed_out));
  ::kill(id, SIGCONT);
  REQUIRE(::waitid(P_PID, static_cast<id_t>(id), &info, WCONTINUED | WNOWAIT) == 0);
  CHECK(running.wait(50ms).failed_with(errc::timed_out));
  std::string_view text = "goes on\n";
  CHECK_OK(running.in().write_all(text, patience()));
  CHECK(harness::must(running.out().read_line(patience())) == "goes on");
  CHECK_OK(running.in().close());
  CHECK(harness::must(running.wait(patience())).success());
}

TEST_CASE("[P4] whether a core was dumped is told") {
  harness::leak_check nothing_left;
  const auto done = harness::must(spawnpipe::run(command("signal", SIGTERM), {.until = patience()}));
  CHECK(done.status.signal() == SIGTERM);
  CHECK(done.status.core_dumped() == false);
}

// ---- many

HOST_SCENARIO(thousands, "5,000 children are alive at once") {
  struct rlimit most {};
  ::getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &most);
  constexpr std::size_t count = 5'000;
  if (most.rlim_max < count * 3 + 100) SKIP_SCENARIO("the limit of descriptors is too low for 5,000 children");
  auto loop = spawnpipe::event_loop::create();
  EXPECT(loop);
  const auto before = host_os::open_descriptors().size();
  std::vector<spawnpipe::child> children;
  std::size_t ended = 0;
  std::size_t words = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto running = spawnpipe::spawn(*loop, command("until-eof", i % 200).in(pipe{}).out(pipe{}).err(null{}));
    if (!running && running.failed_with(std::errc::resource_unavailable_try_again)) {
      SKIP_SCENARIO("this system does not allow 5,000 processes");
    }
    EXPECT(running);
    children.push_back(std::move(*running));
  }
  EXPECT(host_os::open_descriptors().size() - before <= count * (2 + 2));
  for (std::size_t i = 0; i < count; ++i) {
    children[i].on_exit([&, i](spawnpipe::child& /*which*/, const spawnpipe::exit_status& status) {
      ++ended;
      if (status.code() == i % 200) ++words;
    });
  }
  EXPECT(loop->run(20ms).failed_with(errc::timed_out));
  EXPECT(ended == 0);
  for (auto& each : children) EXPECT(each.in().close());
  EXPECT(loop->run(harness::scaled(40s)));
  EXPECT(ended == count);
  EXPECT(words == count);
}
TEST_CASE("[C4][P2] 5,000 children at once, each with its own end") {
  harness::bound_case(90s);
  PLAY_SCENARIO("5,000 children are alive at once");
}

HOST_SCENARIO(limit, "the limit of descriptors is reached") {
  struct rlimit few {};
  ::getrlimit(RLIMIT_NOFILE, &few);
  few.rlim_cur = 100;
  ::setrlimit(RLIMIT_NOFILE, &few);
  std::vector<spawnpipe::child> children;
  std::optional<spawnpipe::error> said;
  while (!said) {
    auto running = spawnpipe::spawn(command("cat").in(pipe{}).out(pipe{}).err(null{}));
    if (!running) {
      said = running.error();
    } else {
      children.push_back(std::move(*running));
    }
    EXPECT(children.size() < 50);
  }
  EXPECT(*said == std::errc::too_many_files_open);
  EXPECT(children.size() >= 25);
  for (auto& each : children) {
    const auto done = spawnpipe::communicate(each, {.input = "some text", .until = patience()});
    EXPECT(done && done->success());
    EXPECT(done->output_error || done->out == "some text");
  }
}
TEST_CASE("[P1][G6] at the limit of descriptors a spawn says so, and the children before it lose nothing") {
  PLAY_SCENARIO("the limit of descriptors is reached");
}

// ---- ends that cannot be had at once

HOST_SCENARIO(older_and_ignored, "SIGCHLD is ignored, and the kernel keeps no status") {
  ::signal(SIGCHLD, SIG_IGN);
  const harness::replaced_call<&linux_table::pidfd_get_info> older(
      [](int, spawnpipe::platform::pidfd_info*) { return harness::failing(ENOTTY); });
  harness::warm_up();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    const auto done = spawnpipe::run(command("exit", 3), {.until = patience()});
    EXPECT(done && !done->status.known() && done->why == spawnpipe::ended_by::itself);
  }
  EXPECT(std::chrono::steady_clock::now() - began < std::chrono::milliseconds(900));  // no wait of 50 ms in each
}
TEST_CASE("[G6] where no status can be had, the loop does not stand still to ask for it") {
  PLAY_SCENARIO("SIGCHLD is ignored, and the kernel keeps no status");
}

HOST_SCENARIO(traced, "a debugger has the end of a child first") {
  const auto what =
      command("exit")
          .in(spawnpipe::stdio::null{})
          .out(spawnpipe::stdio::null{})
          .on_destroy({.terminate = std::nullopt, .kill = false, .reap_limit = std::chrono::milliseconds(50)});
  using waitid_call = harness::replaced_call<&linux_table::waitid>;
  int asked = 0;
  const waitid_call nothing_yet([&](int which, id_t id, siginfo_t* into, int options, struct rusage* used) {
    if (id == INT_MAX) return waitid_call::direct(which, id, into, options, used);
    ++asked;
    return 0;
  });
  auto loop = spawnpipe::event_loop::create();
  EXPECT(loop);
  auto running = spawnpipe::spawn(*loop, what);
  EXPECT(running);
  running->on_exit([](spawnpipe::child&, const spawnpipe::exit_status&) {});
  EXPECT(loop->run(std::chrono::milliseconds(300)).failed_with(spawnpipe::errc::timed_out));
  EXPECT(asked > 0 && asked < 5);
}
TEST_CASE("[G6] a child whose end a debugger has does not keep the loop busy") {
  PLAY_SCENARIO("a debugger has the end of a child first");
}

}  // namespace
