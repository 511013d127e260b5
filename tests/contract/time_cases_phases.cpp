// Calls that go on after their deadline, and calls of several phases under one.
#include "cases.hpp"

#include <array>

namespace {

using namespace cases;
using spawnpipe::ended_by;
using spawnpipe::stop_phase;
using spawnpipe::stop_policy;

TEST_CASE("[T5][W3] write_all and flush go on where their deadline left them") {
  harness::leak_check nothing_left;
  harness::temp_dir folder;
  child running = must(spawnpipe::spawn(piped({.in = 3000}, "when-file", folder / "go", "checksum")));
  const std::string text = pattern::make(1'000'000);
  std::string_view rest = text;
  std::size_t before = rest.size();
  CHECK(running.in().write_all(rest, 10ms).failed_with(errc::timed_out));
  CHECK(rest.size() < before);
  before = rest.size();
  CHECK(running.in().write_all(rest, 10ms).failed_with(errc::timed_out));
  CHECK(rest.size() == before);
  CHECK(running.in().flush(10ms).failed_with(errc::timed_out));
  CHECK(running.in().books().accepted == text.size() - rest.size());
  CHECK(running.in().unsent() > 0);
  harness::write_file(folder / "go", "");
  // With so little time each call may end anywhere in the middle of its work.
  const deadline limit = patience();
  while (running.in().write_all(rest, 50us).failed_with(errc::timed_out)) REQUIRE_FALSE(limit.passed());
  CHECK(rest.empty());
  while (running.in().flush(50us).failed_with(errc::timed_out)) REQUIRE_FALSE(limit.passed());
  CHECK(running.in().unsent() == 0);
  REQUIRE_OK(running.in().close());
  const sum read = checksum_of(rest_of(running.out()));
  CHECK(read.count == text.size());
  CHECK(read.good);
  CHECK(must(running.wait(patience())).success());
}

TEST_CASE("[T5] read_line, read_until, read_some and read_all go on where their deadline left them") {
  harness::leak_check nothing_left;
  child running = start("pieces-on-request", "ab", "cd\nef", "g", "i", "jk");
  const auto request = [&] { REQUIRE(must(running.in().write("\n")) == 1); };
  CHECK(running.out().read_line(1ms).failed_with(errc::timed_out));
  request();
  CHECK(running.out().read_line(50ms).failed_with(errc::timed_out));
  CHECK(running.out().read_until('\0', 1ms).failed_with(errc::timed_out));
  request();
  CHECK(line_of(running.out()) == "abcd");
  std::string rest;
  CHECK(running.out().read_all(rest, 100, 20ms).failed_with(errc::timed_out));
  CHECK(rest == "ef");
  std::byte one{};
  CHECK(running.out().read_some({&one, 1}, 1ms).failed_with(errc::timed_out));
  request();
  CHECK(must(running.out().read_some({&one, 1}, patience())) == 1);
  CHECK(one == std::byte{'g'});
  request();
  for (const deadline limit = patience(); rest.size() < 3 && !limit.passed();) {
    CHECK(running.out().read_all(rest, 100, 5ms).failed_with(errc::timed_out));
  }
  CHECK(rest == "efi");
  request();
  REQUIRE_OK(running.out().read_all(rest, 100, patience()));
  CHECK(rest == "efijk");
  CHECK(must(running.wait(patience())).success());
}

TEST_CASE("[T5] read_all under a thousand short deadlines loses nothing") {
  harness::leak_check nothing_left;
  child running = start("write", 3'000'000, 1777);
  const deadline limit = patience();
  std::string all;
  while (running.out().read_all(all, 4'000'000, 20us).failed_with(errc::timed_out)) REQUIRE_FALSE(limit.passed());
  CHECK(all.size() == 3'000'000);
  CHECK_FALSE(pattern::first_difference(all));
  const deadline waiting = patience();
  while (running.wait(20us).failed_with(errc::timed_out)) REQUIRE_FALSE(waiting.passed());
  CHECK(must(running.wait(deadline::now())).success());
}

TEST_CASE("[T1][T6] one deadline bounds several calls together") {
  harness::leak_check nothing_left;
  child running = start("ignore-terminate");
  CHECK(line_of(running.out()) == "ready");
  const stopwatch watch;
  const deadline until = 150ms;
  CHECK(running.out().read_line(until).failed_with(errc::timed_out));
  CHECK(running.wait(until).failed_with(errc::timed_out));
  CHECK(running.out().read_line(until).failed_with(errc::timed_out));
  const auto ended = must(running.stop(stop_policy::graceful(1h), until));
  CHECK(ended.phase == stop_phase::kill);
  CHECK(ended.cut_short);
  CHECK(watch.elapsed() >= 150ms);
  CHECK(watch.elapsed() < scaled(3s));
}

TEST_CASE("[T6] the deadline of a stop skips the graces that are left, and kills") {
  harness::leak_check nothing_left;
  const stop_policy policies[] = {stop_policy::graceful(1h),
                                  {.close_stdin = 1h, .terminate = std::nullopt},
                                  {.close_stdin = 0ms, .terminate = 1h},
                                  {.close_stdin = std::nullopt, .terminate = 1h}};
  for (const stop_policy& policy : policies) {
    child running = start("ignore-terminate");
    CHECK(line_of(running.out()) == "ready");
    const stopwatch watch;
    const auto ended = must(running.stop(policy, 60ms));
    CHECK(ended.phase == stop_phase::kill);
    CHECK(ended.cut_short);
    CHECK_FALSE(ended.status.success());
    CHECK(watch.elapsed() >= 60ms);
    CHECK(watch.elapsed() < scaled(3s));
  }
}

TEST_CASE(
    "[T6] graces that end before the deadline are not cut short, and a policy without kill leaves the child alive") {
  harness::leak_check nothing_left;
  child running = start("ignore-terminate");
  CHECK(line_of(running.out()) == "ready");
  const stopwatch watch;
  CHECK(running.stop({.close_stdin = 5ms, .terminate = 5ms, .kill = false}, 100ms).failed_with(errc::timed_out));
  CHECK(watch.elapsed() >= 100ms);
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
  CHECK(host_os::running(running.id()));
  const auto ended = must(running.stop({.close_stdin = 5ms, .terminate = 5ms}, patience()));
  CHECK(ended.phase == stop_phase::kill);
  CHECK_FALSE(ended.cut_short);
}

TEST_CASE("[T6] the deadline of run and communicate ends the child, and the result says so") {
  harness::leak_check nothing_left;
  const std::string input = pattern::make(1'000'000);
  const auto time = scaled(600ms);  // enough to begin, also on a busy machine
  for (const bool communicates : {false, true}) {
    const stopwatch watch;
    // It is stopped in the middle of everything: its output is read, its input is stuck.
    const spawnpipe::run_options options = {.input = input, .until = time, .policy = stop_policy::graceful(1h)};
    spawnpipe::completed done;
    if (communicates) {
      child running = start("hang", "begun");
      done = must(spawnpipe::communicate(running, options));
    } else {
      done = must(spawnpipe::run(harness::command("hang", "begun"), options));
    }
    CHECK(done.why == ended_by::deadline);
    CHECK(done.out == "begun\n");
    CHECK_FALSE(done.status.success());
    CHECK_FALSE(done.success());
    CHECK(done.phase == stop_phase::kill);
    CHECK(done.unread_input > 0);
    CHECK(watch.elapsed() >= time);
    CHECK(done.elapsed <= watch.elapsed());
    if (!communicates && done.used) CHECK(done.elapsed >= done.used->elapsed);
    CHECK(watch.elapsed() < scaled(3s));
  }
}

TEST_CASE("[T6][P7] the deadline of run bounds the wait for the end of the output too") {
  harness::leak_check nothing_left;
  const auto time = scaled(300ms);  // enough for the child to end by itself
  const stopwatch watch;
  const auto done = must(
      spawnpipe::run(harness::command("grandchild", "hang"), {.until = time, .drain_limit = std::chrono::hours(1)}));
  const harness::end_at_exit grandchild(std::strtoll(done.out.c_str(), nullptr, 10));
  CHECK(done.why == ended_by::deadline);
  CHECK(done.drain_limited);
  CHECK(done.status.success());
  CHECK(watch.elapsed() >= time);
  CHECK(watch.elapsed() < scaled(3s));
}

TEST_CASE("[T6] run and communicate with a deadline that has passed") {
  harness::leak_check nothing_left;
  CHECK(spawnpipe::run(harness::command("exit"), {.until = deadline::now()}).failed_with(errc::timed_out));
  child running = start("exit", 5);
  REQUIRE(harness::gone_within(running.id(), 10s));
  const auto done = must(spawnpipe::communicate(running, {.until = deadline::now()}));
  CHECK(done.status.code() == 5U);  // it had ended before: the condition wins
  CHECK(done.why == ended_by::itself);
}

}  // namespace
