// What users of other process libraries hit, and reported: 25 complaints by number, each made to happen here.
//
// Where they come from: the trackers named at each. The same programs against other libraries are in tests/peers.
#include "cases.hpp"

#include "scenario.hpp"

#include <array>
#include <atomic>
#include <vector>

namespace {

using namespace cases;
using harness::command;
using spawnpipe::completed;
using spawnpipe::ended_by;
using spawnpipe::stop_phase;
using spawnpipe::stop_policy;
using spawnpipe::stdio::merge;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;

constexpr std::size_t more_than_a_pipe = 1'000'000;

// subprocess.h #16, #82
TEST_CASE("[P3] switch list 1: a child fills a pipe while its host waits") {
  harness::leak_check nothing_left;
  auto running = start("write", more_than_a_pipe, 65536, "err");
  CHECK(running.wait(patience()).failed_with(errc::output_stalled));  // which stream, and no deadlock
  CHECK(rest_of(running.err()) == pattern::make(more_than_a_pipe));
  CHECK(must(running.wait(patience())).success());
  const auto done = must(spawnpipe::run(command("write", more_than_a_pipe, 4096, "both"), {.until = patience()}));
  CHECK(done.out.size() + done.err.size() == 2 * more_than_a_pipe);
}

// boostorg/process #64
TEST_CASE("[P3][W3] switch list 2: children are piped together while the first is fed") {
  harness::leak_check nothing_left;
  auto loop = must(event_loop::create());
  child first = must(spawnpipe::spawn(loop, piped("cat")));
  child second = must(spawnpipe::spawn(loop, piped("checksum")));
  const std::string text = pattern::make(more_than_a_pipe);
  std::string_view rest = text;
  const auto feed = [&] {
    rest.remove_prefix(must(first.in().write(rest)));
    if (rest.empty()) REQUIRE_OK(first.in().close());
  };
  bool handed_over = false;
  const auto hand_over = [&] {
    if (handed_over) return;
    pipe_reader& from = first.out();
    from.consume(must(second.in().write(from.available_text())));
    handed_over = from.at_end() && from.available().empty();
    if (handed_over) REQUIRE_OK(second.in().close());
  };
  first.in().on_written([&](pipe_writer&) {
    if (!rest.empty()) feed();
  });
  first.out().on_readable([&](pipe_reader&) { hand_over(); });
  second.in().on_written([&](pipe_writer&) { hand_over(); });
  std::string answer;
  second.out().on_readable([&](pipe_reader& from) {
    answer += from.available_text();
    from.consume(from.available().size());
  });
  feed();
  REQUIRE_OK(loop.run(patience()));
  CHECK(checksum_of(answer).count == more_than_a_pipe);
  CHECK(checksum_of(answer).good);
}

// reproc #41, #96
TEST_CASE("[R3][R4] switch list 3: a child that answers, and never ends its output") {
  harness::leak_check nothing_left;
  auto running = start("echo-lines");
  for (const std::string_view line : {"one", "two", "three"}) {
    std::string text = std::string(line) + '\n';
    std::string_view rest = text;
    REQUIRE_OK(running.in().write_all(rest, patience()));
    CHECK(line_of(running.out()) == "got " + std::string(line));
  }
  CHECK(running.out().read_line(20ms).failed_with(errc::timed_out));
  std::string_view more = "four\n";
  REQUIRE_OK(running.in().write_all(more, patience()));
  pass_until([&] { return running.out().available_text() == "got four\n"; });
  REQUIRE_OK(running.out().stop());
  CHECK(running.out().available_text() == "got four\n");
}

// golang/go #23019, #50436; haskell/process #70
TEST_CASE("[P7] switch list 4: a grandchild holds the output") {
  harness::leak_check nothing_left;
  const stopwatch time;
  const auto done = must(spawnpipe::run(command("grandchild", "hang"), {.until = patience()}));
  const harness::end_at_exit sure(std::stoll(done.out));
  CHECK(done.why == ended_by::itself);
  CHECK(done.drain_limited);
  CHECK(time.elapsed() < scaled(5s));
}

// cpython #81605, #76116, #121157
TEST_CASE("[T6][P7] switch list 5: a timeout that fires ends the call, whoever holds the output") {
  harness::leak_check nothing_left;
  const stopwatch time;
  const auto done = must(spawnpipe::run(command("tree", "hang"), {.until = scaled(300ms)}));
  CHECK(done.why == ended_by::deadline);
  CHECK(time.elapsed() < scaled(5s));
  CHECK_FALSE(host_os::running(std::stoll(done.out)));
}

// cpython gh-119710; ninja #2052; meson #8533; build2 #551; bazel #8005
TEST_CASE("[P2][P7] switch list 6: the end of the output and the end of the child are two things") {
  harness::leak_check nothing_left;
  auto ended = start("grandchild", "hang");
  const harness::end_at_exit sure(std::stoll(line_of(ended.out())));
  CHECK(must(ended.wait(patience())).success());
  CHECK_FALSE(ended.out().at_end());
  auto silent = start("close-out", 7);
  CHECK(rest_of(silent.out()).empty());
  CHECK(silent.wait(50ms).failed_with(errc::timed_out));
  REQUIRE_OK(silent.in().close());
  CHECK(must(silent.wait(patience())).code() == 7U);
}

// boostorg/process #528, #564, #567
TEST_CASE("[T4][C4] switch list 7: an end is told at once, and the loop goes on meanwhile") {
  harness::leak_check nothing_left;
  auto loop = must(event_loop::create());
  std::optional<stopwatch> after_end;
  bool told_soon = false;
  int wakes = 0;
  child running = must(spawnpipe::spawn(loop, piped("until-eof")));
  running.on_exit(
      [&](child&, const spawnpipe::exit_status&) { told_soon = after_end && after_end->elapsed() < scaled(1s); });
  loop.on_wake([&] {
    if (++wakes < 100) return loop.wake();
    after_end.emplace();
    REQUIRE_OK(running.in().close());
  });
  loop.wake();
  REQUIRE_OK(loop.run(patience()));
  CHECK(wakes == 100);
  CHECK(told_soon);
}

// boostorg/process #471, #552
TEST_CASE("[G2] switch list 8: the end of a stream comes though another child was started after it") {
  harness::leak_check nothing_left;
  auto first = start("until-eof");
  auto second = start("write", 10);
  const auto third = start("hang");
  REQUIRE_OK(first.in().close());
  CHECK(must(first.wait(patience())).success());
  CHECK(rest_of(second.out()) == pattern::make(10));
  CHECK_FALSE(third.status());
}

// execa #96; golang/go #79927; CliWrap #43
TEST_CASE("[P6] switch list 9: a kill takes along what the child started") {
  harness::leak_check nothing_left;
  auto running = start("tree", "hang");
  const std::int64_t descendant = std::stoll(line_of(running.out()));
  const harness::end_at_exit sure(descendant);
  CHECK(must(running.kill()).reached != spawnpipe::mechanism::process);
  CHECK(must(running.wait_tree(patience())).gone);
  CHECK_FALSE(host_os::running(descendant));
}

// libuv #1490, #3612; subprocess.h #114
TEST_CASE("[G2][C1] switch list 10: children that are started at the same time do not hold each other's pipes") {
  harness::leak_check nothing_left;
  harness::bound_case(40s);
  const int rounds = host_os::small_pieces_are_slow() ? 3 : 20;
  std::atomic<int> good = 0;
  std::vector<std::thread> all;
  for (int thread = 0; thread < 4; ++thread) {
    all.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        auto ends = spawnpipe::spawn(piped("until-eof"));
        const auto stays = spawnpipe::spawn(piped("hang"));
        if (!ends || !stays || !ends->in().close()) continue;
        const auto status = ends->wait(patience());
        good += status && status->success() ? 1 : 0;
      }
    });
  }
  for (auto& each : all) each.join();
  CHECK(good == 4 * rounds);
}

// boostorg/process #432; libuv #154
HOST_SCENARIO(signals_stay, "a host that looks at its signals") {
  const std::string before = host_os::signal_state();
  auto running = spawnpipe::spawn(harness::quiet(command("hang")));
  EXPECT(running);
  EXPECT(host_os::signal_state() == before);
  EXPECT(harness::use_everything());
}
TEST_CASE("[G1] switch list 11: the host's signals, SIGCHLD too, stay the host's") {
  if (harness::broken("G1/sigchld")) SKIP_CASE("uv_spawn installs a SIGCHLD handler");
  PLAY_SCENARIO("a host that looks at its signals");
}

// bazel #11910; golang/go #62654
TEST_CASE("[P8] switch list 12: a child that was reaped is signalled no more") {
  harness::leak_check nothing_left;
  auto running = start("exit");
  CHECK(must(running.wait(patience())).success());
  CHECK(must(running.wait_tree(patience())).gone);
  CHECK(running.kill().failed_with(errc::already_exited));
  CHECK(running.terminate().failed_with(errc::already_exited));
}

// boostorg/process #357, #496
TEST_CASE("[P8][P2] switch list 13: a child that ends while it is asked to is reaped once, and says how it ended") {
  harness::leak_check nothing_left;
  const int rounds = host_os::small_pieces_are_slow() ? 10 : 50;
  for (int round = 0; round < rounds; ++round) {
    auto running = start("exit", 3);
    if (round % 3 == 1) std::this_thread::sleep_for(std::chrono::microseconds(50 * round));
    const auto sent = running.kill();
    if (!sent) CHECK(sent.error() == errc::already_exited);
    const auto status = must(running.wait(patience()));
    CHECK((status.code() == 3U || harness::was_killed(status)));
    CHECK(must(running.wait(deadline::now())) == status);
  }
}

// execa #51; boostorg/process #454
HOST_SCENARIO(dies, "a host that dies and has a child") {
  auto running = spawnpipe::spawn(command("hang").in(null{}).out(null{}).err(null{}).end_with_host());
  EXPECT(running);
  std::printf("child %lld\n", running ? static_cast<long long>(running->id()) : -1LL);
  std::fflush(stdout);
  std::_Exit(0);
}
TEST_CASE("[P9] switch list 14: a child dies with its host, where that is asked for") {
  if (harness::broken("P9/end-with-host")) SKIP_CASE("uv_spawn cannot tie a child to the host's life");
  const auto host = host_os::run_self({"--scenario", "a host that dies and has a child"});
  REQUIRE(host.output.starts_with("child "));
  const std::int64_t id = std::stoll(host.output.substr(6));
  REQUIRE(id > 0);
  CHECK(harness::gone_within(id, 5s));
}

// bazel #1437, #10245, #15095
TEST_CASE("[P5][P6] switch list 15: asked first, then killed, then known to be gone") {
  harness::leak_check nothing_left;
  auto running = start("tree", "ignore-terminate");
  const std::int64_t descendant = std::stoll(line_of(running.out()));
  const harness::end_at_exit sure(descendant);
  CHECK(line_of(running.out()) == "ready");
  const stopwatch time;
  const auto report = must(running.stop({.close_stdin = 20ms, .terminate = 50ms}));
  CHECK(time.elapsed() >= 50ms);
  RULE_HOLDS_OR_BROKEN("P6/after-leader", report.tree.gone && report.phase == stop_phase::kill);
  CHECK(report.tree.gone == !host_os::running(descendant));
}

// What a child is to get as it is, and what a shell would make something else of.
constexpr std::array<std::string_view, 20> hostile = {"",          " ",          "two words",  "\"",
                                                      "\\",        "\\\"",       "ends in \\", "\"quoted\"",
                                                      "tab\there", "line\nfeed", "%PATH%",     "%",
                                                      "a&b",       "a|b>c<d",    "^caret^",    "!now!",
                                                      "$HOME",     "`id`",       "*?[a]",      "\xC3\xA9\xE2\x82\xAC"};

// boostorg/process #109, #501; golang/go #15566, #17149; SDL #16217
TEST_CASE("[P2] switch list 16: arguments arrive as they were given") {
  harness::leak_check nothing_left;
  std::vector<std::string> arguments(hostile.begin(), hostile.end());
  std::string expected;
  for (const std::string& each : arguments) expected += each + '\0';
  const auto done = must(spawnpipe::run(command("args").args(arguments), {.until = patience()}));
  CHECK(done.out == expected);
}

// CVE-2024-24576; golang/go #27199, #69939; node #52681
TEST_CASE("[P2] switch list 17: a script's arguments are no commands") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::string script = harness::text_of(host_os::make_script(folder.path(), harness::child_program(), "args"));
  for (const std::string_view each : {"", "two words", "a&b", "a|b>c<d", "^caret^", "!now!", "$HOME", "`id`", "*?[a]",
                                      "'", "a;b", "(c)", "\xC3\xA9", "line\nfeed"}) {
    CAPTURE(std::string(each));
    const auto done = spawnpipe::run(spawnpipe::command(script, {std::string(each), "last"}), {.until = patience()});
    // What cannot be made safe is refused, before anything runs.
    if (!done) {
      CHECK(each.find('\n') != std::string_view::npos);
      CHECK(done.error() == errc::invalid_argument);
      continue;
    }
    CHECK(done->out == std::string(each) + '\0' + "last" + '\0');
  }
}

// reproc #19; microsoft/terminal #346
TEST_CASE("[P5][P8] switch list 18: asking a child that has ended leaves nothing behind, here or in a console") {
  harness::leak_check nothing_left;
  for (int round = 0; round < 3; ++round) {
    auto running = start("exit");
    CHECK(harness::gone_within(running.id(), 10s));
    const auto asked = running.terminate();  // its end may not have been heard of
    if (!asked) CHECK((asked.error() == errc::already_exited || asked.error() == errc::not_supported));
    CHECK(must(running.wait(patience())).success());
  }
}

// reproc #114. (What the simulated back end does in two minutes, and in ten, is in its own cases.)
TEST_CASE("[T2] switch list 19: a wait without a deadline lasts until something comes") {
  harness::leak_check nothing_left;
  auto running = start("pieces-on-request", "at last\n");
  CHECK(running.out().read_line(600ms).failed_with(errc::timed_out));
  CHECK(must(running.in().write("go\n")) == 3);
  CHECK(must(running.out().read_line(deadline::never())) == "at last");
}

// node #14917; libuv #2133; folly #591
TEST_CASE("[P1] switch list 20: a host with much memory starts children as one with little") {
  if (host_os::small_pieces_are_slow()) SKIP_CASE("Wine's CreateProcess forks, as Windows' does not");
  if (harness::this_column.program == "portable") SKIP_CASE("libuv forks: the cost grows with the host's memory");
  harness::leak_check nothing_left;
  const auto quickest = [] {
    auto best = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 30; ++i) {
      const stopwatch time;
      CHECK(must(spawnpipe::run(command("exit"), {.until = patience()})).success());
      best = std::min(best, time.elapsed());
    }
    return best;
  };
  const auto small = quickest();
  const std::vector<char> much(std::size_t{1} << 29U, 'x');
  const auto large = quickest();
  CHECK(much[much.size() / 2] == 'x');
  CHECK(large < 2 * small);
}

// duct.rs #25; uutils #6363
TEST_CASE("[T2] switch list 21: a wait with a deadline does not poll") {
  harness::leak_check nothing_left;
  auto running = start("hang");
  const auto before = host_os::cpu_time();
  CHECK(running.wait(500ms).failed_with(errc::timed_out));
  CHECK(host_os::cpu_time() - before < scaled(2ms) + host_os::cpu_time_step());
}

// boostorg/process #460, #522; rust-lang/rfcs #1518
TEST_CASE("[P3] switch list 22: errors in the output, in the order in which they were written") {
  harness::leak_check nothing_left;
  constexpr int lines = 300;
  std::string expected;
  for (int i = 0; i < lines; ++i) expected += "out " + std::to_string(i) + "\nerr " + std::to_string(i) + '\n';
  const auto done = must(spawnpipe::run(command("out-err-order", lines).err(merge{}), {.until = patience()}));
  CHECK(done.out == expected);
  CHECK(done.err.empty());
}

// ninja #174, #2124, #2196
TEST_CASE("[P3] switch list 23: colour is lost without a terminal") { SKIP_CASE("comes with the pseudo-terminal"); }

// reproc #42, #100
TEST_CASE("[P3][T6] switch list 24: run it, with a timeout, and give me the output") {
  harness::leak_check nothing_left;
  const auto done = spawnpipe::run(command("cat"), {.input = "text", .until = patience()});
  CHECK((done && done->success() && done->out == "text"));
}

// bitcoin #24907, #28967, #28981
HOST_SCENARIO(nothing_yet, "a host that has not used the library") {
  EXPECT(host_os::thread_count().value_or(1) == 1);
  const auto done = spawnpipe::run(command("exit"), {.until = patience()});
  EXPECT(done && done->success());
}
TEST_CASE("[G1] switch list 25: nothing happens before it is asked for") {
  PLAY_SCENARIO("a host that has not used the library");
}

}  // namespace
