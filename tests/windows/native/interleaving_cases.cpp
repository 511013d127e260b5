// The callback of the pool against the owner: before, within and behind every step of retiring, and of taking what was posted.
#include "seam.hpp"

#include <atomic>

namespace {

using namespace seam;

enum class speed { free, on_its_way, in_its_tail };

// How a callback goes that starts from now on: as it likes; so late that it runs when the owner waits for callbacks; or so that it
// returns when the owner does.
void script_callback(speed how) {
  const auto until_awaited = [] {
    if (!fake::eventually([] { return fake::waiting_for_callbacks() > 0; }, 200ms)) return;
  };
  if (how == speed::on_its_way) fake::before(call::callback, 1, until_awaited);
  if (how == speed::in_its_tail) fake::after(call::callback, 1, until_awaited);
}

struct point {
  call which;
  bool before;
};
constexpr std::array retiring = {
    point{call::SetThreadpoolWait, true},
    point{call::SetThreadpoolWait, false},
    point{call::WaitForThreadpoolWaitCallbacks, true},
    point{call::WaitForThreadpoolWaitCallbacks, false},
    point{call::CancelIoEx, true},
    point{call::CancelIoEx, false},
    point{call::WaitForSingleObject, true},
    point{call::WaitForSingleObject, false},
    point{call::GetOverlappedResult, true},
};

void at_point(const point& where, std::function<void()> act) {
  (where.before ? fake::before : fake::after)(where.which, 1, std::move(act));
}

// Nothing of what was retired comes any more, and the stream works as before.
void check_quiet(small_loop& loop, reader& in) {
  CHECK_FALSE(loop.event_is_set());
  const int completions = in.completions;
  CHECK_FALSE(loop.pass(1ms));
  CHECK(in.completions == completions);
  CHECK_FALSE(in.begin());
  loop.pass(1ms);
  CHECK(in.pending());
  in.pipe.feed("again");
  REQUIRE(in.finish(false));
  CHECK(in.text() == "again");
  CHECK(in.completions == completions + 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[R4] a completion at each step of retiring a read, with callbacks of each speed") {
  for (const bool armed : {false, true}) {
    for (const speed how : {speed::free, speed::on_its_way, speed::in_its_tail}) {
      for (const point& where : retiring) {
        for (const bool from_other_thread : {false, true}) {
          CAPTURE(armed);
          CAPTURE(static_cast<int>(how));
          CAPTURE(static_cast<int>(where.which));
          CAPTURE(where.before);
          reader in(loop);
          CHECK_FALSE(in.begin());
          if (armed) loop.arm();
          script_callback(how);
          at_point(where, [&] {
            if (!from_other_thread) return in.pipe.feed("raced");
            std::thread([&] { in.pipe.feed("raced"); }).join();
          });
          const auto said = in.retire();
          CHECK_FALSE(said.error);
          CHECK_FALSE(said.end);
          fake::forget_plan();
          std::string got = in.text();
          if (got.empty() && in.pipe.held() > 0) {  // it came behind the cancel: it is still in the pipe
            CHECK(in.begin());
            got = in.text();
          }
          if (got.empty()) in.pipe.feed("raced");  // this step is not reached in this state
          if (got.empty() && in.begin()) got = in.text();
          CHECK(got == "raced");
          check_quiet(loop, in);
        }
      }
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W8] a completion at each step of retiring a write, with callbacks of each speed") {
  for (const bool armed : {false, true}) {
    for (const speed how : {speed::free, speed::on_its_way, speed::in_its_tail}) {
      for (const point& where : retiring) {
        CAPTURE(armed);
        CAPTURE(static_cast<int>(how));
        CAPTURE(static_cast<int>(where.which));
        writer out(loop);
        CHECK_FALSE(out.begin(pattern::make(too_many)));
        if (armed) loop.arm();
        script_callback(how);
        std::string got;
        at_point(where, [&] { got += out.pipe.take(too_many); });
        const auto said = out.retire();
        fake::forget_plan();
        while (out.pipe.held() > 0) got += out.pipe.take(too_many);
        CHECK(pattern::make(too_many).starts_with(got));
        CHECK(said.bytes <= got.size());
        CHECK(got.size() <= said.bytes + said.unknown);
        CHECK(said.bytes + said.unknown == too_many);
        CHECK_FALSE(loop.event_is_set());
        CHECK_FALSE(loop.pass(1ms));
        CHECK(out.completions == 0);
      }
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[R4] a callback that has posted, is due, runs or is in its tail when its operation is retired") {
  for (const int state : {0, 1, 2, 3}) {
    for (const bool closed : {false, true}) {
      CAPTURE(state);
      CAPTURE(closed);
      std::optional<reader> in;
      in.emplace(loop);
      CHECK_FALSE(in->begin());
      loop.arm();
      if (state == 1) fake::hold_callbacks(true);
      if (state == 2) script_callback(speed::on_its_way);
      if (state == 3) script_callback(speed::in_its_tail);
      in->pipe.feed("x");
      if (state == 0 || state == 3) CHECK(fake::eventually([&] { return loop.event_is_set(); }));
      if (state == 0) CHECK(fake::eventually([] { return fake::callbacks_running() == 0; }));
      if (state == 1) CHECK(fake::callbacks_due() == 1);
      if (state == 2 || state == 3) CHECK(fake::eventually([] { return fake::callbacks_running() == 1; }));
      if (closed) {
        in.reset();
      } else {
        CHECK(in->retire().bytes == 1);
      }
      fake::hold_callbacks(false);
      fake::forget_plan();
      CHECK(fake::callbacks_running() == 0);
      CHECK_FALSE(loop.event_is_set());
      CHECK_FALSE(loop.pass(1ms));
      if (!closed) check_quiet(loop, *in);
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R4][T4] a look at an operation that has ended, with its callback at each place") {
  for (const int state : {0, 1, 2, 3}) {
    for (const bool direct : {false, true}) {
      CAPTURE(state);
      CAPTURE(direct);
      reader in(loop);
      CHECK_FALSE(in.begin());
      loop.arm();
      if (state == 1) fake::hold_callbacks(true);
      if (state == 2) script_callback(speed::on_its_way);
      if (state == 3) script_callback(speed::in_its_tail);
      in.pipe.feed("x");
      if (state == 0 || state == 3) CHECK(fake::eventually([&] { return loop.event_is_set(); }));
      if (state == 2) CHECK(fake::eventually([] { return fake::callbacks_running() == 1; }));
      CHECK_FALSE(loop.pass(0ms, direct ? &in.done : nullptr));
      CHECK(in.completions == 1);
      CHECK(in.text() == "x");
      fake::hold_callbacks(false);
      fake::forget_plan();
      CHECK(fake::eventually([] { return fake::callbacks_due() + fake::callbacks_running() == 0; }));
      while (loop.event_is_set()) loop.pass();
      check_quiet(loop, in);
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R4] an operation begun while the last one's callback is in its tail") {
  for (int round = 0; round < 20; ++round) {
    reader in(loop);
    CHECK_FALSE(in.begin());
    loop.arm();
    std::atomic<bool> go_on = false;
    fake::after(call::callback, 1, [&] { fake::eventually([&] { return go_on.load(); }); });
    in.pipe.feed("1");
    REQUIRE(in.finish(false));
    CHECK(fake::callbacks_running() == 1);
    CHECK_FALSE(in.begin());
    loop.arm();  // arms it anew
    if (round % 2 == 0) in.pipe.feed("2");
    if (round % 3 == 0) loop.pass(1ms);
    go_on = true;
    if (round % 2 != 0) in.pipe.feed("2");
    REQUIRE(in.finish(round % 4 == 0));
    CHECK(in.text() == "2");
    CHECK(in.completions == 2);
    CHECK(fake::eventually([] { return fake::callbacks_running() == 0; }));
  }
}

// ---- callbacks that come although their wait was disarmed (Wine 8.0)

TEST_CASE_FIXTURE(on_a_loop, "[R4] a callback that comes late is for nothing, and does nothing") {
  fake::late_callbacks(true);
  for (const bool next_begun : {false, true}) {
    for (const bool next_armed : {false, true}) {
      for (const bool direct : {false, true}) {
        CAPTURE(next_begun);
        CAPTURE(next_armed);
        CAPTURE(direct);
        reader in(loop);
        CHECK_FALSE(in.begin());
        loop.arm();
        fake::hold_callbacks(true);
        in.pipe.feed("1");
        CHECK(in.retire().bytes == 1);
        if (next_begun) CHECK_FALSE(in.begin());
        if (next_armed) loop.arm();
        fake::hold_callbacks(false);
        CHECK(fake::eventually([] { return fake::callbacks_due() == 0 && fake::callbacks_running() == 0; }));
        for (int i = 0; i < 3; ++i) loop.pass(1ms);
        CHECK(in.completions == 0);
        if (!next_begun) CHECK_FALSE(in.begin());
        in.pipe.feed("2");
        REQUIRE(in.finish(direct));
        CHECK(in.text() == "2");
        CHECK(in.completions == 1);
      }
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R8][W9] a callback that comes late, or never, when the stream is closed") {
  fake::late_callbacks(true);
  for (const bool comes : {false, true}) {
    for (int round = 0; round < 10; ++round) {
      std::optional<reader> in;
      in.emplace(loop);
      CHECK_FALSE(in->begin());
      loop.arm();
      fake::hold_callbacks(true);
      in->pipe.feed("1");
      CHECK(in->retire().bytes == 1);
      // Between the retiring and the closing, at the latest moment that there is.
      if (comes)
        fake::before(call::CloseThreadpoolCleanupGroupMembers, 1, [] {
          fake::hold_callbacks(false);
          fake::eventually([] { return fake::callbacks_due() == 0 && fake::callbacks_running() == 0; });
        });
      in.reset();
      fake::hold_callbacks(false);
      CHECK_FALSE(loop.event_is_set());
      CHECK_FALSE(loop.pass(1ms));
    }
  }
}

}  // namespace
