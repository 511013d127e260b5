// Very many children one after the other. SPAWNPIPE_SPAWNS in the environment says how many.
#include "cases.hpp"

#include <optional>

namespace {

using namespace cases;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;

// Each way in which a child comes and goes.
void spawn_one(int turn) {
  switch (turn % 6) {
    case 0:
    case 1: {
      const auto done = must(spawnpipe::run(harness::command("args", turn), {.until = patience()}));
      REQUIRE(done.success());
      REQUIRE(done.out.find(std::to_string(turn)) != std::string::npos);
      return;
    }
    case 2: {
      const auto what = harness::command("exit", turn % 100).in(null{}).out(null{}).err(null{});
      REQUIRE(must(spawnpipe::run(what, {.until = patience()})).status.code() == static_cast<unsigned>(turn % 100));
      return;
    }
    case 3: REQUIRE_FALSE(spawnpipe::spawn(spawnpipe::command("no-such-program-here"))); return;
    case 4: {
      const child killed_by_its_end = must(spawnpipe::spawn(piped("hang")));
      REQUIRE(killed_by_its_end.id() != 0);
      return;
    }
    default: {
      event_loop loop = must(event_loop::create());
      bool ended = false;
      child running = must(spawnpipe::spawn(loop, piped("cat")));
      running.on_exit([&](child&, const spawnpipe::exit_status& how) { ended = how.success(); });
      REQUIRE(must(running.in().write("text")) == 4);
      REQUIRE_OK(running.in().close());
      REQUIRE_OK(loop.run(patience()));
      REQUIRE(ended);
      return;
    }
  }
}

TEST_CASE("[P1][P2][P9] very many children leave descriptors, threads, memory and children as they were") {
  const char* const wanted = std::getenv("SPAWNPIPE_SPAWNS");
  const int usual_count = host_os::small_pieces_are_slow() ? 200 : 2000;
  const int count = wanted != nullptr ? std::atoi(wanted) : usual_count;
  harness::bound_case(20s + count * 10ms);
  for (int turn = 0; turn < 300 && turn < count; ++turn) spawn_one(turn);  // what is got once is there by then
  const auto memory = host_os::resident_bytes();
  const auto threads = host_os::thread_count();
  {
    const harness::leak_check nothing_left;
    for (int turn = 0; turn < count; ++turn) spawn_one(turn);
  }
  CHECK(host_os::thread_count() == threads);
  if (memory) CHECK(host_os::resident_bytes().value() <= *memory + 1'000'000);
}

}  // namespace
