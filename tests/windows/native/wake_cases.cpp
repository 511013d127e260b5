// Wakes, whenever they come; and the event that a host's own loop waits on: it is set exactly while there is something to take.
#include "seam.hpp"

#include <atomic>

namespace {

using namespace seam;

// Long, where it ends at once if nothing is lost.
constexpr auto long_wait = 3s;

// One pass that has to be ended by something; whether it was, and by a wake.
bool woken_in_time(small_loop& loop) {
  const auto began = std::chrono::steady_clock::now();
  bool woken = false;
  while (!woken && std::chrono::steady_clock::now() - began < scaled(long_wait)) woken = loop.pass(scaled(long_wait));
  return woken && std::chrono::steady_clock::now() - began < scaled(long_wait) / 2;
}

TEST_CASE_FIXTURE(on_a_loop, "[T7] a wake before, while and after waiting is told once, and none is lost") {
  platform::loop_wake(loop.waker());
  platform::loop_wake(loop.waker());
  CHECK(loop.event_is_set());
  CHECK(loop.pass());
  CHECK_FALSE(loop.event_is_set());
  CHECK_FALSE(loop.pass());
  CHECK_FALSE(loop.pass(5ms));

  std::thread other([&] {
    fake::eventually([] { return fake::waiting() == 1; });
    platform::loop_wake(loop.waker());
  });
  CHECK(woken_in_time(loop));
  other.join();
  CHECK_FALSE(loop.pass());
}

TEST_CASE_FIXTURE(audit, "[T7] likewise on a loop whose event nobody else waits on") {
  small_loop loop(false);
  platform::loop_wake(loop.waker());
  platform::loop_wake(loop.waker());
  CHECK(loop.pass());
  CHECK_FALSE(loop.pass());
  CHECK_FALSE(loop.pass(5ms));
  CHECK_FALSE(loop.event_is_set());
  // The one that wakes is caught before and behind the call that sets the event; meanwhile the owner takes the wake, or another one
  // comes, which relies on the first.
  for (const bool before : {true, false}) {
    for (const bool another : {true, false}) {
      CAPTURE(before);
      CAPTURE(another);
      bool woken = false;
      (before ? fake::before : fake::after)(call::SetEvent, 1, [&] {
        if (another) platform::loop_wake(loop.waker());
        woken = loop.pass(1ms);
      });
      platform::loop_wake(loop.waker());
      CHECK(woken);
      fake::forget_plan();
      platform::loop_wake(loop.waker());
      CHECK(woken_in_time(loop));
      CHECK_FALSE(loop.pass(1ms));
    }
  }
  // By the hundred, from two threads: the last is never lost.
  for (int round = 0; round < 300; ++round) {
    std::thread one([&] { platform::loop_wake(loop.waker()); });
    std::thread two([&] { platform::loop_wake(loop.waker()); });
    REQUIRE(woken_in_time(loop));
    one.join();
    two.join();
    static_cast<void>(loop.pass());
    static_cast<void>(loop.pass());
  }
  // What a callback posts is taken, once.
  for (int round = 0; round < 100; ++round) {
    reader in(loop);
    CHECK_FALSE(in.begin());
    loop.arm();
    std::thread other([&] { in.pipe.feed("x"); });
    REQUIRE(in.finish(false, scaled(2s)));
    other.join();
    CHECK(in.completions == 1);
  }
}

// The step of a pass at which a wake comes.
struct step {
  call which;
  int at;
  bool before;
};

void check_wake_at(small_loop& loop, const step& where, bool with_post) {
  reader in(loop);
  CHECK_FALSE(in.begin());
  loop.arm();
  if (with_post) {  // something that the pass has to take, and to reset the event for
    in.pipe.feed("x");
    CHECK(fake::eventually([&] { return loop.event_is_set(); }));
  } else {
    platform::loop_wake(loop.waker());
  }
  std::thread other;
  std::atomic<bool> done = false;
  (where.before ? fake::before : fake::after)(where.which, where.at, [&] {
    other = std::thread([&] {
      platform::loop_wake(loop.waker());
      done = true;
    });
    fake::eventually([&] { return done.load(); }, 20ms);  // where the lock is held it comes behind
  });
  const bool woken = loop.pass(50ms);
  const bool reached = other.joinable();
  if (reached) other.join();
  fake::forget_plan();
  CHECK((reached || where.at > 1));
  if (!reached) platform::loop_wake(loop.waker());
  if (where.which == call::WaitForMultipleObjects) {
    CHECK(woken);
  } else {
    CHECK(woken == !with_post);
    CHECK(woken_in_time(loop));
  }
  CHECK(in.completions == (with_post ? 1 : 0));
  CHECK_FALSE(loop.event_is_set());
  CHECK_FALSE(loop.pass());
}

TEST_CASE_FIXTURE(on_a_loop, "[T7] a wake at each step of a pass is told by this pass or the next") {
  for (const bool before : {true, false}) {
    for (const bool with_post : {false, true}) {
      CAPTURE(before);
      CAPTURE(with_post);
      check_wake_at(loop, {call::WaitForMultipleObjects, 1, before}, with_post);
      check_wake_at(loop, {call::ResetEvent, 1, before}, with_post);
      check_wake_at(loop, {call::ResetEvent, 2, before}, with_post);
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[T7] a post at each step of a pass is told by this pass or the next") {
  // Two operations: the second ends while the first is taken.
  for (const bool before : {false, true}) {
    for (int at = 1; at <= 2; ++at) {
      CAPTURE(before);
      CAPTURE(at);
      reader one(loop);
      reader two(loop);
      CHECK_FALSE(one.begin());
      CHECK_FALSE(two.begin());
      loop.arm();
      const int posts = fake::calls(call::SetEvent);
      (before ? fake::before : fake::after)(call::ResetEvent, at, [&] {
        if (two.pipe.in_flight()) two.pipe.feed("two");
        fake::eventually([&] { return fake::calls(call::SetEvent) >= posts + 2; }, 20ms);
      });
      one.pipe.feed("one");
      REQUIRE(one.finish(false));
      if (at == 2) {
        platform::loop_wake(loop.waker());
        loop.arm();
      }
      fake::forget_plan();
      if (two.pipe.in_flight()) two.pipe.feed("two");
      REQUIRE(two.finish(false, scaled(2s)));
      CHECK(two.text() == "two");
      CHECK_FALSE(loop.event_is_set());
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[T7] what a callback posts is there before anybody can see its signal") {
  for (int round = 0; round < 5; ++round) {
    reader in(loop);
    CHECK_FALSE(in.begin());
    loop.arm();
    // The owner looks, and looks again, while the callback is between its signal and its end.
    std::atomic<bool> looked = false;
    fake::after(call::SetEvent, 1, [&] { fake::eventually([&] { return looked.load(); }, 30ms); });
    in.pipe.feed("x");
    CHECK(fake::eventually([&] { return loop.event_is_set(); }));
    loop.arm();
    loop.arm();
    looked = true;
    CHECK(fake::eventually([] { return fake::callbacks_running() == 0; }));
    CHECK((in.completions == 1 || loop.event_is_set()));
    REQUIRE(in.finish(false, scaled(2s)));
    CHECK(in.text() == "x");
    CHECK(in.completions == 1);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[T7] an event that could not be set is set again") {
  fake::fail(call::SetEvent, 1, ERROR_NO_SYSTEM_RESOURCES);
  fake::fail(call::SetEvent, 2, ERROR_NO_SYSTEM_RESOURCES);
  platform::loop_wake(loop.waker());
  CHECK(fake::all_happened());
  CHECK(woken_in_time(loop));
}

TEST_CASE_FIXTURE(on_a_loop, "[C4] the native event is set exactly while there is something to take") {
  REQUIRE(loop.host_waits());  // from now on a pass that does not wait has everything armed too
  const auto is_set = [&] { return loop.event_is_set(); };
  const auto becomes_set = [&] { return fake::eventually(is_set); };
  reader one(loop);
  reader two(loop);
  CHECK_FALSE(is_set());
  CHECK_FALSE(one.begin());
  CHECK_FALSE(two.begin());
  CHECK_FALSE(loop.pass());
  CHECK_FALSE(is_set());
  one.pipe.feed("1");
  CHECK(becomes_set());
  std::this_thread::sleep_for(5ms);
  CHECK(is_set());  // it stays, whoever waits on it
  loop.pass();
  CHECK_FALSE(is_set());
  CHECK(one.completions == 1);

  two.pipe.feed("2");
  CHECK(becomes_set());
  platform::loop_wake(loop.waker());
  CHECK(two.retire().bytes == 1);  // takes its post back
  CHECK(is_set());                 // the wake is still there
  CHECK(loop.pass());
  CHECK_FALSE(is_set());

  CHECK_FALSE(one.begin());
  CHECK_FALSE(loop.pass());
  one.pipe.feed("3");
  CHECK(becomes_set());
  CHECK(one.retire().bytes == 1);
  CHECK_FALSE(is_set());
  CHECK_FALSE(loop.pass());
}

TEST_CASE_FIXTURE(audit, "[C1][T7] wakes from four threads while the loop closes") {
  for (int round = 0; round < 50; ++round) {
    auto loop = std::make_unique<small_loop>();
    platform::waker* const waker = loop->waker();
    for (int i = 0; i < 4; ++i) platform::waker_retain(waker);
    std::atomic<bool> go = false;
    std::vector<std::thread> others;
    for (int i = 0; i < 4; ++i) {
      others.emplace_back([&] {
        while (!go) std::this_thread::yield();
        for (int count = 0; count < 50; ++count) platform::loop_wake(waker);
        platform::waker_release(waker);
      });
    }
    go = true;
    for (int i = 0; i < round % 5; ++i) static_cast<void>(loop->pass(1ms));
    loop.reset();
    for (auto& each : others) each.join();
  }
  CHECK(fake::objects() == fake::object_counts{});
}

TEST_CASE_FIXTURE(audit,
                  "[T7] a waker outlives its loop, and then does nothing; a loop waits for a wake that is under way") {
  auto loop = std::make_unique<small_loop>();
  platform::waker* const waker = loop->waker();
  platform::waker_retain(waker);
  std::atomic<bool> inside = false;
  fake::before(call::SetEvent, 1, [&] {
    inside = true;
    std::this_thread::sleep_for(50ms);
  });
  std::thread other([&] { platform::loop_wake(waker); });
  CHECK(fake::eventually([&] { return inside.load(); }));
  loop.reset();
  other.join();
  const int sets = fake::calls(call::SetEvent);
  platform::loop_wake(waker);
  CHECK(fake::calls(call::SetEvent) == sets);
  platform::waker_release(waker);
}

}  // namespace
