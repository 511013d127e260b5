// Manners of a guest, on POSIX: what the host has is as it was, and a child gets what was asked for.
#include "../children.hpp"
#include "../scenario.hpp"
#include "descriptors.hpp"

#include <spawnpipe/posix.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" char** environ;

namespace {

using harness::command;
using harness::descriptors_of;
using harness::patience;
using spawnpipe::stdio::handle;
using spawnpipe::stdio::merge;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

// The disposition of a signal, for as long as this lives.
class disposition {
 public:
  disposition(int signal, void (*what)(int)) : signal_(signal) {
    struct sigaction wanted {};
    wanted.sa_handler = what;
    ::sigaction(signal, &wanted, &before_);
  }
  disposition(const disposition&) = delete;
  disposition& operator=(const disposition&) = delete;
  ~disposition() { ::sigaction(signal_, &before_, nullptr); }

  [[nodiscard]] static auto now(int signal) {
    struct sigaction is {};
    ::sigaction(signal, nullptr, &is);
    return is.sa_handler;
  }

 private:
  int signal_;
  struct sigaction before_ {};
};

class two_ends {
 public:
  explicit two_ends(int flags = O_CLOEXEC) { REQUIRE(::pipe2(ends_.data(), flags) == 0); }
  two_ends(const two_ends&) = delete;
  two_ends& operator=(const two_ends&) = delete;
  ~two_ends() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  [[nodiscard]] int read_end() const { return ends_[0]; }
  [[nodiscard]] int write_end() const { return ends_[1]; }

 private:
  std::array<int, 2> ends_{};
};

extern "C" void do_nothing(int /*signal*/) {}

std::string without_sigchld(const std::string& state) {
  std::string kept;
  std::istringstream lines(state);
  const std::string sigchld = std::to_string(SIGCHLD);
  for (std::string line; std::getline(lines, line);) {
    if (line != sigchld && !line.starts_with(sigchld + " ")) kept += line + "\n";
  }
  return kept;
}

TEST_CASE("[G1] the host's SIGCHLD handler is its own") {
  harness::leak_check nothing_left;
  const disposition mine(SIGCHLD, do_nothing);
  auto running = harness::must(spawnpipe::spawn(command("until-eof").in(pipe{})));
  const bool kept = disposition::now(SIGCHLD) == do_nothing;
  REQUIRE_OK(running.in().close());
  CHECK(harness::must(running.wait(patience())).success());
  const bool restored = disposition::now(SIGCHLD) == do_nothing;
  RULE_HOLDS_OR_BROKEN("G1/sigchld", kept && restored);
}

TEST_CASE("[G1] no other disposition, and no mask, is changed") {
  harness::leak_check nothing_left;
  const disposition usr1(SIGUSR1, do_nothing);
  const disposition sigpipe(SIGPIPE, SIG_DFL);
  const disposition usr2(SIGUSR2, SIG_IGN);
  sigset_t some;
  sigset_t before;
  sigemptyset(&some);
  sigaddset(&some, SIGWINCH);
  ::pthread_sigmask(SIG_BLOCK, &some, &before);
  const std::string state = host_os::signal_state();
  CHECK(harness::use_everything());
  CHECK(without_sigchld(host_os::signal_state()) == without_sigchld(state));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

HOST_SCENARIO(nothing_else_changed, "what a host has stays as it was") {
  EXPECT(host_os::thread_count().value_or(1) == 1);
  const auto directory = std::filesystem::current_path();
  const mode_t mask = ::umask(027);
  char** const variables = environ;
  (void)spawnpipe::run(command("cat"), {.input = "text", .until = patience()});
  (void)spawnpipe::run(command("cwd").cwd("/").env("SPAWNPIPE_TEST_X", "1"), {.until = patience()});
  auto loop = spawnpipe::event_loop::create();
  EXPECT(loop);
  auto work = spawnpipe::run_async(*loop, command("exit"), {}, [](spawnpipe::completed) {});
  EXPECT(work);
  EXPECT(loop->run(patience()));
  EXPECT(host_os::thread_count().value_or(1) == 1);
  EXPECT(std::filesystem::current_path() == directory);
  EXPECT(::umask(mask) == 027);
  EXPECT(environ == variables);
}
TEST_CASE("[G1] no thread, no change of directory, umask or environment") {
  PLAY_SCENARIO("what a host has stays as it was");
}

HOST_SCENARIO(no_signal_before_main, "nothing happens to a host that only links the library") {
  EXPECT(host_os::thread_count().value_or(1) == 1);
  EXPECT(host_os::signal_state().find("handled") == std::string::npos);
  EXPECT(host_os::signal_state().find("blocked") == std::string::npos);
}
TEST_CASE("[G1] a host that only links the library has no handler, no mask and no thread of it") {
  if (harness::scaled(1ms) > 1ms) SKIP_CASE("a sanitizer's runtime has handlers of its own");
  PLAY_SCENARIO("nothing happens to a host that only links the library");
}

// ---- G2: what a child gets

TEST_CASE("[G2] descriptors of the host without close-on-exec do not reach the child") {
  harness::leak_check nothing_left;
  const two_ends open_to_all(0);
  const auto done = harness::must(spawnpipe::run(command("fds"), {.until = patience()}));
  RULE_HOLDS_OR_BROKEN("G2/exact", descriptors_of(done.out).size() == 3);
}

TEST_CASE("[G2] a child has its three streams, of the kind that was asked for, and nothing of this library's") {
  harness::leak_check nothing_left;
  // Others run meanwhile, with pipes of their own, on this loop and on another one.
  auto loop = harness::must(spawnpipe::event_loop::create());
  const auto waiting = command("until-eof").in(pipe{}).out(pipe{}).err(pipe{});
  auto first = harness::must(spawnpipe::spawn(waiting));
  auto second = harness::must(spawnpipe::spawn(loop, waiting));
  const auto seen = [](spawnpipe::command what) {
    return descriptors_of(harness::must(spawnpipe::run(what, {.until = patience()})).out);
  };
  CHECK(seen(command("fds")) == std::vector<std::string>{"0 null r -", "1 pipe w -", "2 pipe w -"});
  CHECK(seen(command("fds").in(pipe{})) == std::vector<std::string>{"0 pipe r -", "1 pipe w -", "2 pipe w -"});
  CHECK(seen(command("fds").err(merge{})) == std::vector<std::string>{"0 null r -", "1 pipe w -", "2 pipe w -"});
  const auto nulls = seen(command("fds").err(null{}));
  REQUIRE(nulls.size() == 3);
  CHECK(nulls[2].starts_with("2 null"));
}

TEST_CASE("[G2] every descriptor of this library is close-on-exec, and 3 or more") {
  harness::leak_check nothing_left;
  const auto before = host_os::open_descriptors();
  auto loop = harness::must(spawnpipe::event_loop::create());
  auto running = harness::must(spawnpipe::spawn(loop, command("until-eof").in(pipe{}).out(pipe{}).err(pipe{})));
  int own = 0;
  for (const std::string& each : host_os::open_descriptors()) {
    if (std::find(before.begin(), before.end(), each) != before.end()) continue;
    ++own;
    const int number = std::stoi(each);
    CAPTURE(each);
    CHECK(number >= 3);
    CHECK((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(own >= 4);
}

TEST_CASE("[G2] children of other threads do not get our ends: a closed stdin is an end of input at once") {
  harness::bound_case(90s);
  harness::leak_check nothing_left;
  constexpr int thread_count = 8;
  constexpr int rounds = 50;
  std::atomic<int> good = 0;
  std::atomic<bool> failed = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < rounds && !failed; ++round) {
        auto running = spawnpipe::spawn(command("until-eof", 5).in(pipe{}).out(pipe{}));
        const bool closed = running && running->in().close();
        if (closed && running->wait(patience()).value_or(spawnpipe::exit_status()).code() == 5U) {
          ++good;
        } else {
          failed = true;
        }
      }
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(good == thread_count * rounds);
}

// ---- G3: what is shared is left as it is

TEST_CASE("[G3] a host's non-blocking descriptor stays so when a child gets it as a stream") {
  harness::leak_check nothing_left;
  const two_ends mine(O_CLOEXEC | O_NONBLOCK);
  const auto what = command("exit").out(handle{spawnpipe::posix::fd(mine.write_end())});
  CHECK(harness::must(spawnpipe::run(what, {.until = patience()})).success());
  RULE_HOLDS_OR_BROKEN("G3/nonblock", (::fcntl(mine.write_end(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("[G3] the flags of what a child is given are else left as they are") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::string path = folder / "log";
  const int log = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const two_ends blocking;
  const two_ends extra(O_CLOEXEC | O_NONBLOCK);
  const std::array watched = {log, blocking.read_end(), blocking.write_end(), extra.read_end(), extra.write_end()};
  const auto flags = [&] {
    std::vector<int> all;
    for (const int each : watched) {
      all.push_back(::fcntl(each, F_GETFL));
      all.push_back(::fcntl(each, F_GETFD));
    }
    return all;
  };
  const auto before = flags();
  const auto what = command("exit")
                        .in(handle{spawnpipe::posix::fd(blocking.read_end())})
                        .out(handle{spawnpipe::posix::fd(log)})
                        .err(handle{spawnpipe::posix::fd(blocking.write_end())})
                        .descriptor(7, spawnpipe::posix::fd(extra.read_end()))
                        .descriptor(8, spawnpipe::posix::fd(extra.write_end()));
  CHECK(harness::must(spawnpipe::run(what, {.until = patience()})).success());
  CHECK(flags() == before);
  ::close(log);
}

// ---- G4: what a child starts with

std::string signals_of_child() { return harness::must(spawnpipe::run(command("signals"), {.until = patience()})).out; }

TEST_CASE("[G4] a child starts with an empty mask and default dispositions") {
  harness::leak_check nothing_left;
  const disposition sigpipe(SIGPIPE, SIG_IGN);
  const disposition usr1(SIGUSR1, SIG_IGN);
  const disposition usr2(SIGUSR2, do_nothing);
  const disposition term(SIGTERM, SIG_IGN);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigdelset(&all, SIGCHLD);  // libuv would wait for ever, which another case looks at
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const std::string seen = signals_of_child();
  sigset_t still;
  ::pthread_sigmask(SIG_SETMASK, &before, &still);
  CHECK(seen == "blocked\nignored\n");
  CHECK(sigismember(&still, SIGUSR1) == 1);
}

TEST_CASE("[G4] a host's ignored SIGHUP stays ignored") {
  harness::leak_check nothing_left;
  const disposition sighup(SIGHUP, SIG_IGN);
  RULE_HOLDS_OR_BROKEN("G4/sighup", signals_of_child() == "blocked\nignored " + std::to_string(SIGHUP) + "\n");
}

TEST_CASE("[G4] a host's ignored real-time signal is not passed on") {
  harness::leak_check nothing_left;
  const disposition realtime(SIGRTMIN + 3, SIG_IGN);
  RULE_HOLDS_OR_BROKEN("G4/realtime", signals_of_child() == "blocked\nignored\n");
}

// ---- G5: the host's own children

TEST_CASE("[G5] children of the host are not reaped, not signalled and not waited for") {
  harness::leak_check nothing_left;
  const pid_t over = ::fork();
  if (over == 0) ::_exit(42);
  const pid_t hanging = ::fork();
  if (hanging == 0) {
    ::alarm(60);
    for (;;) ::pause();
  }
  CHECK(harness::gone_within(over, 5s));
  CHECK(harness::use_everything());
  for (int round = 0; round < 20; ++round)
    CHECK(harness::must(spawnpipe::run(command("exit"), {.until = patience()})).success());
  CHECK(host_os::running(hanging));
  int status = 0;
  CHECK(::waitpid(over, &status, WNOHANG) == over);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
  ::kill(hanging, SIGKILL);
  CHECK(::waitpid(hanging, &status, 0) == hanging);
  CHECK(WIFSIGNALED(status));
}

}  // namespace
