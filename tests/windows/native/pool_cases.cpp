// The one pool of the library, and what must not happen around its waits.
#include "seam.hpp"

#include <atomic>
#include <memory>

namespace {

using namespace seam;

TEST_CASE_FIXTURE(audit, "[C5] the pool is made with the first loop and closed with the last") {
  CHECK(fake::objects().pools == 0);
  auto one = std::make_unique<small_loop>();
  auto two = std::make_unique<small_loop>();
  CHECK(fake::objects().pools == 1);
  CHECK(fake::calls(call::CreateThreadpool) == 1);
  one.reset();
  CHECK(fake::objects().pools == 1);
  {
    reader in(*two);
    CHECK_FALSE(in.begin());
    two->arm();
    in.pipe.feed("x");
    REQUIRE(in.finish(false));
  }
  two.reset();
  CHECK(fake::objects() == fake::object_counts{});
  const small_loop again;
  CHECK(fake::calls(call::CreateThreadpool) == 2);
  CHECK(fake::objects().pools == 1);
}

TEST_CASE_FIXTURE(audit, "[C1][C5] loops come and go in four threads, and share one pool while there are any") {
  std::atomic<int> told = 0;
  std::vector<std::thread> threads;
  for (int which = 0; which < 4; ++which) {
    threads.emplace_back([&, which] {
      for (int round = 0; round < 30; ++round) {
        small_loop loop;
        reader in(loop);
        if (in.begin()) continue;
        if ((round + which) % 2 == 0) loop.arm();
        fake::pipe pipe = in.pipe;
        std::thread other([=] { pipe.feed("x"); });
        if (in.finish(round % 3 == 0)) ++told;
        other.join();
      }
    });
  }
  for (auto& each : threads) each.join();
  CHECK(told == 120);
  CHECK(fake::objects() == fake::object_counts{});
}

TEST_CASE_FIXTURE(on_a_loop, "[C5] many operations end at one time, and each is told once") {
  constexpr int count = 40;
  std::vector<std::unique_ptr<reader>> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(std::make_unique<reader>(loop));
    CHECK_FALSE(all.back()->begin());
  }
  loop.arm();
  fake::hold_callbacks(true);
  for (const auto& each : all) each->pipe.feed("x");
  CHECK(fake::callbacks_due() == count);
  fake::hold_callbacks(false);
  for (const auto& each : all) REQUIRE(each->finish(false));
  loop.arm();
  for (const auto& each : all) CHECK(each->completions == 1);
  CHECK_FALSE(loop.event_is_set());
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[C5] a callback that blocks holds up neither the direct wait nor a stop of another stream") {
  reader slow(loop);
  reader slow_too(loop);
  reader direct(loop);
  reader stopped(loop);
  for (auto* each : {&slow, &slow_too, &stopped}) CHECK_FALSE(each->begin());
  loop.arm();
  std::atomic<bool> go_on = false;
  for (int at = 1; at <= 2; ++at)
    fake::before(call::callback, at, [&] { fake::eventually([&] { return go_on.load(); }); });
  slow.pipe.feed("1");
  slow_too.pipe.feed("2");
  CHECK(fake::eventually([] { return fake::callbacks_running() == 2; }));  // all threads of the pool
  CHECK_FALSE(direct.begin());
  fake::later(5ms, [&] { direct.pipe.feed("3"); });
  REQUIRE(direct.finish(true));
  CHECK(direct.text() == "3");
  stopped.pipe.feed("4");
  CHECK(stopped.retire().bytes == 1);
  CHECK_FALSE(go_on.load());
  go_on = true;
  REQUIRE(slow.finish(false));
  REQUIRE(slow_too.finish(false));
  CHECK(stopped.completions == 0);
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[W5] no lock is held while callbacks are waited for: one that needs the queue's gets it") {
  for (int round = 0; round < 20; ++round) {
    reader in(loop);
    reader beside(loop);
    CHECK_FALSE(in.begin());
    CHECK_FALSE(beside.begin());
    loop.arm();
    // The callback starts when its owner waits for it already; it then takes the queue's lock to post.
    std::atomic<bool> awaited = false;
    fake::before(call::callback, 1,
                 [&] { awaited = fake::eventually([] { return fake::waiting_for_callbacks() == 1; }); });
    in.pipe.feed("x");
    CHECK(fake::eventually([] { return fake::callbacks_running() == 1; }));
    fake::later(1ms, [&] { platform::loop_wake(loop.waker()); });
    CHECK(in.retire().bytes == 1);
    CHECK(awaited.load());
    fake::join_threads();
    CHECK(loop.pass());
    beside.pipe.feed("y");
    REQUIRE(beside.finish(false));
  }
}

}  // namespace
