// What becomes of a child that nobody holds any more: destroyed, let go, or left by its loop.
#include "children.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using harness::command;
using harness::gone_within;
using harness::patience;
using harness::quiet;
using harness::scaled;
using spawnpipe::errc;
using spawnpipe::stop_policy;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

std::string line_of(spawnpipe::child& running) {
  return std::string(harness::must(running.out().read_line(patience())));
}

// Lets the thread's own loop make passes until there is no child with this id, not even as a zombie.
bool reaped_within(std::int64_t id, std::chrono::milliseconds time) {
  const std::string mark = std::to_string(id) + " ";
  const auto until = clock::now() + scaled(time);
  for (;;) {
    (void)spawnpipe::run(command("exit"), {.until = patience()});
    bool there = false;
    for (const std::string& each : host_os::children()) there = there || each.starts_with(mark);
    if (!there) return true;
    if (clock::now() >= until) return false;
  }
}

TEST_CASE("[P9] destroying a running child kills and reaps it") {
  harness::leak_check nothing_left;
  std::int64_t id = 0;
  const auto began = clock::now();
  {
    auto running = harness::must(spawnpipe::spawn(quiet(command("ignore-terminate"))));
    CHECK(line_of(running) == "ready");
    id = running.id();
    CHECK(host_os::running(id));
  }
  CHECK_FALSE(host_os::running(id));
  CHECK(clock::now() - began < scaled(5s));
}

TEST_CASE("[P9] destroying a child takes its tree along") {
  harness::leak_check nothing_left;
  std::int64_t grandchild = 0;
  {
    auto running = harness::must(spawnpipe::spawn(quiet(command("tree", "hang"))));
    grandchild = std::stoll(line_of(running));
    CHECK(host_os::running(grandchild));
  }
  const harness::end_at_exit ended(grandchild);
  CHECK(gone_within(grandchild, 5s));
}

TEST_CASE("[P9] the command says how: gracefully") {
  if (const auto why = host_os::no_polite_end()) SKIP_CASE(*why);
  harness::leak_check nothing_left;
  spawnpipe::pipe_reader out;
  {
    auto running = harness::must(
        spawnpipe::spawn(quiet(command("exit-on-terminate")).on_destroy({.terminate = std::chrono::hours(1)})));
    CHECK(line_of(running) == "ready");
    out = std::move(running.out());
  }
  std::string rest;
  REQUIRE_OK(out.read_all(rest, 1000, patience()));
  CHECK(rest == "terminated\n");
}

TEST_CASE("[P9] the command says how: by closing its input first") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  {
    auto running = harness::must(spawnpipe::spawn(command("checksum")
                                                      .in(pipe{})
                                                      .out(spawnpipe::stdio::to_file{folder / "out"})
                                                      .on_destroy({.close_stdin = std::chrono::hours(1)})));
    CHECK(harness::must(running.in().write(pattern::make(5000))) == 5000);
    auto in = std::move(running.in());  // whoever holds the writer, the policy closes it
  }
  CHECK(harness::read_file(folder / "out").starts_with("5000 "));
  CHECK(harness::read_file(folder / "out").ends_with(" -\n"));
}

TEST_CASE("[P9] destruction is bounded by the graces of its policy") {
  harness::leak_check nothing_left;
  const auto began = clock::now();
  {
    auto running =
        harness::must(spawnpipe::spawn(quiet(command("ignore-terminate")).on_destroy(stop_policy::graceful(60ms))));
    CHECK(line_of(running) == "ready");
  }
  CHECK(clock::now() - began >= 120ms);
  CHECK(clock::now() - began < scaled(5s));
}

TEST_CASE("[P9] a policy without a kill leaves a child that does not listen; its loop still reaps it") {
  harness::leak_check nothing_left;
  std::int64_t id = 0;
  {
    auto running = harness::must(
        spawnpipe::spawn(quiet(command("ignore-terminate")).on_destroy({.terminate = 20ms, .kill = false})));
    CHECK(line_of(running) == "ready");
    id = running.id();
  }
  CHECK(host_os::running(id));
  host_os::end_process(id);
  CHECK(gone_within(id, 5s));
  CHECK(reaped_within(id, 2s));
}

TEST_CASE("[P9] assigning over a running child, and clearing a vector of them") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(quiet(command("hang"))));
  const auto first = running.id();
  running = harness::must(spawnpipe::spawn(quiet(command("hang"))));
  CHECK_FALSE(host_os::running(first));
  CHECK(host_os::running(running.id()));
  std::vector<spawnpipe::child> all;
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 20; ++i) {
    all.push_back(harness::must(spawnpipe::spawn(quiet(command("hang")))));
    ids.push_back(all.back().id());
  }
  all.clear();
  for (const auto id : ids) CHECK_FALSE(host_os::running(id));
}

TEST_CASE("[P9] a child that is moved is not destroyed") {
  harness::leak_check nothing_left;
  auto first = harness::must(spawnpipe::spawn(command("until-eof", 3).in(pipe{})));
  const auto id = first.id();
  spawnpipe::child second = std::move(first);
  first = spawnpipe::child();
  CHECK(host_os::running(id));
  CHECK(second.id() == id);
  REQUIRE_OK(second.in().close());
  CHECK(harness::must(second.wait(patience())).code() == 3U);
}

TEST_CASE("[P9] detach lets the child go on, and the loop reaps it") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(quiet(command("hang", "up"))));
  CHECK(line_of(running) == "up");
  const auto id = running.id();
  REQUIRE_OK(running.detach());
  CHECK(running.id() == 0);
  CHECK(running.wait(patience()).failed_with(errc::closed));
  CHECK(running.kill().failed_with(errc::closed));
  CHECK(running.detach().has_value());
  CHECK(host_os::running(id));
  running = spawnpipe::child();
  CHECK(host_os::running(id));
  host_os::end_process(id);
  CHECK(gone_within(id, 5s));
  CHECK(reaped_within(id, 5s));
}

TEST_CASE("[P9] detach ends what was begun to stop it") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(quiet(command("ignore-terminate"))));
  CHECK(line_of(running) == "ready");
  const auto id = running.id();
  REQUIRE_OK(running.begin_stop({.terminate = 10ms}));
  REQUIRE_OK(running.detach());
  const auto until = clock::now() + 50ms;
  while (clock::now() < until) (void)spawnpipe::run(command("exit"), {.until = patience()});
  CHECK(host_os::running(id));
  host_os::end_process(id);
  CHECK(reaped_within(id, 5s));
}

TEST_CASE("[P9] detach closes the pipes: the child reads the end of its input") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(command("until-eof").in(pipe{})));
  const auto id = running.id();
  REQUIRE_OK(running.detach());
  CHECK(gone_within(id, 10s));
  CHECK(reaped_within(id, 5s));
}

// ---- inside callbacks, and with their loop

TEST_CASE("[P9][C3] destroyed inside a callback: the loop does the waiting, and leaves no zombie") {
  harness::leak_check nothing_left;
  auto loop = harness::must(spawnpipe::event_loop::create());
  std::int64_t id = 0;
  SUBCASE("in a callback of the loop") {
    auto running = std::make_unique<spawnpipe::child>(harness::must(spawnpipe::spawn(loop, quiet(command("hang")))));
    id = running->id();
    clock::duration took{};
    loop.on_wake([&] {
      const auto began = clock::now();
      running.reset();
      took = clock::now() - began;
    });
    loop.wake();
    REQUIRE_OK(loop.run(patience()));
    CHECK(running == nullptr);
    CHECK(took < scaled(1s));
  }
  SUBCASE("in its own on_exit") {
    auto running = std::make_unique<spawnpipe::child>(harness::must(spawnpipe::spawn(loop, quiet(command("exit", 3)))));
    id = running->id();
    running->on_exit([&](spawnpipe::child&, const spawnpipe::exit_status&) { running.reset(); });
    REQUIRE_OK(loop.run(patience()));
    CHECK(running == nullptr);
  }
  SUBCASE("in its own on_readable, while it runs, with graces") {
    auto running = std::make_unique<spawnpipe::child>(
        harness::must(spawnpipe::spawn(loop, quiet(command("ignore-terminate")).on_destroy({.terminate = 50ms}))));
    id = running->id();
    running->out().on_readable([&](spawnpipe::pipe_reader&) { running.reset(); });
    REQUIRE_OK(loop.run(patience()));
    CHECK(running == nullptr);
  }
  SUBCASE("in the on_exit of another") {
    auto running =
        std::make_unique<spawnpipe::child>(harness::must(spawnpipe::spawn(loop, quiet(command("tree", "hang")))));
    id = running->id();
    const std::int64_t grandchild = std::stoll(line_of(*running));
    const harness::end_at_exit ended(grandchild);
    auto other = harness::must(spawnpipe::spawn(loop, quiet(command("exit"))));
    other.on_exit([&](spawnpipe::child&, const spawnpipe::exit_status&) { running.reset(); });
    REQUIRE_OK(loop.run(patience()));
    CHECK(gone_within(grandchild, 5s));
  }
  CHECK_FALSE(host_os::running(id));
}

TEST_CASE("[P9] destroyed inside a callback, and the loop right after it") {
  harness::leak_check nothing_left;
  std::int64_t id = 0;
  {
    auto loop = harness::must(spawnpipe::event_loop::create());
    auto running = std::make_unique<spawnpipe::child>(harness::must(spawnpipe::spawn(loop, quiet(command("hang")))));
    id = running->id();
    loop.on_wake([&] {
      running.reset();
      loop.stop();
    });
    loop.wake();
    REQUIRE_OK(loop.run(patience()));
  }
  CHECK_FALSE(host_os::running(id));
}

TEST_CASE("[P9] a loop that ends before its children keeps what they need") {
  harness::leak_check nothing_left;
  std::int64_t id = 0;
  {
    auto loop = harness::must(spawnpipe::event_loop::create());
    auto running = harness::must(spawnpipe::spawn(loop, quiet(command("hang", "up"))));
    auto another = harness::must(spawnpipe::spawn(loop, command("until-eof", 2).in(pipe{})));
    id = running.id();
    loop = spawnpipe::event_loop();
    CHECK(line_of(running) == "up");
    REQUIRE_OK(another.in().close());
    CHECK(harness::must(another.wait(patience())).code() == 2U);
  }
  CHECK_FALSE(host_os::running(id));
}

TEST_CASE("[P9][C3] a job that is destroyed takes its child along, and its callback stays silent") {
  harness::leak_check nothing_left;
  auto loop = harness::must(spawnpipe::event_loop::create());
  bool called = false;
  auto work =
      harness::must(spawnpipe::run_async(loop, command("hang"), {}, [&](spawnpipe::completed) { called = true; }));
  const auto id = work.id();
  CHECK(host_os::running(id));
  work = spawnpipe::job();
  CHECK_FALSE(host_os::running(id));
  REQUIRE_OK(loop.run(patience()));
  CHECK_FALSE(called);
}

TEST_CASE("[P9] a thread that ends with a child running takes it along") {
  harness::leak_check nothing_left;
  std::int64_t id = 0;
  std::thread([&] {
    const auto running = spawnpipe::spawn(quiet(command("hang")));
    if (running) id = running->id();
    CHECK(host_os::running(id));
  }).join();
  CHECK_FALSE(host_os::running(id));
}

TEST_CASE("[P9] an exception that unwinds over a child ends it") {
  harness::leak_check nothing_left;
  std::int64_t id = 0;
  try {
    auto running = harness::must(spawnpipe::spawn(quiet(command("hang"))));
    id = running.id();
    throw 1;
  } catch (int) {
  }
  CHECK(id != 0);
  CHECK_FALSE(host_os::running(id));
}

// ---- nobody's child

TEST_CASE("[P9] a detached process runs to its end, and is nobody's child") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::string written = folder / "written";
  const auto id = spawnpipe::spawn_detached(command("write", 100'000).out(spawnpipe::stdio::to_file{written}));
  if (!id) CHECK(id.error() == errc::not_supported);
  RULE_HOLDS_OR_BROKEN("P9/detached", id.has_value());
  if (!id) return;
  CHECK(gone_within(*id, 10s));
  CHECK(harness::read_file(written) == pattern::make(100'000));
  // While it runs, too.
  const auto other = harness::must(spawnpipe::spawn_detached(command("hang")));
  const harness::end_at_exit sure(other);
  CHECK(host_os::running(other));
}

TEST_CASE("[P9][P1] what keeps a detached process from running is said") {
  harness::leak_check nothing_left;
  CHECK(spawnpipe::spawn_detached(command("exit").in(pipe{})).failed_with(errc::invalid_argument));
  CHECK(spawnpipe::spawn_detached(command("exit").out(pipe{})).failed_with(errc::invalid_argument));
  CHECK(spawnpipe::spawn_detached(command("exit").end_with_host()).failed_with(errc::invalid_argument));
  CHECK(spawnpipe::spawn_detached(command("exit").tree(spawnpipe::process_tree::best))
            .failed_with(errc::invalid_argument));
  CHECK(spawnpipe::spawn_detached(command("exit").group(spawnpipe::process_group::host))
            .failed_with(errc::invalid_argument));
  CHECK(spawnpipe::spawn_detached(spawnpipe::command(std::string("a\0b", 3))).failed_with(errc::invalid_argument));
  const auto missing = spawnpipe::spawn_detached(spawnpipe::command("./spawnpipe-no-such-program"));
  REQUIRE_FALSE(missing);
  if (missing.failed_with(errc::not_supported)) return;
  CHECK(missing.error().where == spawnpipe::stage::exec);
  CHECK(missing.error() == std::errc::no_such_file_or_directory);
  const auto nowhere = spawnpipe::spawn_detached(command("exit").cwd("spawnpipe no such folder"));
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().where == spawnpipe::stage::cwd);
}

}  // namespace
