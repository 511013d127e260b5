// Signals of the host, while this library waits and writes.
#include "contract/blocked_child.hpp"
#include "observed_waits.hpp"
#include "replaced_call.hpp"
#include "scenario.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include <atomic>

namespace {

using namespace cases;
using spawnpipe::interrupter;

constinit interrupter interrupted;
constinit std::atomic<int> handled = 0;

extern "C" void interrupt_it(int /*signal*/) {
  interrupted.interrupt();
  ++handled;
}
extern "C" void count_it(int /*signal*/) { ++handled; }

// A handler of the host, for as long as this lives.
class handler {
 public:
  handler(int signal, void (*what)(int), int flags = 0) : signal_(signal) {
    struct sigaction action {};
    action.sa_handler = what;
    action.sa_flags = flags;
    ::sigaction(signal, &action, &before_);
    handled = 0;
  }
  handler(const handler&) = delete;
  handler& operator=(const handler&) = delete;
  ~handler() { ::sigaction(signal_, &before_, nullptr); }

 private:
  int signal_;
  struct sigaction before_ {};
};

TEST_CASE("[T7] an interrupter ends every blocking call from a signal handler, on this thread or another") {
  harness::leak_check nothing_left;
  for (const int flags : {0, SA_RESTART}) {
    const handler on_signal(SIGUSR1, interrupt_it, flags);
    blocked_child on;
    const pthread_t self = ::pthread_self();
    for (const bool here : {true, false}) {
      for (const blocking_call& each : blocking_calls(on)) {
        CAPTURE(each.name);
        CAPTURE(here);
        interrupted.reset();
        const stopwatch watch;
        {
          const later sends([&] { here ? ::pthread_kill(self, SIGUSR1) : ::raise(SIGUSR1); }, 10ms);
          CHECK(each.call(deadline::never(), interrupted) == errc::cancelled);
        }
        CHECK(watch.elapsed() < scaled(2s));
        interrupted.reset();
        CHECK(each.call(1ms, interrupted) == errc::timed_out);
      }
    }
    CHECK(handled == static_cast<int>(4 / 2 * blocking_calls(on).size()));
  }
}

TEST_CASE("[T7] a handler that runs at any moment of a call ends it, and never hangs") {
  harness::leak_check nothing_left;
  const handler on_signal(SIGALRM, interrupt_it);
  blocked_child on;
  const auto calls = blocking_calls(on);
  dice any(17);
  for (int rounds = 0; rounds < 1000; ++rounds) {
    interrupted.reset();
    // From before the call begins to well inside its wait.
    const struct itimerval soon = {.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 1 + long(any(80))}};
    ::setitimer(ITIMER_REAL, &soon, nullptr);
    REQUIRE(calls[any(calls.size())].call(patience(), interrupted) == errc::cancelled);
  }
  CHECK(handled >= 1000);
}

TEST_CASE("[T2][T3] signals of the host neither shorten nor lengthen a wait") {
  harness::leak_check nothing_left;
  const handler on_signal(SIGALRM, count_it);
  blocked_child on;
  const struct itimerval often = {.it_interval = {.tv_sec = 0, .tv_usec = 300},
                                  .it_value = {.tv_sec = 0, .tv_usec = 1}};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  for (const blocking_call& each : blocking_calls(on)) {
    CAPTURE(each.name);
    const stopwatch watch;
    CHECK(each.call(30ms, {}) == errc::timed_out);
    CHECK(watch.elapsed() >= 30ms);
    CHECK(watch.elapsed() < scaled(1s));
  }
  const struct itimerval never {};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  CHECK(handled > 100);
}

TEST_CASE("[T2] no wait of the system is longer than a day") {
  harness::leak_check nothing_left;
  std::chrono::milliseconds longest{};
  blocked_child on;
  const auto watched = harness::observe_waits(longest);
  for (const deadline until : {deadline(25h), deadline(std::chrono::milliseconds(std::int64_t{1} << 40))}) {
    longest = {};
    for (const blocking_call& each : blocking_calls(on)) {
      CAPTURE(each.name);
      interrupted.reset();
      const later asks([] { interrupted.interrupt(); }, 1ms);
      CHECK(each.call(until, interrupted) == errc::cancelled);
    }
    CHECK(longest > 0ms);
    CHECK(longest <= 24h);
  }
  interrupted.reset();
}

TEST_CASE("[W6] a lost reader raises no SIGPIPE: a handler of the host is not called, a pending one stays") {
  harness::leak_check nothing_left;
  struct sigaction as_it_was {};
  ::sigaction(SIGPIPE, nullptr, &as_it_was);
  CHECK((as_it_was.sa_handler == SIG_DFL));  // the other cases meet lost readers with this
  const handler on_signal(SIGPIPE, count_it);
  sigset_t only_sigpipe;
  sigemptyset(&only_sigpipe);
  sigaddset(&only_sigpipe, SIGPIPE);
  sigset_t before;
  for (const bool pending : {false, true}) {
    if (pending) {
      ::pthread_sigmask(SIG_BLOCK, &only_sigpipe, &before);
      ::raise(SIGPIPE);
    }
    child running = start("read", 1);
    CHECK(must(running.in().write("0")) == 1);
    CHECK(line_of(running.out()) == "closed");
    CHECK(running.in().write("x").failed_with(std::errc::broken_pipe));
    CHECK(handled == 0);
    sigset_t now;
    ::sigpending(&now);
    CHECK(sigismember(&now, SIGPIPE) == (pending ? 1 : 0));
    ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
    CHECK(sigismember(&now, SIGPIPE) == (pending ? 1 : 0));
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);  // the pending one comes now
  CHECK(handled == 1);
}

// In hosts of their own, because the back end remembers what the kernel cannot do.
void lose_readers_on_an_older_kernel(int code) {
  using quiet = harness::replaced_call<&spawnpipe::platform::system_table::writev_nosignal>;
  int asked = 0;
  const quiet unknown([&](int, const struct iovec*, int) -> ssize_t {
    ++asked;
    return harness::failing(code);
  });
  // libuv's handler for SIGCHLD is there as long as a child runs.
  const auto stays = spawnpipe::spawn(piped("hang"));
  EXPECT(stays);
  const std::string signals = host_os::signal_state();
  for (int rounds = 0; rounds < 3; ++rounds) {
    auto running = spawnpipe::spawn(piped({.in = 5000}, "read", 1));
    EXPECT(running);
    if (!running) return;
    EXPECT(running->in().write("0").value_or(0) == 1);
    EXPECT(running->out().read_line(patience()).value_or("") == "closed");
    EXPECT(running->in().write("x").failed_with(std::errc::broken_pipe));
    EXPECT(host_os::signal_state() == signals);
  }
  EXPECT(asked > 0);
  // And with the queue full when the reader goes.
  auto ends = spawnpipe::spawn(piped({.in = 5000}, "sleep", 20));
  EXPECT(ends);
  if (!ends) return;
  const std::string text = pattern::make(1'000'000);
  std::string_view rest = text;
  EXPECT(ends->in().write_all(rest, patience()).failed_with(std::errc::broken_pipe));
  EXPECT(host_os::signal_state() == signals);
  sigset_t pending;
  ::sigpending(&pending);
  EXPECT(sigismember(&pending, SIGPIPE) == 0);
  // One that was pending before is the host's own.
  sigset_t only_sigpipe;
  sigemptyset(&only_sigpipe);
  sigaddset(&only_sigpipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &only_sigpipe, nullptr);
  ::raise(SIGPIPE);
  EXPECT(ends->in().write("x").failed_with(std::errc::broken_pipe));
  auto again = spawnpipe::spawn(piped("read", 1));
  EXPECT(again);
  if (!again) return;
  EXPECT(again->in().write("0").value_or(0) == 1);
  EXPECT(again->out().read_line(patience()).value_or("") == "closed");
  EXPECT(again->in().write("x").failed_with(std::errc::broken_pipe));
  ::sigpending(&pending);
  EXPECT(sigismember(&pending, SIGPIPE) == 1);
}

HOST_SCENARIO(no_quiet_writes, "lost readers where the kernel knows no quiet writes") {
  lose_readers_on_an_older_kernel(EOPNOTSUPP);
}
HOST_SCENARIO(forbidden_quiet_writes, "lost readers where the host forbids quiet writes") {
  lose_readers_on_an_older_kernel(EPERM);
}

TEST_CASE("[W6] without the help of the kernel a lost reader raises no SIGPIPE either") {
  harness::leak_check nothing_left;
  PLAY_SCENARIO("lost readers where the kernel knows no quiet writes");
}

TEST_CASE("[W6] where quiet writes are forbidden a lost reader raises no SIGPIPE either") {
  harness::leak_check nothing_left;
  PLAY_SCENARIO("lost readers where the host forbids quiet writes");
}

}  // namespace
