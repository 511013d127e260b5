// Random trees, killed at random moments. SPAWNPIPE_TREES in the environment says how many, SPAWNPIPE_SEED repeats a run.
#include "cases.hpp"

#include "../results.hpp"

namespace {

using namespace cases;
using spawnpipe::process_tree;
using spawnpipe::stop_policy;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;

// One of the ways to end a child and all that it started; what is told of it.
spawnpipe::tree_report end_somehow(child& running, dice& any) {
  stop_policy how = stop_policy::immediate();
  if (harness::broken("P6/after-leader")) how.reap_limit = 300ms;
  switch (any(4)) {
    case 0: return must(running.stop(how)).tree;
    case 1: how.terminate = std::chrono::milliseconds(any(20)); return must(running.stop(how)).tree;
    case 2: how.close_stdin = 1h; return must(running.stop(how, std::chrono::milliseconds(any(20)))).tree;
    default: {
      how.terminate = std::chrono::milliseconds(any(5));
      child* const only = &running;
      return must(spawnpipe::stop_all({&only, 1}, how).front()).tree;
    }
  }
}

TEST_CASE("[P5][P6][P9] random trees that are ended at random moments leave nothing behind") {
  const char* const wanted = std::getenv("SPAWNPIPE_TREES");
  const bool slow = host_os::small_pieces_are_slow();
  const int usual_count = slow ? 15 : 60;
  const int count = wanted != nullptr ? std::atoi(wanted) : usual_count;
  harness::bound_case(30s + count * (slow ? 3000ms : 200ms));
  const std::uint64_t seed = the_seed();
  CAPTURE(seed);
  dice any(seed);
  // Those who leave their session are seen only where the mechanism is exact.
  bool exact = false;
  const auto by = harness::chosen_mechanism().empty() ? process_tree::best : harness::tree_to_ask_for();
  {
    auto tried = spawnpipe::spawn(piped("exit").tree(by));
    exact = must(must(std::move(tried)).wait_tree(patience())).exact;
  }
  const harness::leak_check nothing_left;
  std::size_t most = 0;
  for (int round = 0; round < count; ++round) {
    CAPTURE(round);
    const std::string mark = "spawnpipe-tree-" + std::to_string(seed) + "-" + std::to_string(round) + "-";
    auto what = harness::command("random-tree", mark, any(1U << 30U), slow ? 2 : 4);
    if (exact) what.arg("leave");
    auto running = must(spawnpipe::spawn(what.in(pipe{}).out(pipe{}).err(null{}).tree(by)));
    std::this_thread::sleep_for(std::chrono::microseconds(any(slow ? 300'000 : 30'000)));
    most = std::max(most, host_os::running_with(mark).size());
    const auto report = end_somehow(running, any);
    if (harness::broken("P6/after-leader")) {
      // Where the leader was reaped before the others were signalled, they are still there; and one that nobody has reaped yet counts.
      if (report.gone) CHECK(host_os::running_with(mark).empty());
      for (const std::int64_t left : host_os::running_with(mark)) host_os::end_process(left);
    } else {
      CHECK(report.gone);
      CHECK(host_os::running_with(mark).empty());
    }
  }
  // One that left its session, and ended before anybody looked, may be the host's own: the host reaps it.
  if (harness::chosen_mechanism() == to_string(spawnpipe::mechanism::descendants)) host_os::reap_zombies();
  CHECK(most > 1);
  MESSAGE("up to ", most, " processes at once");
}

}  // namespace
