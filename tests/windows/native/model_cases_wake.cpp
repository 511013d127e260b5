// Every order of the steps of wakes and posts against a loop that waits, that is waited for by its host, and that closes (model.hpp).
#include "model.hpp"

namespace {

using namespace model;

// What was said; whoever says something wakes the loop then, and it must be seen.
using words = std::shared_ptr<int>;

void speak(endless_loop& loop, const char* name, const words& said, int times) {
  platform::waker* const waker = platform::loop_waker(loop.os());
  platform::waker_retain(waker);
  schedule::beside(name, [waker, said, times] {
    for (int i = 0; i < times; ++i) {
      ++*said;
      platform::loop_wake(waker);
    }
    platform::waker_release(waker);
  });
}

// The owner waits for ever until he has seen it all: a wake that is lost is a deadlock.
void wakes(bool with_post) {
  const auto said = std::make_shared<int>(0);
  endless_loop loop;
  reader in(loop);
  if (with_post) {
    schedule::beside("child", [pipe = in.pipe] {
      schedule::point("writes");
      pipe.feed(pattern::make(1));
    });
    in.begin();
  }
  speak(loop, "one", said, 2);
  if (!with_post) speak(loop, "two", said, 1);
  int seen = 0;
  bool woken = false;
  while (seen < (with_post ? 2 : 3) || (with_post && in.got() == 0)) {
    woken = loop.pass(true);
    if (woken) seen = *said;
  }
}

TEST_CASE_FIXTURE(audit, "[T7][C1] every schedule of wakes from two threads against a loop that waits") {
  explore("wakes", 2, [] { wakes(false); });
  explore("wakes and a post", 2, [] { wakes(true); });
}

// A host waits on the loop's event, and then makes a pass that does not wait. The event is set while there is something to take, and only
// then.
void a_host() {
  const auto said = std::make_shared<int>(0);
  endless_loop loop;
  reader in(loop);
  loop.host_waits();
  in.begin();
  loop.pass(false);
  schedule::beside("child", [pipe = in.pipe] {
    schedule::point("writes");
    pipe.feed(pattern::make(1));
  });
  speak(loop, "one", said, 1);
  int seen = 0;
  while (seen < 1 || in.got() < 1) {
    ::WaitForSingleObject(loop.native(), INFINITE);
    if (loop.pass(false)) seen = *said;
  }
  expect(!in.in_flight(), "a second end of one operation");
  in.begin();
  if (schedule::choose(2) == 0) loop.pass(false);
  in.retire();
  loop.expect_nothing();
  in.close();
  loop.expect_nothing();
}

TEST_CASE_FIXTURE(audit, "[C4] every schedule of a host that waits on the loop's event") {
  explore("a host", 2, [] { a_host(); });
}

// The loop closes while others wake it: they come too late, or are waited for.
void closing() {
  const auto said = std::make_shared<int>(0);
  auto loop = std::make_unique<endless_loop>();
  speak(*loop, "one", said, 2);
  speak(*loop, "two", said, 1);
  if (schedule::choose(2) == 0) loop->pass(false);
  loop.reset();
}

TEST_CASE_FIXTURE(audit, "[C1][T7] every schedule of wakes against a loop that closes") {
  explore("closing", 3, [] { closing(); });
}

}  // namespace
