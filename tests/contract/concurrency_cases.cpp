// Threads: whose object it is, two loops on two threads, handing over, and destruction from elsewhere.
#include "blocked_child.hpp"

#include <atomic>
#include <latch>
#include <memory>

namespace {

using namespace cases;
using spawnpipe::exit_status;

// What a call said on a thread of its own.
template <class Call>
auto elsewhere(Call call) {
  std::optional<decltype(call())> said;
  std::thread([&] { said.emplace(call()); }).join();
  return *std::move(said);
}

TEST_CASE("[C1][P9] what a thread has left is destroyed by others, each at once") {
  harness::leak_check nothing_left;
  child one;
  child two;
  std::thread([&] {
    one = start("hang");
    two = start("hang");
  }).join();
  const std::int64_t first = one.id();
  const std::int64_t second = two.id();
  std::atomic<bool> destroyed = false;
  std::atomic<bool> over = false;
  std::thread lives_on([&] {
    one = child();
    destroyed = true;
    while (!over) std::this_thread::yield();
  });
  while (!destroyed) std::this_thread::yield();
  CHECK(harness::gone_within(first, 10s));
  two = child();
  CHECK(harness::gone_within(second, 10s));
  over = true;
  lives_on.join();
}

TEST_CASE("[C1] every call from another thread says wrong_thread, and does nothing") {
  harness::leak_check nothing_left;
  blocked_child on;
  child& running = on.running;
  const auto calls = blocking_calls(on);
  for (const blocking_call& each : calls) {
    CAPTURE(each.name);
    CHECK(elsewhere([&] { return each.call(patience(), {}); }) == errc::wrong_thread);
    CHECK(elsewhere([&] { return each.call(deadline::now(), {}); }) == errc::wrong_thread);
  }
  std::string text = "x";
  const std::vector<std::function<std::error_code()>> others = {
      [&] { return code_of(running.in().write("x")); },
      [&] { return code_of(running.in().write_owned(text)); },
      [&] { return code_of(running.in().close()); },
      [&] { return code_of(running.in().stop()); },
      [&] { return code_of(running.out().drain(text)); },
      [&] { return code_of(running.out().stop()); },
      [&] { return code_of(running.out().resume()); },
      [&] { return code_of(running.out().close()); },
      [&] { return code_of(running.begin_stop()); },
      [&] { return code_of(running.terminate()); },
      [&] { return code_of(running.kill()); },
      [&] { return code_of(running.detach()); },
      [&] { return code_of(on.loop.release_thread()); },
      [&] { return code_of(on.loop.acquire_thread()); },
      [&] { return code_of(spawnpipe::communicate(running, {.until = patience()})); },
      [&] { return code_of(spawnpipe::spawn(on.loop, harness::command("exit"))); },
      [&] {
        return code_of(spawnpipe::run_async(on.loop, harness::command("exit"), {}, [](const spawnpipe::completed&) {}));
      },
  };
  for (std::size_t index = 0; index < others.size(); ++index) {
    CAPTURE(index);
    CHECK(elsewhere(others[index]) == errc::wrong_thread);
  }
  CHECK(elsewhere([&] { return running.out().available().size(); }) == 0);
  CHECK(text == "x");
  CHECK(running.in().is_open());
  CHECK(running.out().is_open());
  CHECK(running.in().unsent() == 1000);
  CHECK(on.loop.run(1ms).failed_with(errc::timed_out));
}

TEST_CASE("[C1] a job belongs to its loop's thread") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  bool done = false;
  auto work = must(spawnpipe::run_async(loop, harness::command("hang"), {.until = patience()},
                                        [&](const spawnpipe::completed& what) {
                                          CHECK(what.why == spawnpipe::ended_by::stopped);
                                          done = true;
                                        }));
  CHECK(elsewhere([&] { return code_of(work.stop()); }) == errc::wrong_thread);
  CHECK(work.running());
  CHECK_OK(work.stop());
  CHECK_OK(loop.run(patience()));
  CHECK(done);
}

TEST_CASE("[C1] loops on several threads share nothing: each calls its own callbacks, on its own thread") {
  harness::leak_check nothing_left;
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      const std::size_t size = 1'000'000 + thread;
      event_loop loop = must(event_loop::create());
      const auto self = std::this_thread::get_id();
      bool here = true;
      for (int rounds = 0; rounds < 5; ++rounds) {
        child running = must(spawnpipe::spawn(loop, piped("cat", 4096)));
        std::string text = pattern::make(size);
        std::uint64_t position = 0;
        bool whole = true;
        running.out().on_readable([&](pipe_reader& out) {
          here = here && std::this_thread::get_id() == self;
          whole = whole && !pattern::first_difference(out.available_text(), position);
          position += out.available().size();
          out.consume(out.available().size());
        });
        running.on_exit([&](child&, const exit_status& how) { here = here && how.success(); });
        // The blocking calls of this thread's own loop go on beside it.
        const auto beside = must(spawnpipe::run(harness::command("write", size), {.until = patience()}));
        whole = whole && beside.out.size() == size && !pattern::first_difference(beside.out);
        if (!must(running.in().write_owned(text)) || !running.in().close()) return;
        if (!loop.run(patience()) || !whole || position != size) return;
      }
      if (here) ++good;
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(good == 4);
}

TEST_CASE("[C1] a loop is handed over in two steps, with all that was made on it") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = 500'000;
  event_loop loop = must(event_loop::create());
  child running = must(spawnpipe::spawn(loop, piped({.out = 5000}, "cat", 3000)));
  const std::string text = pattern::make(size);
  std::string_view rest = text;
  std::string all;
  CHECK_OK(loop.acquire_thread());  // its owner has it already
  const auto some_way = [&] {
    const deadline limit = patience();
    for (int rounds = 0; rounds < 20 && all.size() < size && !limit.passed(); ++rounds) {
      if (!rest.empty()) static_cast<void>(running.in().write_all(rest, 1ms));
      if (rest.empty()) static_cast<void>(running.in().close());
      static_cast<void>(running.out().read_all(all, size + 1, 1ms));
    }
    // Let go with nothing in flight: the child has taken all, because its output is read.
    while (!running.in().flush(1ms) && !limit.passed()) {
      static_cast<void>(running.out().read_all(all, size + 1, 1ms));
    }
    return loop.release_thread().has_value();
  };
  CHECK(some_way());
  CHECK(running.out().read_line(deadline::now()).failed_with(errc::wrong_thread));
  CHECK(loop.run(deadline::now()).failed_with(errc::wrong_thread));
  for (int rounds = 0; rounds < 40 && all.size() < size; ++rounds) {
    CHECK(elsewhere([&] { return loop.acquire_thread().has_value() && some_way(); }));
    CHECK_OK(loop.acquire_thread());
    CHECK(some_way());
  }
  CHECK_OK(loop.acquire_thread());
  CHECK(all.size() == size);
  CHECK_FALSE(pattern::first_difference(all));
  CHECK(elsewhere([&] { return code_of(loop.acquire_thread()); }) == errc::wrong_thread);
  CHECK(must(running.wait(patience())).success());
}

TEST_CASE("[C1] a loop is not handed over while a write is in flight, nor inside a callback") {
  harness::leak_check nothing_left;
  blocked_child on;
  CHECK(on.loop.release_thread().failed_with(std::errc::device_or_resource_busy));
  CHECK(on.loop.run(1ms).failed_with(errc::timed_out));  // it is still ours
  CHECK_OK(on.running.in().stop());
  on.loop.on_wake([&] { CHECK(on.loop.release_thread().failed_with(errc::would_deadlock)); });
  on.loop.wake();
  CHECK(on.loop.run(1ms).failed_with(errc::timed_out));
  CHECK_OK(on.loop.release_thread());
  CHECK(elsewhere([&] {
    if (!on.loop.acquire_thread()) return false;
    return on.running.stop(spawnpipe::stop_policy::immediate(), patience()).has_value();
  }));
}

TEST_CASE("[C1][W4] children of a thread that has ended can be destroyed elsewhere, or taken over") {
  harness::leak_check nothing_left;
  child left;  // on the default loop of its thread
  child on_loop;
  child taken;
  auto loop = std::make_unique<event_loop>();
  auto other = std::make_unique<event_loop>();
  std::thread([&] {
    left = must(spawnpipe::spawn(piped({.in = 100}, "hang", "up")));
    CHECK(line_of(left.out()) == "up");
    fill(left.in());
    CHECK_FALSE(left.out().read_line(1ms));
    *loop = must(event_loop::create());
    on_loop = must(spawnpipe::spawn(*loop, piped({.in = 100}, "hang")));
    fill(on_loop.in());
    *other = must(event_loop::create());
    taken = must(spawnpipe::spawn(*other, piped("cat")));
    CHECK(must(taken.in().write("over\n")) == 5);
  }).join();
  const std::int64_t ids[] = {left.id(), on_loop.id()};
  CHECK(left.wait(deadline::now()).failed_with(errc::wrong_thread));
  CHECK_OK(other->acquire_thread());
  CHECK(line_of(taken.out()) == "over");
  CHECK_OK(taken.in().close());
  CHECK(must(taken.wait(patience())).success());
  SUBCASE("the loop first") {
    loop.reset();
    on_loop = child();
  }
  SUBCASE("the child first") {
    on_loop = child();
    loop.reset();
  }
  left = child();
  for (const std::int64_t id : ids) CHECK_FALSE(host_os::running(id));
}

TEST_CASE("[C1] objects that are destroyed elsewhere, while their owner is at work, are ended by the owner") {
  harness::leak_check nothing_left;
  constexpr int count = 20;
  // One by one, or so fast that the owner finds several at once.
  for (const auto pause : {1000us, 100us, 0us, 0us, 0us}) {
    event_loop loop = must(event_loop::create());
    std::vector<std::unique_ptr<child>> children;
    std::vector<std::int64_t> ids;
    for (int each = 0; each < count; ++each) {
      children.push_back(std::make_unique<child>(must(spawnpipe::spawn(loop, piped({.in = 100}, "hang")))));
      if (each % 2 == 0) fill(children.back()->in());
      ids.push_back(children.back()->id());
    }
    child last = must(spawnpipe::spawn(loop, piped("until-eof")));
    last.on_exit([](child&, const exit_status&) {});
    std::atomic<bool> over = false;
    std::thread destroys([&] {
      for (auto& each : children) {
        std::this_thread::sleep_for(pause);
        each.reset();
      }
      over = true;
      loop.wake();
    });
    loop.on_wake([&] {
      if (over) CHECK_OK(last.in().close());
    });
    CHECK_OK(loop.run(patience()));
    destroys.join();
    CHECK(over);
    for (const std::int64_t id : ids) CHECK(harness::gone_within(id, 10s));
  }
}

TEST_CASE("[C1][C3] an object that was destroyed elsewhere is not called any more, though its news are there") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  std::vector<std::unique_ptr<child>> children;
  for (int each = 0; each < 3; ++each) {
    children.push_back(std::make_unique<child>(must(spawnpipe::spawn(loop, piped("write", 3)))));
  }
  int called = 0;
  const auto the_others_go = [&](const child* mine) {
    ++called;
    std::thread([&] {
      for (auto& each : children) {
        if (each.get() != mine) each.reset();
      }
    }).join();
  };
  SUBCASE("exits") {
    for (auto& each : children) each->on_exit([&](child& mine, const exit_status&) { the_others_go(&mine); });
    // Blocking calls call nobody: all three are to be told of when the loop runs.
    for (auto& each : children) CHECK_OK(each->wait(patience()));
  }
  SUBCASE("reads") {
    for (auto& each : children) {
      each->out().on_readable([&, mine = each.get()](pipe_reader& out) {
        out.consume(out.available().size());
        CHECK_OK(out.close());
        the_others_go(mine);
      });
    }
    for (auto& each : children) CHECK_OK(each->wait(patience()));
  }
  CHECK_OK(loop.run(patience()));
  CHECK(called == 1);
}

TEST_CASE("[C1] wake reaches the loop from any thread, is never lost, and is only a wake") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  child keeps_running = must(spawnpipe::spawn(loop, harness::command("hang")));
  keeps_running.on_exit([](child&, const exit_status&) {});
  std::atomic<int> asked = 0;
  int answered = 0;
  loop.on_wake([&] {
    answered = asked.load();
    if (answered == 2000) loop.stop();
  });
  std::vector<std::thread> threads;
  for (int each = 0; each < 2; ++each) {
    threads.emplace_back([&] {
      for (int times = 0; times < 1000; ++times) {
        ++asked;
        loop.wake();
        if (times % 50 == 0) std::this_thread::yield();
      }
    });
  }
  CHECK_OK(loop.run(patience()));
  for (std::thread& each : threads) each.join();
  CHECK(answered == 2000);
  loop.wake();
  CHECK(keeps_running.wait(1ms).failed_with(errc::timed_out));  // no callback in a blocking call
  answered = 0;
  CHECK_OK(loop.run(patience()));
  CHECK(answered == 2000);
}

TEST_CASE("[G6] a host with many threads") {
  harness::leak_check nothing_left;
  std::latch over(1);
  std::vector<std::thread> idle;
  for (int i = 0; i < 64; ++i) idle.emplace_back([&] { over.wait(); });
  int good = 0;
  for (int round = 0; round < 10; ++round) {
    const auto done = spawnpipe::run(harness::command("cat"), {.input = "some text", .until = patience()});
    good += done && done->out == "some text" ? 1 : 0;
  }
  over.count_down();
  for (std::thread& each : idle) each.join();
  CHECK(good == 10);
}

}  // namespace
