// The first cases: a child is started, fed, read and waited for. When these fail, look here first.
#include "children.hpp"

namespace {

using harness::command;
using harness::patience;

TEST_CASE("[P2][P4] the exit code of a child comes through") {
  harness::leak_check nothing_left;
  for (const std::uint32_t code : {0U, 1U, 77U, 255U}) {
    auto running = harness::must(spawnpipe::spawn(command("exit", code)));
    const auto status = running.wait(patience());
    REQUIRE_OK(status);
    CHECK(*status == spawnpipe::exit_status::exited(code));
    CHECK(running.wait(spawnpipe::deadline::now()).value_or(spawnpipe::exit_status()).code() == code);
  }
}

TEST_CASE("[P3] run feeds stdin and captures both outputs") {
  harness::leak_check nothing_left;
  const std::string text = pattern::make(300'000);
  const auto done = harness::must(spawnpipe::run(command("cat", 4096, "both"), {.input = text, .until = patience()}));
  CHECK(done.success());
  CHECK(done.why == spawnpipe::ended_by::itself);
  CHECK(done.out.size() == text.size());
  CHECK_FALSE(pattern::first_difference(done.out));
  CHECK(done.err == done.out);
  CHECK(done.unread_input == 0);
}

TEST_CASE("[W4] close lets the child read what was accepted, then the end of its input") {
  harness::leak_check nothing_left;
  auto running =
      harness::must(spawnpipe::spawn(command("checksum").in(spawnpipe::stdio::pipe{}).out(spawnpipe::stdio::pipe{})));
  const std::string text = pattern::make(5000);
  std::string_view rest = text;
  REQUIRE_OK(running.in().write_all(rest, patience()));
  CHECK(rest.empty());
  REQUIRE_OK(running.in().close());
  std::string answer;
  REQUIRE_OK(running.out().read_all(answer, 100, patience()));
  CHECK(answer.starts_with("5000 "));
  CHECK(answer.ends_with(" -\n"));
  CHECK(harness::must(running.wait(patience())).success());
}

TEST_CASE("[P5] a child that does nothing is stopped, and the result says by which phase") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(command("hang", "up").out(spawnpipe::stdio::pipe{})));
  CHECK(harness::must(running.out().read_line(patience())) == "up");
  const auto ended = harness::must(running.stop(spawnpipe::stop_policy::immediate(), patience()));
  CHECK(ended.phase == spawnpipe::stop_phase::kill);
  CHECK(harness::was_killed(ended.status));
}

}  // namespace
