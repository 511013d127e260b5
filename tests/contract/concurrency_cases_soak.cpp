// Very many children, in every way in which a child comes and goes, on several threads side by side: memory, descriptors, threads and
// children are flat. SPAWNPIPE_SPAWNS in the environment says how many children, or SPAWNPIPE_SOAK_SECONDS for how long; SPAWNPIPE_SEED
// repeats the order.
//
// Between rounds all threads have ended, and what the process has is compared: descriptors and children exactly; its memory with what it
// was after the first rounds, which made what is made once.
#include "cases.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <optional>
#include <vector>

namespace {

using namespace cases;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;

enum class way { ends, talks, is_not_there, is_killed, is_asked, is_late, has_a_tree, streams, is_on_a_loop, count };
constexpr std::array names = {
    "ended", "talked", "were not there", "were killed",     "were asked to end",
    "late",  "trees",  "big streams",    "on loops beside",
};
constexpr auto ways = static_cast<std::size_t>(way::count);
static_assert(names.size() == ways);
using counts = std::array<std::atomic<std::uint64_t>, ways>;

// Most end at once: they cost least. The others are rarer the dearer they are.
way any_way(dice& any) {
  constexpr std::array<std::size_t, ways> parts = {70, 12, 5, 4, 2, 2, 1, 1, 3};
  std::size_t at = any(100);
  for (std::size_t i = 0; i < ways; ++i) {
    if (at < parts[i]) return static_cast<way>(i);
    at -= parts[i];
  }
  return way::ends;
}

void end_at_once(dice& any) {
  const std::size_t code = any(100);
  const auto what = harness::command("exit", code).in(null{}).out(null{}).err(null{});
  REQUIRE(must(spawnpipe::run(what, {.until = patience()})).status.code() == code);
}

void talk(dice& any) {
  const std::string word = std::to_string(any(1U << 30U));
  const auto done = must(spawnpipe::run(harness::command("args", word), {.until = patience()}));
  REQUIRE(done.success());
  REQUIRE(done.out == word + '\0');
}

void be_late(dice& any) {
  const auto done = spawnpipe::run(harness::command("hang").in(null{}), {.until = 1ms + any(5) * 1ms});
  // On a busy system that may be over before the call begins.
  if (!done) REQUIRE(done.failed_with(spawnpipe::errc::timed_out));
  if (!done) REQUIRE(done.error().where == spawnpipe::stage::process);
  if (done) REQUIRE(done->why == spawnpipe::ended_by::deadline);
}

// With a process of its own making, in the same streams.
void grow_a_tree() {
  child running = must(spawnpipe::spawn(piped("tree", "hang")));
  const std::int64_t inner = std::strtoll(line_of(running.out()).c_str(), nullptr, 10);
  const harness::end_at_exit never_left(inner);
  const auto report = must(running.stop(spawnpipe::stop_policy::immediate(), patience()));
  if (!harness::broken("P6/after-leader")) REQUIRE(report.tree.gone);
}

// Some megabytes there and back, of which few are in memory at once.
void stream(dice& any) {
  child running = start("cat");
  const std::uint64_t size = 500'000 + any(3'000'000);
  std::array<std::byte, 50'000> some = {};
  std::uint64_t sent = 0;
  for (std::uint64_t got = 0; got < size;) {
    if (sent < size) {
      const std::uint64_t now = std::min<std::uint64_t>(some.size(), size - sent);
      sent += must(running.in().write(pattern::make(static_cast<std::size_t>(now), sent)));
      if (sent == size) REQUIRE_OK(running.in().close());
    }
    const std::size_t count = must(running.out().read_some(some, patience()));
    REQUIRE_FALSE(pattern::first_difference({reinterpret_cast<const char*>(some.data()), count}, got));
    got += count;
  }
  REQUIRE(must(running.wait(patience())).success());
}

// Not of the thread's own loop, and with a callback.
void be_on_a_loop() {
  event_loop loop = must(event_loop::create());
  bool ended = false;
  child running = must(spawnpipe::spawn(loop, piped("cat")));
  running.on_exit([&](child&, const spawnpipe::exit_status& how) { ended = how.success(); });
  REQUIRE(must(running.in().write("text")) == 4);
  REQUIRE_OK(running.in().close());
  REQUIRE_OK(loop.run(patience()));
  REQUIRE(ended);
}

void spawn_one(dice& any, counts& all) {
  const way which = any_way(any);
  switch (which) {
    case way::talks: talk(any); break;
    case way::is_not_there: REQUIRE_FALSE(spawnpipe::spawn(spawnpipe::command("no-such-program-here"))); break;
    case way::is_killed: REQUIRE(start("hang").id() != 0); break;  // by its destructor
    case way::is_asked: REQUIRE_OK(start("until-eof").stop(spawnpipe::stop_policy::graceful(100ms), patience())); break;
    case way::is_late: be_late(any); break;
    case way::has_a_tree: grow_a_tree(); break;
    case way::streams: stream(any); break;
    case way::is_on_a_loop: be_on_a_loop(); break;
    default: end_at_once(any); break;
  }
  ++all[static_cast<std::size_t>(which)];
}

// A share of it on each thread, until there were so many, or it is so late. False where something failed.
bool round(std::uint64_t seed, std::size_t threads, std::uint64_t children, deadline until, counts& all) {
  const harness::leak_check nothing_left;
  std::atomic<std::size_t> good = 0;
  std::vector<std::thread> workers;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    workers.emplace_back([&, thread] {
      CAPTURE(seed);
      try {
        dice any(seed + (thread << 40U));
        for (std::uint64_t turn = thread; turn < children && !until.passed(); turn += threads) spawn_one(any, all);
        ++good;
      } catch (...) {  // a REQUIRE, which has been told
      }
    });
  }
  for (std::thread& each : workers) each.join();
  return good == threads;
}

std::optional<int> number_in(const char* variable) {
  const char* const given = std::getenv(variable);
  if (given == nullptr) return std::nullopt;
  return std::atoi(given);
}

TEST_CASE("[P1][P2][P6][P9][C1] very many children leave descriptors, threads, memory and children as they were") {
  constexpr std::size_t threads = 4;
  constexpr std::size_t allowed_growth = 1'000'000;
  const auto seconds = number_in("SPAWNPIPE_SOAK_SECONDS");
  const int usual_count = host_os::small_pieces_are_slow() ? 200 : 2000;
  const std::uint64_t wanted = static_cast<std::uint64_t>(number_in("SPAWNPIPE_SPAWNS").value_or(usual_count));
  const std::uint64_t count = seconds ? std::numeric_limits<std::uint64_t>::max() : wanted;
  harness::bound_case(seconds ? std::chrono::milliseconds(std::chrono::seconds(*seconds + 60))
                              : 30s + static_cast<int>(wanted) * 10ms);
  const std::uint64_t in_a_round = std::clamp<std::uint64_t>(count / 8, 25, 1000);
  const deadline over = seconds ? deadline(std::chrono::seconds(*seconds)) : deadline::never();
  const std::uint64_t seed = the_seed();
  CAPTURE(seed);
  const stopwatch since;
  counts all = {};
  std::uint64_t begun = 0;
  std::uint64_t rounds = 0;
  std::optional<std::size_t> warm;
  std::optional<std::size_t> most;
  std::optional<std::size_t> threads_after_the_first;  // a system may make some for the first child
  while (begun < count && !over.passed()) {
    const std::uint64_t now = std::min(in_a_round, count - begun);
    REQUIRE(round(seed + rounds, threads, now, over, all));
    begun += now;
    if (rounds == 0) threads_after_the_first = host_os::thread_count();
    CHECK(host_os::thread_count() == threads_after_the_first);
    most = std::max(most, host_os::resident_bytes());
    // The first two rounds warm up, and the first tenth.
    const bool early = seconds ? since.elapsed() * 10 < std::chrono::seconds(*seconds) : begun < count / 10;
    if (++rounds <= 2 || early) warm = most;
  }
  std::uint64_t children = 0;
  for (std::size_t i = 0; i < ways; ++i) {
    children += all[i];
    std::printf("%s%llu %s", i > 0 ? ", " : "", static_cast<unsigned long long>(all[i]), names[i]);
    if (begun >= 1000) CHECK_MESSAGE(all[i] > 0, names[i]);
  }
  const double took = std::chrono::duration<double>(since.elapsed()).count();
  std::printf("; %llu children in %.1f s\n", static_cast<unsigned long long>(children), took);
  if (!warm) return;
  std::printf("memory: %zu KB when warm, %zu KB at most\n", *warm / 1000, *most / 1000);
  CHECK(*most <= *warm + allowed_growth);
}

}  // namespace
