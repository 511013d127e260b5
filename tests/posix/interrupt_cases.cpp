// Signals of the host, while this library waits and writes.
#include "contract/blocked_child.hpp"

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
  const struct itimerval often = {.it_interval = {.tv_sec = 0, .tv_usec = 300}, .it_value = {.tv_sec = 0, .tv_usec = 1}};
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

TEST_CASE("[W6] a lost reader raises no SIGPIPE: a handler of the host is not called, a pending one stays") {
  harness::leak_check nothing_left;
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

}  // namespace
