// Loops that the host runs: a uv_loop_t of its own, or poll(2) on our descriptor; and a host whose thread pool is busy.
#include "contract/blocked_child.hpp"

#include <spawnpipe/posix.hpp>

#include <poll.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace {

using namespace cases;
using spawnpipe::completed;
using spawnpipe::exit_status;

// A host's loop. At its end nothing of ours is left in it.
struct host_loop {
  host_loop() { REQUIRE(uv_loop_init(&uv) == 0); }
  host_loop(const host_loop&) = delete;
  host_loop& operator=(const host_loop&) = delete;
  ~host_loop() {
    uv_run(&uv, UV_RUN_NOWAIT);  // the last turn
    CHECK(uv_loop_close(&uv) == 0);
  }

  // Runs until nothing keeps it alive; false where that takes too long.
  [[nodiscard]] bool run() {
    uv_timer_t guard;
    bool late = false;
    uv_timer_init(&uv, &guard);
    guard.data = &late;
    uv_timer_start(
        &guard,
        [](uv_timer_t* handle) {
          *static_cast<bool*>(handle->data) = true;
          uv_stop(handle->loop);
        },
        static_cast<std::uint64_t>(scaled(10s).count()), 0);
    uv_unref(reinterpret_cast<uv_handle_t*>(&guard));
    uv_run(&uv, UV_RUN_DEFAULT);
    uv_close(reinterpret_cast<uv_handle_t*>(&guard), nullptr);
    uv_run(&uv, UV_RUN_NOWAIT);
    return !late;
  }

  uv_loop_t uv{};
};

TEST_CASE("[C4] an adopted uv_loop_t drives children with the host's own run, and ends when they are done") {
  harness::leak_check nothing_left;
  host_loop host;
  CHECK(host.run());
  event_loop loop = must(spawnpipe::posix::adopt(&host.uv));
  CHECK(host.run());  // our being there keeps nothing alive
  constexpr std::size_t size = 1'000'000;
  child running = must(spawnpipe::spawn(loop, piped({.in = size, .out = 5000}, "cat", 3000)));
  std::uint64_t position = 0;
  bool good = true;
  bool ended = false;
  int written = 0;
  running.out().on_readable([&](pipe_reader& out) {
    good = good && !pattern::first_difference(out.available_text(), position);
    position += out.available().size();
    out.consume(out.available().size());
  });
  running.in().on_written([&](pipe_writer& in) {
    ++written;
    if (in.unsent() == 0) CHECK_OK(in.close());
  });
  running.on_exit([&](child&, const exit_status& how) { ended = how.success(); });
  CHECK(must(running.in().write(pattern::make(size))) == size);
  CHECK(host.run());
  CHECK(good);
  CHECK(position == size);
  CHECK(ended);
  CHECK(written > 0);
  running = child();
  loop = event_loop();
}

TEST_CASE("[C1][C4] the last object of an adopted loop may go on another thread") {
  harness::leak_check nothing_left;
  host_loop host;
  event_loop loop = must(spawnpipe::posix::adopt(&host.uv));
  child running = must(spawnpipe::spawn(loop, piped("exit")));
  running.on_exit([](child&, const exit_status&) {});
  CHECK(host.run());
  pipe_reader last = std::move(running.out());
  running = child();
  loop = event_loop();
  std::thread([&] { last = pipe_reader(); }).join();
  CHECK(host.run());
}

TEST_CASE("[C4] a reader that is stopped does not keep the host's loop alive") {
  harness::leak_check nothing_left;
  host_loop host;
  event_loop loop = must(spawnpipe::posix::adopt(&host.uv));
  child running = must(spawnpipe::spawn(loop, piped("hang")));
  uv_run(&host.uv, UV_RUN_NOWAIT);
  CHECK_OK(running.out().stop());
  CHECK_OK(running.err().stop());
  const std::int64_t id = running.id();
  CHECK_OK(running.kill());
  REQUIRE(harness::gone_within(id, 10s));
  CHECK(host.run());
  CHECK(running.status().has_value());
  running = child();
  loop = event_loop();
}

TEST_CASE("[C4] a reader that is full does not keep the host's loop alive") {
  harness::leak_check nothing_left;
  host_loop host;
  event_loop loop = must(spawnpipe::posix::adopt(&host.uv));
  // What is left in the background holds the pipe until its stdin ends, and says nothing.
  const auto what = spawnpipe::command("/bin/sh", {"-c", "exec 3<&0; { cat <&3 >/dev/null; } 2>/dev/null & printf abc"})
                        .in(spawnpipe::stdio::pipe{})
                        .out(spawnpipe::stdio::pipe{3})
                        .err(spawnpipe::stdio::null{});
  child running = must(spawnpipe::spawn(loop, what));
  CHECK(host.run());
  CHECK(running.status().has_value());
  CHECK(running.out().available_text() == "abc");
  running.out().consume(3);
  CHECK_OK(running.in().close());
  CHECK(host.run());
  CHECK(running.out().at_end());
}

TEST_CASE("[C4] a wake is not lost to the question when the loop is due") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  int wakes = 0;
  loop.on_wake([&] { ++wakes; });
  loop.wake();
  CHECK(loop.next_deadline().is_now());
  CHECK(loop.next_deadline().is_now());
  CHECK_OK(loop.run(deadline::now()));
  CHECK(wakes == 1);
  CHECK(loop.next_deadline().is_never());
}

TEST_CASE("[C2][C4] on an adopted loop blocking calls say would_deadlock, and those for now are allowed") {
  harness::leak_check nothing_left;
  host_loop host;
  event_loop loop = must(spawnpipe::posix::adopt(&host.uv));
  child running = must(spawnpipe::spawn(loop, piped({.in = 1000}, "pieces", "line\nrest")));
  REQUIRE(harness::gone_within(running.id(), 10s));
  CHECK(loop.run(patience()).failed_with(errc::would_deadlock));
  CHECK(loop.run(deadline::now()).failed_with(errc::would_deadlock));
  CHECK(running.wait(patience()).failed_with(errc::would_deadlock));
  CHECK(running.stop({}, patience()).failed_with(errc::would_deadlock));
  CHECK(spawnpipe::communicate(running).failed_with(errc::would_deadlock));
  CHECK(running.err().read_line(patience()).failed_with(errc::end_of_stream));  // it need not wait
  CHECK(must(running.out().read_line(deadline::now())) == "line");
  std::string all;
  CHECK_OK(running.out().read_all(all, 100, deadline::now()));
  CHECK(all == "rest");
  child idle = must(spawnpipe::spawn(loop, piped({.in = 1000}, "hang")));
  CHECK(idle.out().read_line(patience()).failed_with(errc::would_deadlock));
  CHECK(idle.out().read_line(deadline::now()).failed_with(errc::timed_out));
  fill(idle.in());
  std::string_view text = "x";
  CHECK(idle.in().write_all(text, patience()).failed_with(errc::would_deadlock));
  CHECK(idle.in().flush(patience()).failed_with(errc::would_deadlock));
  CHECK(idle.in().flush(deadline::now()).failed_with(errc::timed_out));
  CHECK(loop.release_thread().failed_with(errc::not_supported));
  CHECK_FALSE(spawnpipe::posix::adopt(nullptr));
  // This thread's own loop is another one: waiting there is waiting as ever.
  CHECK(must(spawnpipe::run(harness::command("exit", 3), {.until = patience()})).status.code() == 3U);
  CHECK_OK(idle.in().stop());
  running = child();
  idle = child();
  CHECK(host.run());
  loop = event_loop();
}

TEST_CASE("[C4][T3][W4] on an adopted loop deadlines, wakes and closed writers go on, and the host's own handles too") {
  harness::leak_check nothing_left;
  harness::temp_dir folder;
  host_loop host;
  event_loop loop = must(spawnpipe::posix::adopt(&host.uv));
  const stopwatch watch;
  bool timed_out = false;
  auto work = must(spawnpipe::run_async(loop, harness::command("hang"), {.until = 60ms}, [&](const completed& done) {
    timed_out = done.why == spawnpipe::ended_by::deadline;
    CHECK(watch.elapsed() >= 60ms);
    CHECK(watch.elapsed() < scaled(3s));
  }));
  child reads = must(spawnpipe::spawn(loop, piped({.in = 1'000'000}, "when-file", folder / "go", "checksum")));
  CHECK(must(reads.in().write(pattern::make(900'000))) == 900'000);
  CHECK_OK(reads.in().close());
  reads.in() = pipe_writer();
  std::string answer;
  reads.out().on_readable([&](pipe_reader& out) {
    answer += out.available_text();
    out.consume(out.available().size());
  });
  int wakes = 0;
  loop.on_wake([&] {
    ++wakes;
    harness::write_file(folder / "go", "");
  });
  const later wakes_it([&] { loop.wake(); });
  uv_timer_t ticker;
  int ticks = 0;
  uv_timer_init(&host.uv, &ticker);
  ticker.data = &ticks;
  uv_timer_start(
      &ticker,
      [](uv_timer_t* handle) {
        if (++*static_cast<int*>(handle->data) == 10) uv_close(reinterpret_cast<uv_handle_t*>(handle), nullptr);
      },
      1, 1);
  CHECK(host.run());
  CHECK(timed_out);
  CHECK(wakes == 1);
  CHECK(ticks == 10);
  CHECK(checksum_of(answer).count == 900'000);
  CHECK(checksum_of(answer).good);
  CHECK(must(reads.wait(deadline::now())).success());
  work = spawnpipe::job();
  reads = child();
  loop = event_loop();
}

TEST_CASE("[C3][C4] on an adopted loop running children and the loop's handle may be destroyed, in callbacks too") {
  harness::leak_check nothing_left;
  for (const bool in_callback : {false, true}) {
    for (const bool loop_first : {false, true}) {
      host_loop host;
      auto loop = std::make_unique<event_loop>(must(spawnpipe::posix::adopt(&host.uv)));
      auto stubborn = std::make_unique<child>(
          must(spawnpipe::spawn(*loop, piped({.in = 1000}, "ignore-terminate").on_destroy({.terminate = 20ms}))));
      auto quick = std::make_unique<child>(must(spawnpipe::spawn(*loop, piped("yes"))));
      const std::int64_t ids[] = {stubborn->id(), quick->id()};
      fill(stubborn->in());
      const auto destroy = [&] {
        if (loop_first) loop.reset();
        stubborn.reset();
        quick.reset();
        loop.reset();
      };
      bool called = false;
      quick->out().on_readable([&](pipe_reader& out) {
        out.consume(out.available().size());
        called = true;
        if (in_callback) destroy();
      });
      if (!in_callback) {
        uv_run(&host.uv, UV_RUN_ONCE);
        destroy();
      }
      CHECK(host.run());
      if (in_callback) CHECK(called);
      for (const std::int64_t id : ids) CHECK_FALSE(host_os::running(id));
    }
  }
}

// A host's loop made of poll(2). Returns how often it went round.
std::size_t poll_until(event_loop& loop, const std::function<bool()>& done) {
  const deadline limit = patience();
  std::size_t rounds = 0;
  while (!done() && !limit.passed()) {
    ++rounds;
    struct pollfd ours = {.fd = spawnpipe::posix::fd(loop.native()), .events = POLLIN, .revents = 0};
    const auto left = std::min(loop.next_deadline(), limit).remaining();
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    if (::poll(&ours, 1, static_cast<int>(wait)) < 0 && errno != EINTR) break;
    const auto ran = loop.run(deadline::now());
    if (!ran) CHECK(ran.failed_with(errc::timed_out));
  }
  return rounds;
}

TEST_CASE("[C4] a host that polls native() and heeds next_deadline() drives everything") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  constexpr std::size_t size = 1'000'000;
  child running = must(spawnpipe::spawn(loop, piped({.in = 10'000}, "cat")));
  const std::string text = pattern::make(size);
  std::string_view rest = text;
  std::uint64_t position = 0;
  bool ended = false;
  const auto feed = [&](pipe_writer& in) {
    while (!rest.empty()) {
      const std::size_t taken = must(in.write(rest));
      if (taken == 0) return;
      rest.remove_prefix(taken);
    }
    CHECK_OK(in.close());
  };
  running.in().on_written([&](pipe_writer& in) {
    if (in.is_open()) feed(in);
  });
  running.out().on_readable([&](pipe_reader& out) {
    CHECK_FALSE(pattern::first_difference(out.available_text(), position));
    position += out.available().size();
    out.consume(out.available().size());
  });
  running.on_exit([&](child&, const exit_status& how) { ended = how.success(); });
  feed(running.in());
  poll_until(loop, [&] { return ended && running.out().at_end(); });
  CHECK(ended);
  CHECK(position == size);

  // Deadlines and graces of ours come through next_deadline, and waiting for them goes round a few times only.
  bool done = false;
  const stopwatch watch;
  auto work = must(spawnpipe::run_async(loop, harness::command("ignore-terminate"),
                                        {.until = 150ms, .policy = {.terminate = 1h}}, [&](const completed& what) {
                                          CHECK(what.why == spawnpipe::ended_by::deadline);
                                          done = true;
                                        }));
  const std::size_t rounds = poll_until(loop, [&] { return done; });
  CHECK(done);
  CHECK(watch.elapsed() >= 150ms);
  CHECK(watch.elapsed() < scaled(3s));
  CHECK(rounds < 30);

  // What was begun since the last run shows as well: here a write that has to wait.
  harness::temp_dir folder;
  child late = must(spawnpipe::spawn(loop, piped({.in = 10'000}, "when-file", folder / "go", "until-eof")));
  static_cast<void>(loop.run(deadline::now()));
  bool written = false;
  late.in().on_written([&](pipe_writer&) { written = true; });
  CHECK(fill(late.in()) > 10'000);
  {
    const later reads([&] { harness::write_file(folder / "go", ""); });
    const stopwatch waits;
    CHECK(poll_until(loop, [&] { return written; }) < 30);
    CHECK(waits.elapsed() < scaled(5s));  // by the descriptor, and not because the host gave up
  }
  CHECK(written);
  late = child();

  // A wake from another thread shows on the descriptor.
  bool woken = false;
  loop.on_wake([&] { woken = true; });
  const later wakes([&] { loop.wake(); });
  const stopwatch waits;
  CHECK(poll_until(loop, [&] { return woken; }) < 10);
  CHECK(waits.elapsed() < scaled(5s));
  CHECK(woken);
  CHECK(loop.next_deadline().is_never());
}

// What this back end has no need to fear, since it uses no thread pool: reads, writes, exits and stops are the loop's own.
TEST_CASE("[C5] with all threads of libuv's pool busy everything goes on") {
  harness::leak_check nothing_left;
  struct gate {
    std::mutex lock;
    std::condition_variable opened;
    bool open = false;
  } held;
  host_loop host;
  std::array<uv_work_t, 64> work{};
  for (uv_work_t& each : work) {
    each.data = &held;
    REQUIRE(uv_queue_work(
                &host.uv, &each,
                [](uv_work_t* self) {
                  auto& shut = *static_cast<gate*>(self->data);
                  std::unique_lock hold(shut.lock);
                  shut.opened.wait(hold, [&] { return shut.open; });
                },
                [](uv_work_t*, int) {}) == 0);
  }
  const std::string text = pattern::make(500'000);
  const auto done = must(spawnpipe::run(harness::command("cat", 4096, "both"), {.input = text, .until = patience()}));
  CHECK(done.success());
  CHECK((done.out == text));
  blocked_child on;
  CHECK_OK(on.running.in().stop());
  CHECK_OK(on.running.out().stop());
  CHECK(must(on.running.stop(spawnpipe::stop_policy::graceful(5ms), patience())).phase == spawnpipe::stop_phase::kill);
  {
    const std::lock_guard hold(held.lock);
    held.open = true;
    held.opened.notify_all();
  }
  CHECK(host.run());
}

}  // namespace
