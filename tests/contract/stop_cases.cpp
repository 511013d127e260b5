// Bringing a child to its end: the phases, their graces, the deadline above them.
#include "children.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using harness::command;
using harness::patience;
using harness::scaled;
using harness::was_killed;
using spawnpipe::errc;
using spawnpipe::stop_phase;
using spawnpipe::stop_policy;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// Far more than any case waits for: the phase behind such a grace must not be reached.
constexpr auto long_grace = 1h;

// With a pipe as in and out, in a group of its own.
spawnpipe::command piped(spawnpipe::command what) { return std::move(what.in(pipe{}).out(pipe{}).err(null{})); }

spawnpipe::child start(const spawnpipe::command& what) { return harness::must(spawnpipe::spawn(piped(what))); }

// Started, and past its line "ready".
spawnpipe::child ready(const spawnpipe::command& what) {
  auto running = start(what);
  CHECK(harness::must(running.out().read_line(patience())) == "ready");
  return running;
}

TEST_CASE("[P5] a child that ends with its input is ended by the first phase") {
  harness::leak_check nothing_left;
  auto running = start(command("until-eof", 4));
  const auto report = harness::must(running.stop(stop_policy::graceful(long_grace), patience()));
  CHECK(report.phase == stop_phase::close_stdin);
  CHECK(report.status.code() == 4U);
  CHECK_FALSE(report.cut_short);
  CHECK_FALSE(report.last_signal);
}

TEST_CASE("[P5][W4] closing stdin delivers what is queued first") {
  harness::leak_check nothing_left;
  const std::string text = pattern::make(500'000);
  auto running =
      harness::must(spawnpipe::spawn(command("checksum").in(pipe{.capacity = text.size()}).out(pipe{}).err(null{})));
  CHECK(harness::must(running.in().write(text)) == text.size());
  const auto report = harness::must(running.stop(stop_policy::graceful(long_grace), patience()));
  CHECK(report.phase == stop_phase::close_stdin);
  CHECK(report.status.success());
  const auto line = harness::must(running.out().read_line(patience()));
  CHECK(line.starts_with("500000 "));
  CHECK(line.ends_with(" -"));
}

TEST_CASE("[P5] a child that ends when asked to is ended by the second phase") {
  if (const auto why = host_os::no_polite_end()) SKIP_CASE(*why);
  harness::leak_check nothing_left;
  auto running = ready(command("exit-on-terminate", 7));
  const auto began = clock::now();
  const auto report = harness::must(running.stop({.close_stdin = 40ms, .terminate = long_grace}, patience()));
  CHECK(clock::now() - began >= 40ms);
  CHECK(report.phase == stop_phase::terminate);
  CHECK(report.status.code() == 7U);
  CHECK(report.last_signal.has_value());
  CHECK_FALSE(report.cut_short);
  CHECK(harness::must(running.out().read_line(patience())) == "terminated");
}

TEST_CASE("[P5] a child that ignores the rest is killed, after both graces") {
  harness::leak_check nothing_left;
  auto running = ready(command("ignore-terminate"));
  const auto began = clock::now();
  const auto report = harness::must(running.stop(stop_policy::graceful(50ms), patience()));
  CHECK(clock::now() - began >= 100ms);
  CHECK(report.phase == stop_phase::kill);
  CHECK(was_killed(report.status));
  CHECK_FALSE(report.cut_short);
}

TEST_CASE("[P5] phases that are left out are left out") {
  harness::leak_check nothing_left;
  SUBCASE("kill alone, of a child that would have ended politely") {
    auto running = ready(command("exit-on-terminate", 7));
    const auto report = harness::must(running.stop(stop_policy::immediate(), patience()));
    CHECK(report.phase == stop_phase::kill);
    CHECK(was_killed(report.status));
    CHECK(running.out().read_line(patience()).failed_with(errc::end_of_stream));
  }
  SUBCASE("no asking") {
    auto running = ready(command("exit-on-terminate", 7));
    const auto report = harness::must(running.stop({.close_stdin = 10ms, .terminate = std::nullopt}, patience()));
    CHECK(report.phase == stop_phase::kill);
  }
}

TEST_CASE("[P5] a stop that begins with asking does not close stdin") {
  if (const auto why = host_os::no_polite_end()) SKIP_CASE(*why);
  harness::leak_check nothing_left;
  auto running = ready(command("exit-on-terminate", 7));
  const auto report = harness::must(running.stop({.terminate = long_grace}, patience()));
  CHECK(report.phase == stop_phase::terminate);
  CHECK(report.status.code() == 7U);
}

TEST_CASE("[P5] graces of zero go through all phases at once") {
  harness::leak_check nothing_left;
  auto running = ready(command("ignore-terminate"));
  const auto report = harness::must(running.stop(stop_policy::graceful(0ms), patience()));
  CHECK(report.phase == stop_phase::kill);
  CHECK(was_killed(report.status));
  auto another = start(command("until-eof", 0));
  CHECK(harness::must(another.stop(stop_policy::graceful(0ms), patience())).status.known());
}

TEST_CASE("[P5] a grace that is enormous is for ever, and harms nothing") {
  harness::leak_check nothing_left;
  for (const auto grace : {stop_policy::duration::max(), stop_policy::duration(24h * 365 * 500)}) {
    auto running = start(command("until-eof", 2));
    const stop_policy policy{.close_stdin = grace, .terminate = grace, .reap_limit = grace};
    const auto report = harness::must(running.stop(policy, patience()));
    CHECK(report.phase == stop_phase::close_stdin);
    CHECK(report.status.code() == 2U);
  }
}

TEST_CASE("[P5][T6] the deadline cuts the graces short, and kills") {
  harness::leak_check nothing_left;
  SUBCASE("in the first grace") {
    auto running = ready(command("ignore-terminate"));
    const auto began = clock::now();
    const auto report = harness::must(running.stop(stop_policy::graceful(long_grace), 60ms));
    CHECK(clock::now() - began >= 60ms);
    CHECK(clock::now() - began < scaled(5s));
    CHECK(report.phase == stop_phase::kill);
    CHECK(report.cut_short);
    CHECK(was_killed(report.status));
  }
  SUBCASE("in the second grace") {
    auto running = ready(command("ignore-terminate"));
    const auto report = harness::must(running.stop({.close_stdin = 10ms, .terminate = long_grace}, 60ms));
    CHECK(report.phase == stop_phase::kill);
    CHECK(report.cut_short);
  }
  SUBCASE("one that is now already") {
    for (const auto until : {spawnpipe::deadline::now(), spawnpipe::deadline(-5s)}) {
      auto running = ready(command("ignore-terminate"));
      const auto report = harness::must(running.stop(stop_policy::graceful(long_grace), until));
      CHECK(report.phase == stop_phase::kill);
      CHECK(report.cut_short);
    }
  }
}

TEST_CASE("[P5][T7] a cancellation cuts the graces short, and kills") {
  harness::leak_check nothing_left;
  auto running = ready(command("ignore-terminate"));
  spawnpipe::interrupter interrupted;
  std::thread other;
  {
    other = std::thread([&] { interrupted.interrupt(); });
    const auto report = harness::must(running.stop(stop_policy::graceful(long_grace), patience(), interrupted));
    CHECK(report.phase == stop_phase::kill);
    CHECK(report.cut_short);
    CHECK(was_killed(report.status));
  }
  other.join();
}

TEST_CASE("[P5][T6] a policy that forbids to kill leaves the child alive, and says timed_out") {
  harness::leak_check nothing_left;
  auto running = ready(command("ignore-terminate"));
  const auto id = running.id();
  const auto began = clock::now();
  const stop_policy polite{.close_stdin = 20ms, .terminate = 20ms, .kill = false};
  CHECK(running.stop(polite).failed_with(errc::timed_out));
  CHECK(clock::now() - began >= 40ms);
  CHECK_FALSE(running.status());
  CHECK(host_os::running(id));
  // The deadline skips graces, and still does not kill.
  CHECK(running.stop({.terminate = long_grace, .kill = false}, 30ms).failed_with(errc::timed_out));
  CHECK(host_os::running(id));
  // Nothing at all is a policy too.
  CHECK(running.stop({.terminate = std::nullopt, .kill = false}).failed_with(errc::timed_out));
  CHECK(running.stop({.terminate = std::nullopt, .kill = false}, 20ms).failed_with(errc::timed_out));
  CHECK(running.wait(spawnpipe::deadline::now()).failed_with(errc::timed_out));
  CHECK(host_os::running(id));
  REQUIRE_OK(running.kill());
  CHECK(was_killed(harness::must(running.wait(patience()))));
}

TEST_CASE("[P5] stop is repeated without harm, and after the end it only tells") {
  harness::leak_check nothing_left;
  SUBCASE("twice") {
    auto running = ready(command("ignore-terminate"));
    const auto first = harness::must(running.stop(stop_policy::immediate(), patience()));
    const auto second = harness::must(running.stop(stop_policy::graceful(long_grace), patience()));
    CHECK(second.status == first.status);
    CHECK(second.phase == first.phase);
    CHECK(harness::must(running.wait(patience())) == first.status);
  }
  SUBCASE("after the end that the child found itself") {
    auto running = start(command("exit", 6));
    CHECK(harness::must(running.wait(patience())).code() == 6U);
    const auto report = harness::must(running.stop(stop_policy::graceful(long_grace)));
    CHECK(report.phase == stop_phase::none);
    CHECK(report.status.code() == 6U);
    CHECK_FALSE(report.last_signal);
    CHECK_FALSE(report.cut_short);
  }
}

TEST_CASE("[P5] a stop that may not kill and timed out is followed by one that asks") {
  if (const auto why = host_os::no_polite_end()) SKIP_CASE(*why);
  harness::leak_check nothing_left;
  auto running = ready(command("exit-on-terminate", 7));
  CHECK(running.stop({.close_stdin = 10ms, .terminate = std::nullopt, .kill = false}).failed_with(errc::timed_out));
  CHECK(harness::must(running.stop({.terminate = long_grace}, patience())).phase == stop_phase::terminate);
}

TEST_CASE("[P5] begin_stop returns at once, and wait tells the end") {
  harness::leak_check nothing_left;
  auto running = ready(command("ignore-terminate"));
  const auto began = clock::now();
  REQUIRE_OK(running.begin_stop(stop_policy::graceful(60ms)));
  CHECK_FALSE(running.status());
  CHECK(was_killed(harness::must(running.wait(patience()))));
  CHECK(clock::now() - began >= 120ms);
}

TEST_CASE("[P5] beginning again replaces the policy") {
  harness::leak_check nothing_left;
  auto running = ready(command("ignore-terminate"));
  REQUIRE_OK(running.begin_stop(stop_policy::graceful(long_grace)));
  CHECK(running.wait(20ms).failed_with(errc::timed_out));
  REQUIRE_OK(running.begin_stop(stop_policy::immediate()));
  CHECK(was_killed(harness::must(running.wait(patience()))));
}

TEST_CASE("[P5] a stop that is refused has done nothing") {
  harness::leak_check nothing_left;
  auto running = start(command("until-eof", 7));
  const stop_policy wrong[] = {
      {.close_stdin = -1ms}, {.terminate = -1ms}, {.reap_limit = -1ms}, {.terminate = stop_policy::duration::min()}};
  for (const auto& policy : wrong) {
    const auto refused = running.stop(policy, patience());
    CHECK(refused.failed_with(errc::invalid_argument));
    CHECK(running.begin_stop(policy).failed_with(errc::invalid_argument));
  }
  CHECK(running.wait(spawnpipe::deadline::now()).failed_with(errc::timed_out));
  CHECK(running.in().is_open());
  CHECK(harness::must(running.stop(stop_policy::graceful(long_grace), patience())).status.code() == 7U);
}

TEST_CASE("[P5] many children are stopped side by side") {
  harness::bound_case(60s);
  harness::leak_check nothing_left;
  constexpr int count = 50;
  constexpr auto grace = 300ms;
  std::vector<spawnpipe::child> all;
  for (int i = 0; i < count; ++i) all.push_back(ready(command("ignore-terminate")));
  const auto began = clock::now();
  for (auto& each : all) REQUIRE_OK(each.begin_stop({.terminate = grace}));
  for (auto& each : all) CHECK(was_killed(harness::must(each.wait(patience()))));
  const auto took = clock::now() - began;
  CHECK(took >= grace);
  // One after the other they would take fifteen seconds.
  CHECK(took < scaled(3s));
}

TEST_CASE("[P5][C2] in a callback, stop would have to wait and does nothing; begin_stop does it") {
  harness::leak_check nothing_left;
  auto loop = harness::must(spawnpipe::event_loop::create());
  auto running = harness::must(spawnpipe::spawn(loop, piped(command("echo-lines"))));
  CHECK(harness::must(running.in().write("begin\n")) == 6);
  std::optional<errc> refused;
  std::optional<spawnpipe::exit_status> ended;
  running.on_exit([&](spawnpipe::child&, const spawnpipe::exit_status& status) { ended = status; });
  running.out().on_readable([&](spawnpipe::pipe_reader& out) {
    if (out.at_end() || refused) return;
    if (running.stop(stop_policy::immediate(), patience()).failed_with(errc::would_deadlock)) {
      refused = errc::would_deadlock;
    }
    CHECK(running.in().is_open());
    CHECK(running.begin_stop(stop_policy::graceful(long_grace)).has_value());
  });
  REQUIRE_OK(loop.run(patience()));
  CHECK(refused == errc::would_deadlock);
  REQUIRE(ended.has_value());
  CHECK(ended->success());
}

TEST_CASE("[P5] a child that is asked to end by hand") {
  if (const auto why = host_os::no_polite_end()) SKIP_CASE(*why);
  harness::leak_check nothing_left;
  auto running = ready(command("exit-on-terminate", 7));
  REQUIRE_OK(running.terminate());
  CHECK(harness::must(running.wait(patience())).code() == 7U);
  auto another = ready(command("ignore-terminate"));
  REQUIRE_OK(another.terminate());
  CHECK(another.wait(30ms).failed_with(errc::timed_out));
  REQUIRE_OK(another.kill());
  CHECK(was_killed(harness::must(another.wait(patience()))));
}

TEST_CASE("[P8] nothing is sent to a child whose end is known") {
  harness::leak_check nothing_left;
  auto running = start(command("exit", 1));
  CHECK(harness::must(running.wait(patience())).code() == 1U);
  CHECK(running.terminate().failed_with(errc::already_exited));
  CHECK(running.kill().failed_with(errc::already_exited));
  CHECK(running.kill().error().where == spawnpipe::stage::signal);
  CHECK(harness::must(running.wait(patience())).code() == 1U);
}

TEST_CASE("[P8] a signal to a child that has just ended changes nothing of how it ended") {
  harness::leak_check nothing_left;
  auto running = start(command("exit", 1));
  CHECK(harness::gone_within(running.id(), 10s));
  const auto sent = running.kill();
  if (!sent) CHECK(sent.error() == errc::already_exited);
  CHECK(harness::must(running.wait(patience())).code() == 1U);
}

}  // namespace
