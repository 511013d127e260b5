// Processes on POSIX: how they end, which group they are in, who is signalled.
#include "../children.hpp"
#include "../scenario.hpp"
#include "pseudo_terminal.hpp"

#include <spawnpipe/posix.hpp>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::gone_within;
using harness::patience;
using harness::quiet;
using harness::scaled;
using spawnpipe::errc;
using spawnpipe::mechanism;
using spawnpipe::process_group;
using spawnpipe::stdio::handle;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

// ---- P4

TEST_CASE("[P4] every signal that ends a process comes through as itself") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;  // where cores would go
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV,
                           SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGVTALRM, SIGPROF, SIGSYS}) {
    CAPTURE(signal);
    const auto done =
        harness::must(spawnpipe::run(command("signal", signal).cwd(folder.path().string()), {.until = patience()}));
    CHECK(done.status.signal() == signal);
    CHECK_FALSE(done.status.code());
    CHECK(done.why == spawnpipe::ended_by::itself);
    CHECK_FALSE(done.success());
  }
}

TEST_CASE("[P4] a signal of ours is told apart from our reason for it") {
  harness::leak_check nothing_left;
  const auto late = harness::must(spawnpipe::run(command("hang"), {.until = 30ms}));
  CHECK(late.status.signal() == SIGKILL);
  CHECK(late.why == spawnpipe::ended_by::deadline);
  const auto itself = harness::must(spawnpipe::run(command("signal", SIGKILL), {.until = patience()}));
  CHECK(itself.status.signal() == SIGKILL);
  CHECK(itself.why == spawnpipe::ended_by::itself);
  auto running = harness::must(spawnpipe::spawn(quiet(command("hang"))));
  const auto report = harness::must(running.stop({.terminate = std::chrono::hours(1)}, patience()));
  CHECK(report.status.signal() == SIGTERM);
  CHECK(report.phase == spawnpipe::stop_phase::terminate);
}

TEST_CASE("[P2] a process that is stopped and goes on has not ended") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(command("until-eof", 3).in(pipe{})));
  const auto id = static_cast<pid_t>(running.id());
  CHECK(::kill(id, SIGSTOP) == 0);
  CHECK(running.wait(50ms).failed_with(errc::timed_out));
  CHECK(::kill(id, SIGCONT) == 0);
  CHECK(running.wait(50ms).failed_with(errc::timed_out));
  REQUIRE_OK(running.in().close());
  CHECK(harness::must(running.wait(patience())).code() == 3U);
}

TEST_CASE("[P5] a process that is stopped goes on to hear the request, and is killed all the same") {
  harness::leak_check nothing_left;
  // It has a handler for the polite request; without one Linux would end it at once.
  auto running = harness::must(spawnpipe::spawn(quiet(command("exit-on-terminate"))));
  CHECK(harness::must(running.out().read_line(patience())) == "ready");
  CHECK(::kill(static_cast<pid_t>(running.id()), SIGSTOP) == 0);
  auto report = harness::must(running.stop({.terminate = scaled(10s)}, patience()));
  CHECK(report.phase == spawnpipe::stop_phase::terminate);
  CHECK(report.status.code().has_value());

  running = harness::must(spawnpipe::spawn(quiet(command("ignore-terminate"))));
  CHECK(harness::must(running.out().read_line(patience())) == "ready");
  CHECK(::kill(static_cast<pid_t>(running.id()), SIGSTOP) == 0);
  report = harness::must(running.stop({.close_stdin = 30ms, .terminate = std::nullopt}, patience()));
  CHECK(report.phase == spawnpipe::stop_phase::kill);
  CHECK(report.status.signal() == SIGKILL);
}

TEST_CASE("[P5] a process that waits in the kernel is killed, with the one that it waits for") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(quiet(command("in-vfork"))));
  CHECK(harness::must(running.out().read_line(patience())) == "ready");
  CHECK(running.wait(20ms).failed_with(errc::timed_out));
  const auto report = harness::must(running.stop({.terminate = std::nullopt}, patience()));
  CHECK(report.phase == spawnpipe::stop_phase::kill);
  CHECK(report.status.signal() == SIGKILL);
  CHECK(report.tree.gone);
}

// ---- P6

std::map<std::string, pid_t> ids_of(const std::string& text) {
  std::map<std::string, pid_t> all;
  std::istringstream lines(text);
  std::string name;
  for (pid_t id = 0; lines >> name >> id;) all[name] = id;
  return all;
}

std::map<std::string, pid_t> ids(process_group which) {
  auto done = harness::must(spawnpipe::run(command("ids").group(which), {.until = patience()}));
  CHECK(done.success());
  return ids_of(done.out);
}

TEST_CASE("[P6] a child without a terminal leads a group of its own") {
  harness::leak_check nothing_left;
  auto own = ids(process_group::automatic);
  CHECK(own["group"] == own["id"]);
  CHECK(own["group"] != ::getpgrp());
  CHECK(own["parent"] == ::getpid());
}

TEST_CASE("[P6] a child in the host's group, and one in a session of its own") {
  harness::leak_check nothing_left;
  auto host = ids(process_group::host);
  CHECK(host["group"] == ::getpgrp());
  CHECK(host["session"] == ::getsid(0));
  auto session = ids(process_group::session);
  CHECK(session["session"] == session["id"]);
  CHECK(session["group"] == session["id"]);
}

TEST_CASE("[P6] a group of its own in the host's session") {
  harness::leak_check nothing_left;
  const auto running = spawnpipe::spawn(command("exit").group(process_group::own));
  if (!running) {
    CHECK(running.error() == errc::not_supported);
    CHECK(running.error().where == spawnpipe::stage::attributes);
  }
  RULE_HOLDS_OR_BROKEN("P6/own-group", running.has_value());
}

TEST_CASE("[P6] a child that has a terminal stays in the host's group") {
  harness::leak_check nothing_left;
  const harness::pseudo_terminal terminal;
  if (!terminal) SKIP_CASE(harness::no_terminal);
  const auto run = [](const spawnpipe::command& what) {
    return harness::must(spawnpipe::run(what, {.until = patience()})).out;
  };
  const handle as{spawnpipe::posix::fd(terminal.fd())};
  CHECK(run(command("tty").in(as)) == "in yes\nout no\nerr no\n");
  CHECK(ids_of(run(command("ids").in(as)))["group"] == ::getpgrp());
  CHECK(ids_of(run(command("ids").err(as)))["group"] == ::getpgrp());
  // Unless something else is asked for.
  auto own = ids_of(run(command("ids").in(as).group(process_group::session)));
  CHECK(own["group"] == own["id"]);
}

TEST_CASE("[P6] kill and terminate reach the tree, and say how") {
  harness::leak_check nothing_left;
  for (const bool politely : {false, true}) {
    CAPTURE(politely);
    auto running = harness::must(spawnpipe::spawn(quiet(command("tree", "hang", "up"))));
    const std::int64_t grandchild = std::stoll(std::string(harness::must(running.out().read_line(patience()))));
    const harness::end_at_exit ended(grandchild);
    CHECK(harness::must(running.out().read_line(patience())) == "up");
    const auto report = harness::must(politely ? running.terminate() : running.kill());
    CHECK(report.reached == mechanism::process_group);
    CHECK_FALSE(report.exact);
    CHECK(harness::must(running.wait(patience())).signal() == (politely ? SIGTERM : SIGKILL));
    CHECK(gone_within(grandchild, 5s));
  }
}

TEST_CASE("[P6] stop and run report how far the last signal reached") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(quiet(command("hang"))));
  const auto report = harness::must(running.stop(spawnpipe::stop_policy::immediate(), patience()));
  REQUIRE(report.last_signal.has_value());
  CHECK(report.last_signal->reached == mechanism::process_group);
  const auto late = harness::must(spawnpipe::run(command("hang"), {.until = 20ms}));
  REQUIRE(late.last_signal.has_value());
  CHECK(late.last_signal->reached == mechanism::process_group);
}

TEST_CASE("[P6] in the host's group the child alone is signalled") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(quiet(command("tree", "hang")).group(process_group::host)));
  const std::int64_t grandchild = std::stoll(std::string(harness::must(running.out().read_line(patience()))));
  const harness::end_at_exit ended(grandchild);
  const auto report = harness::must(running.kill());
  CHECK(report.reached == mechanism::process);
  CHECK_FALSE(report.exact);
  CHECK(harness::must(running.wait(patience())).signal() == SIGKILL);
  CHECK(host_os::running(grandchild));
}

// ---- P8

TEST_CASE("[P6][P8] once the leader has ended, its group is signalled where it can be no other, or not at all") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(quiet(command("grandchild", "hang"))));
  const std::int64_t grandchild = std::stoll(std::string(harness::must(running.out().read_line(patience()))));
  const harness::end_at_exit ended(grandchild);
  CHECK(harness::must(running.wait(patience())).success());
  const auto sent = running.kill();
  RULE_HOLDS_OR_BROKEN("P6/after-leader", sent.has_value());
  if (sent) {
    CHECK(sent->reached == mechanism::process_group);
    CHECK(gone_within(grandchild, 5s));
  } else {
    CHECK(sent.error() == errc::already_exited);
    CHECK(running.terminate().failed_with(errc::already_exited));
    running = spawnpipe::child();
    CHECK(host_os::running(grandchild));
  }
}

TEST_CASE("[P9] a child is tied to the host's life, or the back end says that it cannot") {
  harness::leak_check nothing_left;
  const auto running = spawnpipe::spawn(quiet(command("hang")).end_with_host());
  if (!running) {
    CHECK(running.error() == errc::not_supported);
    CHECK(running.error().where == spawnpipe::stage::attributes);
  }
  RULE_HOLDS_OR_BROKEN("P9/end-with-host", running.has_value());
}

TEST_CASE("[P6] a child in the host's group has no tree to wait for") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(quiet(command("exit")).group(process_group::host)));
  CHECK(running.wait_tree(patience()).failed_with(errc::not_supported));
  CHECK(harness::must(running.wait(patience())).success());
  const auto report = harness::must(running.stop());
  CHECK(report.tree == spawnpipe::tree_report{.gone = true});
}

TEST_CASE("[P5] the signal that asks is the policy's to choose") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(quiet(command("hang"))));
  const auto report = harness::must(running.stop({.terminate = 10s, .terminate_signal = SIGINT}));
  CHECK(report.status.signal() == SIGINT);
  CHECK(report.phase == spawnpipe::stop_phase::terminate);
}

TEST_CASE("[P6] orphans can be adopted, by an object that may be moved and assigned") {
  harness::leak_check nothing_left;
  auto adopts = spawnpipe::posix::orphan_adoption::begin();
  if (!adopts) CHECK(adopts.error() == spawnpipe::errc::not_supported);
  RULE_HOLDS_OR_BROKEN("P6/orphans", adopts.has_value());
  if (!adopts) return;
  spawnpipe::posix::orphan_adoption moved = *std::move(adopts);
  *adopts = std::move(moved);
  CHECK(harness::must(spawnpipe::run(command("exit"), {.until = patience()})).success());
}

}  // namespace
