// Inside callbacks: what would have to wait says so, and everything may be destroyed.
#include "blocked_child.hpp"

#include <array>
#include <memory>
#include <stdexcept>

namespace {

using namespace cases;
using spawnpipe::completed;
using spawnpipe::exit_status;
using spawnpipe::job;

TEST_CASE("[C2] inside a callback every call that would have to wait says would_deadlock") {
  harness::leak_check nothing_left;
  blocked_child on;
  blocked_child beside;       // on a loop of its own: this thread cannot wait there either
  child own = start("hang");  // on the thread's own
  int called = 0;
  on.loop.on_wake([&] {
    ++called;
    for (blocked_child* each : {&on, &beside}) {
      for (const blocking_call& call : blocking_calls(*each)) {
        CAPTURE(call.name);
        const bool own_loop = each == &on;
        CAPTURE(own_loop);
        CHECK(call.call(deadline::never(), {}) == errc::would_deadlock);
        CHECK(call.call(50ms, {}) == errc::would_deadlock);
      }
    }
    CHECK(own.wait(patience()).failed_with(errc::would_deadlock));
    CHECK(own.stop({}, patience()).failed_with(errc::would_deadlock));
    CHECK(spawnpipe::run(harness::command("exit")).failed_with(errc::would_deadlock));
    CHECK(spawnpipe::communicate(on.running).failed_with(errc::would_deadlock));
    CHECK(spawnpipe::communicate(own).failed_with(errc::would_deadlock));
  });
  on.loop.wake();
  const stopwatch watch;
  CHECK(on.loop.run(1ms).failed_with(errc::timed_out));
  CHECK(watch.elapsed() < scaled(2s));
  CHECK(called == 1);
  for (const auto id : {on.running.id(), beside.running.id(), own.id()}) CHECK(host_os::running(id));
}

TEST_CASE("[C2] inside a callback the forms with deadline::now() look at their object") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  const auto spoken = [&](auto... pieces) {
    child all = must(spawnpipe::spawn(loop, piped("pieces", pieces...)));
    REQUIRE(harness::gone_within(all.id(), 10s));
    return all;
  };
  child lines = spoken("line\nmore");
  child direct = spoken("0123456789");
  child whole = spoken("all");
  child silent = must(spawnpipe::spawn(loop, piped("until-eof")));
  int called = 0;
  loop.on_wake([&] {
    ++called;
    std::array<std::byte, 3> some{};
    CHECK(must(lines.out().read_line(deadline::now())) == "line");
    CHECK(must(direct.out().read_some(some, deadline::now())) == 3);
    CHECK(must(direct.out().read_some(some, deadline::now())) == 3);
    std::string all;
    CHECK_OK(whole.out().read_all(all, 100, deadline::now()));
    CHECK(all == "all");
    CHECK(silent.out().read_line(deadline::now()).failed_with(errc::timed_out));
    CHECK(silent.wait(deadline::now()).failed_with(errc::timed_out));
    std::string_view text = "text";
    CHECK_OK(silent.in().write_all(text, deadline::now()));
    CHECK_OK(silent.in().flush(deadline::now()));
    CHECK_OK(silent.in().close());
  });
  loop.wake();
  static_cast<void>(loop.run(deadline::now()));
  CHECK(called == 1);
  CHECK(must(silent.wait(patience())).success());
}

TEST_CASE("[C2] inside callbacks children are started, fed, stopped, and runs are begun") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  child second;
  job work;
  std::string got;
  bool done = false;
  child first = must(spawnpipe::spawn(loop, piped("pieces", "go")));
  first.out().on_readable([&](pipe_reader& out) {
    out.consume(out.available().size());
    if (!out.at_end()) return;
    second = must(spawnpipe::spawn(loop, piped("cat")));
    CHECK(must(second.in().write("fed")) == 3);
    CHECK_OK(second.in().close());
    second.out().on_readable([&](pipe_reader& from) {
      got += from.available_text();
      from.consume(from.available().size());
      if (!from.at_end()) return;
      work =
          must(spawnpipe::run_async(loop, harness::command("hang"), {.until = patience()}, [&](const completed& what) {
            CHECK(what.why == spawnpipe::ended_by::stopped);
            done = true;
          }));
      CHECK_OK(work.stop());
    });
  });
  CHECK_OK(loop.run(patience()));
  CHECK(got == "fed");
  CHECK(done);
}

TEST_CASE("[C3] each object may be destroyed in each callback, its own and the loop's included") {
  harness::leak_check nothing_left;
  // Where the destruction happens, and what is destroyed there.
  enum where { in_readable, in_written, in_exit, in_wake, in_job, all_places };
  enum what { writer, reader, process, work, loop_handle, everything, all_things };
  for (int place = 0; place < all_places; ++place) {
    for (int thing = 0; thing < all_things; ++thing) {
      CAPTURE(place);
      CAPTURE(thing);
      auto loop = std::make_unique<event_loop>(must(event_loop::create()));
      auto running = std::make_unique<child>(must(spawnpipe::spawn(*loop, piped({.in = 300'000}, "cat", 1000))));
      auto in = std::make_unique<pipe_writer>(std::move(running->in()));
      auto out = std::make_unique<pipe_reader>(std::move(running->out()));
      auto task = std::make_unique<job>();
      bool destroyed = false;
      const auto destroy = [&](int here) {
        if (here != place || destroyed) return;
        destroyed = true;
        if (thing == writer || thing == everything) in.reset();
        if (thing == reader || thing == everything) out.reset();
        if (thing == process || thing == everything) running.reset();
        if (thing == work || thing == everything) task.reset();
        if (thing == loop_handle || thing == everything) loop.reset();
        // What is left goes, so that the loop comes to its end.
        if (running) static_cast<void>(running->kill());
      };
      *task =
          must(spawnpipe::run_async(*loop, harness::command("exit"), {}, [&](const completed&) { destroy(in_job); }));
      in->on_written([&](pipe_writer&) { destroy(in_written); });
      out->on_readable([&](pipe_reader& from) {
        from.consume(from.available().size());
        destroy(in_readable);
      });
      running->on_exit([&](child&, const exit_status&) { destroy(in_exit); });
      loop->on_wake([&] { destroy(in_wake); });
      CHECK(must(in->write(pattern::make(1'000'000))) > 0);  // more than any pipe holds
      if (place == in_exit) CHECK_OK(running->kill());
      if (place == in_wake) loop->wake();
      const bool loop_goes = thing == loop_handle || thing == everything;
      event_loop& runs = *loop;
      const auto ended = runs.run(patience());
      CHECK(destroyed);
      if (loop_goes) {
        CHECK(ended.failed_with(errc::cancelled));
      } else {
        CHECK_OK(ended);
      }
    }
  }
}

TEST_CASE("[C3] a callback may replace itself, and take itself back") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  child running = must(spawnpipe::spawn(loop, piped("pieces-on-request", "a", "b", "c")));
  std::string calls;
  running.out().on_readable([&, guard = std::make_shared<std::string>("first")](pipe_reader& out) {
    out.on_readable([&](pipe_reader& from) {
      calls += "2";
      from.on_readable({});
    });
    calls += *guard == "first" ? "1" : "?";
    CHECK(must(running.in().write("\n")) == 1);
  });
  CHECK(must(running.in().write("\n")) == 1);
  CHECK_OK(loop.run(patience()));
  CHECK(calls == "12");
  CHECK(running.out().available_text().starts_with("ab"));
}

TEST_CASE("[C3] an exception comes out of run, and the loop can be run again") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  child running = must(spawnpipe::spawn(loop, piped("exit")));
  int wakes = 0;
  loop.on_wake([&] {
    if (++wakes == 1) throw std::runtime_error("from a callback");
  });
  bool ended = false;
  running.on_exit([&](child&, const exit_status&) { ended = true; });
  loop.wake();
  CHECK_THROWS_WITH(static_cast<void>(loop.run(patience())), "from a callback");
  loop.wake();
  CHECK_OK(loop.run(patience()));
  CHECK(wakes == 2);
  CHECK(ended);
  CHECK(must(running.wait(patience())).success());  // no longer inside a callback
}

TEST_CASE("[C2] blocking calls move the bytes of every object of the loop, and call nobody back") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  int called = 0;
  child speaks = must(spawnpipe::spawn(loop, piped("pieces", "heard")));
  speaks.out().on_readable([&](pipe_reader&) { ++called; });
  speaks.on_exit([&](child&, const exit_status&) { ++called; });
  child reads = must(spawnpipe::spawn(loop, piped({.in = 1'000'000}, "until-eof", 5)));
  reads.in().on_written([&](pipe_writer&) { ++called; });
  loop.on_wake([&] { ++called; });
  CHECK(must(reads.in().write(pattern::make(900'000))) == 900'000);
  CHECK_OK(reads.in().close());
  loop.wake();
  CHECK(must(reads.wait(patience())).code() == 5U);  // all of its input was delivered
  CHECK(must(speaks.wait(patience())).success());
  CHECK(speaks.out().available_text() == "heard");
  {
    child destroyed = must(spawnpipe::spawn(loop, piped("hang")));
    destroyed.on_exit([&](child&, const exit_status&) { ++called; });
  }
  CHECK(called == 0);
  CHECK_OK(loop.run(patience()));
  CHECK(called >= 3);
}

}  // namespace
