// Ending blocking calls from elsewhere. From a signal handler: see the cases of the systems that have signals.
#include "blocked_child.hpp"

#include <spawnpipe/stop_token.hpp>

#include <atomic>
#include <memory>
#include <version>

namespace {

using namespace cases;
using spawnpipe::ended_by;
using spawnpipe::interrupter;
using spawnpipe::stop_phase;
using spawnpipe::stop_policy;

// The two ways to ask for an end, as one: what a call is given, and the request.
struct source {
  const char* kind;
  std::function<cancellation()> token;
  std::function<void()> request;
};

source by_interrupter() {
  auto made = std::make_shared<interrupter>();
  return {
      .kind = "interrupter", .token = [made] { return cancellation(*made); }, .request = [made] { made->interrupt(); }};
}

std::vector<source> sources() {
  std::vector<source> all = {by_interrupter()};
#if defined(__cpp_lib_jthread)
  auto made = std::make_shared<std::stop_source>();
  all.push_back({.kind = "stop_token",
                 .token = [made] { return cancellation(made->get_token()); },
                 .request = [made] { made->request_stop(); }});
#endif
  return all;
}

TEST_CASE("[T7] a request made before the call ends it at once") {
  harness::leak_check nothing_left;
  blocked_child on;
  for (const source& each : sources()) {
    CAPTURE(each.kind);
    const cancellation cancel = each.token();
    CHECK_FALSE(cancel.requested());
    each.request();
    CHECK(cancel.requested());
    for (const blocking_call& call : blocking_calls(on)) {
      CAPTURE(call.name);
      for (const deadline until : {deadline::never(), deadline(1h), deadline::now()}) {
        CHECK(call.call(until, cancel) == errc::cancelled);
      }
    }
    CHECK(spawnpipe::run(harness::command("exit"), {.cancel = cancel}).failed_with(errc::cancelled));
  }
  CHECK(on.running.in().books().accepted == on.filled);
  CHECK_FALSE(on.running.status());
}

TEST_CASE("[T7] a request from another thread ends every blocking call at once") {
  harness::leak_check nothing_left;
  blocked_child on;
  const std::size_t unsent = on.running.in().unsent();
  for (std::size_t kind = 0; kind < sources().size(); ++kind) {
    for (const blocking_call& call : blocking_calls(on)) {
      CAPTURE(kind);
      CAPTURE(call.name);
      const source request = sources()[kind];  // a fresh one for each call
      const stopwatch watch;
      {
        const later asks(request.request, 15ms);
        CHECK(call.call(deadline::never(), request.token()) == errc::cancelled);
      }
      CHECK(watch.elapsed() >= 15ms);
      CHECK(watch.elapsed() < scaled(2s));
      // Nothing was lost by it: the same call waits again.
      CHECK(call.call(1ms, {}) == errc::timed_out);
    }
  }
  CHECK(on.running.in().unsent() == unsent);
  CHECK(host_os::running(on.running.id()));
}

TEST_CASE("[T7][T6] run, communicate and stop end what they began when they are cancelled") {
  harness::leak_check nothing_left;
  for (std::size_t kind = 0; kind < sources().size(); ++kind) {
    const source for_run = sources()[kind];
    const stopwatch watch;
    {
      const later asks(for_run.request, 100ms);
      const auto done = must(spawnpipe::run(harness::command("hang", "begun"), {.cancel = for_run.token()}));
      CHECK(done.why == ended_by::cancelled);
      CHECK_FALSE(done.status.success());
      CHECK(done.phase == stop_phase::kill);
    }
    const source for_communicate = sources()[kind];
    child running = start("ignore-terminate");
    CHECK(line_of(running.out()) == "ready");
    {
      const later asks(for_communicate.request);
      const auto done =
          must(spawnpipe::communicate(running, {.cancel = for_communicate.token(), .policy = {.terminate = 10ms}}));
      CHECK(done.why == ended_by::cancelled);
      CHECK(done.phase == stop_phase::kill);
    }
    const source for_stop = sources()[kind];
    child stubborn = start("ignore-terminate");
    CHECK(line_of(stubborn.out()) == "ready");
    {
      const later asks(for_stop.request);
      const auto ended = must(stubborn.stop(stop_policy::graceful(1h), deadline::never(), for_stop.token()));
      CHECK(ended.phase == stop_phase::kill);
      CHECK(ended.cut_short);
    }
    CHECK(watch.elapsed() < scaled(5s));
  }
}

TEST_CASE("[T7][T5] a call that was cancelled in the middle of its work goes on where it was") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = 4'000'000;
  child running = start("cat", 4096);
  const std::string text = pattern::make(size);
  std::string_view to_write = text;
  std::string read;
  interrupter asked;
  std::atomic<bool> over = false;
  std::thread asks([&] {
    for (dice any(3); !over; std::this_thread::sleep_for(std::chrono::microseconds(any(300)))) asked.interrupt();
  });
  const deadline limit = patience();
  std::size_t cancelled = 0;
  while (read.size() < size && !limit.passed()) {
    asked.reset();
    if (!to_write.empty()) {
      const auto wrote = running.in().write_all(to_write, 1ms, asked);
      if (!wrote) REQUIRE((wrote.failed_with(errc::cancelled) || wrote.failed_with(errc::timed_out)));
      if (to_write.empty()) REQUIRE_OK(running.in().close());
    }
    asked.reset();
    const auto got = running.out().read_all(read, size + 1, to_write.empty() ? deadline(1s) : deadline(1ms), asked);
    cancelled += got.failed_with(errc::cancelled) ? 1 : 0;
    if (got) break;
  }
  over = true;
  asks.join();
  CHECK(cancelled > 0);
  CHECK(read.size() == size);
  CHECK_FALSE(pattern::first_difference(read));
  CHECK(must(running.wait(patience())).success());
}

TEST_CASE("[T7][C1] one interrupter ends the calls of many threads, and can be used again") {
  harness::leak_check nothing_left;
  interrupter asked;
  for (int rounds = 0; rounds < 3; ++rounds) {
    std::atomic<int> ready = 0;
    std::atomic<int> ended = 0;
    std::vector<std::thread> threads;
    for (int each = 0; each < 12; ++each) {
      threads.emplace_back([&] {
        child running = start("hang", "up");
        CHECK(line_of(running.out()) == "up");
        ++ready;
        if (running.wait(patience(), asked).failed_with(errc::cancelled)) ++ended;
      });
    }
    const deadline limit = patience();
    while (ready < 12 && !limit.passed()) std::this_thread::sleep_for(1ms);
    asked.interrupt();
    for (std::thread& each : threads) each.join();
    CHECK(ended == 12);
    CHECK(asked.interrupted());
    asked.reset();
    CHECK_FALSE(asked.interrupted());
  }
}

TEST_CASE("[T7] a request that races the beginning of the call is neither lost nor late") {
  harness::leak_check nothing_left;
  child running = start("hang", "up");
  CHECK(line_of(running.out()) == "up");
  int cancelled = 0;
  for (int rounds = 0; rounds < 500; ++rounds) {
    interrupter asked;
    std::atomic<bool> go = false;
    std::thread one([&] {
      while (!go) std::this_thread::yield();
      asked.interrupt();
    });
    go = true;
    if (running.wait(patience(), asked).failed_with(errc::cancelled)) ++cancelled;
    one.join();
  }
  CHECK(cancelled == 500);
}

}  // namespace
