// What a child started: waiting until all of it is gone, and ending it, the child first.
#include "cases.hpp"

#include "../results.hpp"

#include <spawnpipe/stop_token.hpp>

#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace cases;
using spawnpipe::mechanism;
using spawnpipe::stop_phase;
using spawnpipe::stop_policy;
using spawnpipe::tree_report;

// The names that have the signals' numbers are the system's.
constexpr int no_signal = 10'000;

// A child, and what it started, which says who it is.
struct family {
  child leader;
  std::int64_t descendant = 0;

  explicit family(child started) : leader(std::move(started)), descendant(std::stoll(line_of(leader.out()))) {}
};

void check_gone(const tree_report& report) {
  CHECK(report.gone);
  CHECK(report.by != mechanism::process);
  CHECK(report.exact == (report.by != mechanism::process_group));
  if (!harness::chosen_mechanism().empty()) CHECK(to_string(report.by) == harness::chosen_mechanism());
}

TEST_CASE("[P6][T4][T5] wait_tree ends when nothing is left of what a child started, and not before") {
  harness::leak_check nothing_left;
  family all(start("grandchild", "until-eof"));
  const harness::end_at_exit sure(all.descendant);
  CHECK(must(all.leader.wait(patience())).success());
  CHECK(all.leader.wait_tree(deadline::now()).failed_with(errc::timed_out));
  const stopwatch time;
  CHECK(all.leader.wait_tree(50ms).failed_with(errc::timed_out));
  CHECK(time.elapsed() >= 50ms);
  CHECK(host_os::running(all.descendant));
  REQUIRE_OK(all.leader.in().close());
  check_gone(must(all.leader.wait_tree(patience())));
  CHECK_FALSE(host_os::running(all.descendant));
  check_gone(must(all.leader.wait_tree(deadline::now())));
  CHECK(must(all.leader.wait(deadline::now())).success());
}

TEST_CASE("[P6] wait_tree waits for the child itself, too") {
  harness::leak_check nothing_left;
  auto running = start("until-eof", 4);
  CHECK(running.wait_tree(30ms).failed_with(errc::timed_out));
  REQUIRE_OK(running.in().close());
  check_gone(must(running.wait_tree(patience())));
  CHECK(running.status()->code() == 4U);
}

TEST_CASE("[P6][T7][C2] wait_tree can be cancelled, and does not wait inside a callback") {
  harness::leak_check nothing_left;
  auto loop = must(event_loop::create());
  auto running = must(spawnpipe::spawn(loop, piped("grandchild", "until-eof")));
  std::stop_source asked;
  CHECK(running.out().read_line(patience()).has_value());
  {
    const later stop([&] { asked.request_stop(); });
    CHECK(running.wait_tree(patience(), asked.get_token()).failed_with(errc::cancelled));
  }
  std::vector<std::error_code> inside;
  running.on_exit([&](child& ended, const spawnpipe::exit_status&) {
    inside.push_back(ended.wait_tree(patience()).error().code);
    inside.push_back(ended.wait_tree(deadline::now()).error().code);
    REQUIRE_OK(ended.in().close());
  });
  REQUIRE_OK(loop.run(patience()));
  CHECK(inside ==
        std::vector<std::error_code>{make_error_code(errc::would_deadlock), make_error_code(errc::timed_out)});
  check_gone(must(running.wait_tree(patience())));
}

TEST_CASE("[P6] a kill reaches all that a child started") {
  harness::leak_check nothing_left;
  family all(start("tree", "hang"));
  const harness::end_at_exit sure(all.descendant);
  const auto sent = must(all.leader.kill());
  CHECK(sent.reached != mechanism::process);
  check_gone(must(all.leader.wait_tree(patience())));
  CHECK_FALSE(host_os::running(all.descendant));
  CHECK(all.leader.kill().failed_with(errc::already_exited));
}

TEST_CASE("[P5][P6] a stop ends what a child that has ended left behind") {
  harness::leak_check nothing_left;
  family all(start("grandchild", "hang"));
  const harness::end_at_exit sure(all.descendant);
  CHECK(must(all.leader.wait(patience())).success());
  const auto report = must(all.leader.stop({.terminate = std::nullopt, .reap_limit = 2s}));
  CHECK(report.status.success());
  RULE_HOLDS_OR_BROKEN("P6/after-leader", report.tree.gone && report.phase == stop_phase::kill);
  CHECK(report.tree.gone == !host_os::running(all.descendant));
}

TEST_CASE("[P5][P9][W5] what was still to be written to a tree goes with its stop, also when that found it gone") {
  harness::leak_check nothing_left;
  family all(start("grandchild", "sleep", 100));
  CHECK(must(all.leader.wait(patience())).success());
  REQUIRE_OK(all.leader.in().write(pattern::make(500'000)));
  CHECK(all.leader.in().unsent() > 0);
  REQUIRE_OK(all.leader.begin_stop({.close_stdin = 10s}));
  // It ends by itself, and nobody looks until the child is destroyed.
  REQUIRE(harness::gone_within(all.descendant, 10s));
}

TEST_CASE("[P5][P6] the child goes first, and what is left of the graces is its tree's") {
  harness::leak_check nothing_left;
  // The child ends with its stdin, the other waits on and takes no request.
  family all(start("both", 1, "ignore-terminate", "until-eof", 5));
  const harness::end_at_exit sure(all.descendant);
  CHECK(line_of(all.leader.out()) == "ready");
  const stopwatch time;
  const auto report = must(all.leader.stop({.close_stdin = scaled(500ms), .terminate = 50ms, .reap_limit = 2s}));
  CHECK(report.status.code() == 5U);
  CHECK(time.elapsed() >= scaled(500ms));
  RULE_HOLDS_OR_BROKEN("P6/after-leader", report.tree.gone && report.phase == stop_phase::kill);
}

TEST_CASE("[P5][P6] a tree that ends by itself in time is not killed") {
  harness::leak_check nothing_left;
  family all(start("grandchild", "until-eof"));
  const harness::end_at_exit sure(all.descendant);
  CHECK(must(all.leader.wait(patience())).success());
  const auto report = must(all.leader.stop({.close_stdin = 10s}));
  CHECK(report.phase == stop_phase::close_stdin);
  check_gone(report.tree);
  CHECK_FALSE(report.last_signal);
}

TEST_CASE("[P5][P6] a policy may leave the tree alone, and may not kill") {
  harness::leak_check nothing_left;
  family all(start("grandchild", "hang"));
  const harness::end_at_exit sure(all.descendant);
  CHECK(must(all.leader.wait(patience())).success());
  auto report = must(all.leader.stop({.terminate = std::nullopt, .tree = false}));
  CHECK(report.phase == stop_phase::none);
  CHECK_FALSE(report.tree.gone);
  report = must(all.leader.stop({.close_stdin = 10ms, .terminate = std::nullopt, .kill = false}));
  CHECK_FALSE(report.tree.gone);
  CHECK(host_os::running(all.descendant));
}

TEST_CASE("[P5] a signal that no system has is refused") {
  harness::leak_check nothing_left;
  auto running = start("hang");
  for (const int number : {-1, no_signal}) {
    CHECK(running.stop({.terminate_signal = number}).failed_with(errc::invalid_argument));
    CHECK(running.begin_stop({.terminate_signal = number}).failed_with(errc::invalid_argument));
    CHECK(spawnpipe::spawn(piped("hang").on_destroy({.terminate_signal = number})).failed_with(errc::invalid_argument));
  }
}

TEST_CASE("[P6][T6] a run that is stopped ends what its child started, and says so") {
  harness::leak_check nothing_left;
  const auto done = must(spawnpipe::run(harness::command("tree", "hang"), {.until = scaled(500ms)}));
  CHECK(done.why == spawnpipe::ended_by::deadline);
  CHECK_FALSE(done.drain_limited);
  REQUIRE(done.tree.has_value());
  check_gone(*done.tree);
  CHECK_FALSE(host_os::running(std::stoll(done.out)));
  CHECK_FALSE(must(spawnpipe::run(harness::command("exit"), {.until = patience()})).tree);
}

TEST_CASE("[P6] a tree that goes on forking while it is killed is gone all the same") {
  harness::leak_check nothing_left;
  harness::bound_case(60s);
  const bool slow = host_os::small_pieces_are_slow();
  for (int round = 0; round < (slow ? 3 : 10); ++round) {
    CAPTURE(round);
    const std::string mark = "spawnpipe-relay-" + std::to_string(std::random_device()()) + "-";
    auto running = must(spawnpipe::spawn(harness::quiet(harness::command("relay", mark, slow ? 20 : 400))));
    std::this_thread::sleep_for(std::chrono::milliseconds(slow ? 300 * round : 5 * round));
    stop_policy how = stop_policy::immediate();
    if (harness::broken("P6/after-leader")) how.reap_limit = 300ms;
    const auto report = must(running.stop(how)).tree;
    if (!harness::broken("P6/after-leader")) CHECK(report.gone);
    if (report.gone) CHECK(host_os::running_with(mark).empty());
    // Without that the relay ends by itself.
    for (const auto until = patience(); !host_os::running_with(mark).empty() && !until.passed();) {
      std::this_thread::sleep_for(10ms);
    }
  }
}

TEST_CASE("[P9][P6] destroying a child that runs ends its tree") {
  harness::leak_check nothing_left;
  std::optional<family> all(start("tree", "hang"));
  const std::int64_t descendant = all->descendant;
  const harness::end_at_exit sure(descendant);
  all.reset();
  CHECK_FALSE(host_os::running(descendant));
}

TEST_CASE("[P5][P6][C2] a stop that was begun goes on with the tree while the loop runs") {
  harness::leak_check nothing_left;
  auto loop = must(event_loop::create());
  family all(must(spawnpipe::spawn(loop, piped("tree", "hang"))));
  const harness::end_at_exit sure(all.descendant);
  REQUIRE_OK(all.leader.begin_stop(stop_policy::immediate()));
  REQUIRE_OK(loop.run(patience()));
  check_gone(must(all.leader.wait_tree(deadline::now())));
}

// ---- many at once

TEST_CASE("[P5][T6] many children are stopped side by side, under one deadline") {
  harness::bound_case(60s);
  harness::leak_check nothing_left;
  const int count = host_os::small_pieces_are_slow() ? 12 : 200;
  std::vector<child> stubborn;
  std::vector<child*> all;
  for (int i = 0; i < count; ++i) stubborn.push_back(start("ignore-terminate"));
  for (child& each : stubborn) {
    CHECK(line_of(each.out()) == "ready");
    all.push_back(&each);
  }
  const stopwatch time;
  const auto reports = spawnpipe::stop_all(all, {.terminate = 1s});
  CHECK(time.elapsed() >= 1s);
  CHECK(time.elapsed() < scaled(2500ms));
  REQUIRE(reports.size() == all.size());
  for (const auto& each : reports) {
    REQUIRE_OK(each);
    CHECK(each->phase == stop_phase::kill);
    CHECK_FALSE(each->cut_short);
    check_gone(each->tree);
  }
}

TEST_CASE("[P5][T6] stop_all says of each what became of it") {
  harness::leak_check nothing_left;
  auto loop = must(event_loop::create());
  auto ended = start("exit", 3);
  CHECK(must(ended.wait(patience())).code() == 3U);
  auto obedient = start("until-eof");
  auto stubborn = start("ignore-terminate");
  CHECK(line_of(stubborn.out()) == "ready");
  auto elsewhere = must(spawnpipe::spawn(loop, piped("hang")));
  child none;
  const std::array<child*, 6> all = {&ended, &obedient, nullptr, &stubborn, &elsewhere, &none};
  const auto reports = spawnpipe::stop_all(all, {.close_stdin = 1h, .terminate = 1h}, 100ms);
  REQUIRE(reports.size() == all.size());
  CHECK(must(reports[0]).phase == stop_phase::none);
  CHECK(must(reports[1]).phase == stop_phase::close_stdin);
  CHECK_FALSE(must(reports[1]).cut_short);
  CHECK(reports[2].failed_with(errc::closed));
  CHECK(must(reports[3]).phase == stop_phase::kill);
  CHECK(must(reports[3]).cut_short);
  CHECK(reports[4].failed_with(errc::invalid_argument));
  CHECK(reports[5].failed_with(errc::closed));
  CHECK(spawnpipe::stop_all({}).empty());
  CHECK_FALSE(elsewhere.status());
}

// ---- what they used

TEST_CASE("[P2] what a process used is known when it has ended") {
  harness::leak_check nothing_left;
  auto running = start("burn", 100);
  CHECK_FALSE(running.used());
  CHECK(must(running.wait(patience())).success());
  const auto used = running.used();
  RULE_HOLDS_OR_BROKEN("P2/used", used.has_value());
  const auto done = must(spawnpipe::run(harness::command("burn", 100), {.until = patience()}));
  CHECK(done.used.has_value() == used.has_value());
  if (!used) return;
  CHECK(used->elapsed >= 100ms);
  CHECK(used->peak_memory.value_or(1) > 0);
  CHECK(done.used->elapsed >= 100ms);
}

TEST_CASE("[P2] the time of the processor that is told of a process is its own") {
  harness::leak_check nothing_left;
  if (host_os::small_pieces_are_slow())
    SKIP_CASE("Wine tells the times of whoever asks, whatever process is asked about");
  auto running = start("burn", 100);
  CHECK(must(running.wait(patience())).success());
  const auto used = running.used();
  RULE_HOLDS_OR_BROKEN("P2/used", used.has_value());
  if (!used) return;
  CHECK(used->user + used->system > 0ms);
  CHECK(used->user + used->system <= used->elapsed + 4 * host_os::cpu_time_step());
}

}  // namespace
