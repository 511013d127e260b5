// Hosts that adopt what their children leave behind.
#include "../../children.hpp"
#include "../../results.hpp"
#include "../../scenario.hpp"
#include "../chosen_id.hpp"
#include "engine.hpp"
#include "posix/orphan_mark.hpp"

#include <spawnpipe/posix.hpp>

#include <atomic>
#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::gone_within;
using harness::patience;
using harness::quiet;
using spawnpipe::mechanism;
using spawnpipe::process_group;
using spawnpipe::stop_policy;
using spawnpipe::posix::orphan_adoption;
using namespace std::chrono_literals;

// For the cases of trees and stops, by this mechanism.
const auto adopts_for_all = [] {
  std::optional<orphan_adoption> begun;
  if (harness::chosen_mechanism() == to_string(mechanism::descendants)) begun = *orphan_adoption::begin();
  return begun;
}();

// The system tells in hundredths of a second when a process began.
constexpr auto one_tick = 30ms;

int subreaper() {
  int yes = -1;
  ::prctl(PR_GET_CHILD_SUBREAPER, &yes, 0, 0, 0);
  return yes;
}

std::int64_t number_from(spawnpipe::child& running) {
  const auto line = running.out().read_line(patience());
  return line ? std::stoll(std::string(*line)) : 0;
}

HOST_SCENARIO(guards, "orphans are adopted for a while") {
  EXPECT(subreaper() == 0);
  {
    auto one = orphan_adoption::begin();
    auto two = orphan_adoption::begin();
    EXPECT(one && two && subreaper() == 1);
    orphan_adoption moved = *std::move(one);
    one = std::move(two);
    EXPECT(subreaper() == 1);
  }
  EXPECT(subreaper() == 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  { auto one = orphan_adoption::begin(); }
  EXPECT(subreaper() == 1);
}
TEST_CASE("[P6][G1] a host adopts orphans while it says so, and is then what it was") {
  PLAY_SCENARIO("orphans are adopted for a while");
}

HOST_SCENARIO(all_go, "what left its session is adopted and ended") {
  auto adopts = orphan_adoption::begin();
  EXPECT(adopts);
  for (const auto group : {process_group::automatic, process_group::host}) {
    // One that left before its parent ended, one that stayed, and one whose parent lives.
    auto running =
        spawnpipe::spawn(quiet(command("both", 3, "session", "hang", "x", "grandchild", "tree", "hang")).group(group));
    EXPECT(running);
    const std::int64_t away = number_from(*running);
    EXPECT(away > 0 && host_os::running(away));
    EXPECT(running->wait(patience())->success());
    EXPECT(running->wait_tree(20ms).failed_with(spawnpipe::errc::timed_out));
    const auto report = running->stop(stop_policy::immediate());
    EXPECT(report && report->tree.by == mechanism::descendants);
    EXPECT(report && report->tree.gone);
    EXPECT(report && report->tree.exact);
    EXPECT(gone_within(away, 5s));
    *running = spawnpipe::child();
    EXPECT(host_os::children().empty());  // no zombie either
  }
  // A leader that runs, and is ended with all.
  auto running = spawnpipe::spawn(quiet(command("both", 3, "session", "ignore-terminate", "x", "hang")));
  const std::int64_t away = number_from(*running);
  const auto report = running->stop({.terminate = 10ms});
  EXPECT(report && report->tree.gone && report->tree.exact);
  EXPECT(gone_within(away, 5s));
  *running = spawnpipe::child();
  EXPECT(host_os::children().empty());
}
TEST_CASE("[P6] a host that adopts orphans ends also what left the group, with proof, and reaps it") {
  PLAY_SCENARIO("what left its session is adopted and ended");
}

HOST_SCENARIO(hosts_own, "the host has children of its own and adopts orphans") {
  const pid_t older = ::fork();
  if (older == 0) {
    for (;;) ::pause();
  }
  std::this_thread::sleep_for(one_tick);
  auto adopts = orphan_adoption::begin();
  auto running = spawnpipe::spawn(quiet(command("grandchild", "session", "hang")));
  EXPECT(running && number_from(*running) > 0);
  EXPECT(running->wait(patience())->success());
  auto report = running->stop(stop_policy::immediate());
  EXPECT(report && report->tree.gone && report->tree.exact);

  running = spawnpipe::spawn(quiet(command("grandchild", "session", "hang")));
  EXPECT(running && number_from(*running) > 0);
  std::this_thread::sleep_for(one_tick);
  const pid_t younger = ::fork();
  if (younger == 0) {
    ::setsid();
    for (;;) ::pause();
  }
  const pid_t ended = ::fork();
  if (ended == 0) ::_exit(9);
  report = running->stop(stop_policy::immediate());
  EXPECT(report && report->tree.gone && !report->tree.exact);  // it could be an orphan
  *running = spawnpipe::child();
  EXPECT(::kill(older, 0) == 0 && ::kill(younger, 0) == 0);
  int status = 0;
  EXPECT(::waitpid(ended, &status, 0) == ended && WEXITSTATUS(status) == 9);
  for (const pid_t each : {older, younger}) {
    ::kill(each, SIGKILL);
    EXPECT(::waitpid(each, &status, 0) == each && WIFSIGNALED(status));
  }
}
TEST_CASE("[P6] where the system has nothing random yet, a host still has a mark of its own") {
  const harness::replaced_call<&spawnpipe::platform::linux_table::random_bytes> early(
      [](void*, std::size_t) -> ssize_t { return harness::failing(EAGAIN); });
  const auto first = spawnpipe::platform::orphan_nonce();
  const auto second = spawnpipe::platform::orphan_nonce();
  CHECK(first != 0);
  CHECK(first != second);
}

TEST_CASE("[P6][G5] a host's own children are neither signalled nor reaped where it adopts orphans") {
  PLAY_SCENARIO("the host has children of its own and adopts orphans");
}

HOST_SCENARIO(first_thread_ends, "an orphan whose first thread has ended") {
  auto adopts = orphan_adoption::begin();
  auto running = spawnpipe::spawn(quiet(command("grandchild", "session", "main-ends", "hang", "up")));
  EXPECT(running);
  const std::int64_t away = number_from(*running);
  EXPECT(running->out().read_line(patience()).value_or("") == "up");
  EXPECT(running->wait(patience())->success());
  // The system shows it as a zombie.
  const std::string stat = "/proc/" + std::to_string(away) + "/stat";
  for (const auto until = patience(); harness::read_file(stat).find(") Z ") == std::string::npos && !until.passed();) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT(running->wait_tree(20ms).failed_with(spawnpipe::errc::timed_out));
  const auto report = running->stop(stop_policy::immediate());
  EXPECT(report && report->tree.gone && report->tree.exact);
  EXPECT(harness::read_file(stat).empty());
}
TEST_CASE("[P6] an orphan whose first thread has ended runs, and is ended") {
  PLAY_SCENARIO("an orphan whose first thread has ended");
}

HOST_SCENARIO(leader_taken, "a host reaps a spawned child, and has another of that number") {
  auto adopts = orphan_adoption::begin();
  auto running = spawnpipe::spawn(quiet(command("exit")));
  EXPECT(running && running->wait(patience())->success());
  const auto id = static_cast<pid_t>(running->id());
  EXPECT(::waitpid(id, nullptr, 0) == id);
  if (!harness::make_process_with(id)) SKIP_SCENARIO(harness::no_choice);
  EXPECT(running->kill().failed_with(spawnpipe::errc::already_exited) || ::kill(id, 0) == 0);
  ::kill(id, SIGKILL);
  EXPECT(harness::gone_within(id, 5s));
  (void)spawnpipe::run(command("exit"), {.until = patience()});
  *running = spawnpipe::child();
  int status = 0;
  EXPECT(::waitpid(id, &status, 0) == id && WIFSIGNALED(status));
}
TEST_CASE("[P8][G5] a child of the host's that got the number of a spawned one is neither signalled nor reaped") {
  PLAY_SCENARIO("a host reaps a spawned child, and has another of that number");
}

HOST_SCENARIO(marks_of_others, "children of the host's with marks that look like ours") {
  // Such as are inherited by a host that is itself somebody's child, or that has exec'ed itself.
  const std::string mark = std::to_string(::getpid()) + ".1:" + std::to_string(::getpid()) + ".2";
  ::setenv("SPAWNPIPE_TREE", mark.c_str(), 1);
  const pid_t own = ::fork();
  if (own == 0) {
    ::setsid();
    ::execl(harness::child_program().c_str(), "child", "hang", nullptr);
    ::_exit(1);
  }
  std::this_thread::sleep_for(one_tick);
  auto adopts = orphan_adoption::begin();
  for (int round = 0; round < 3; ++round) {
    auto running = spawnpipe::spawn(quiet(command("tree", "hang")));
    EXPECT(running && running->stop(stop_policy::immediate())->tree.gone);
  }
  EXPECT(::kill(own, 0) == 0 && host_os::running(own));
  ::kill(own, SIGKILL);
  int status = 0;
  EXPECT(::waitpid(own, &status, 0) == own && WIFSIGNALED(status));
}
TEST_CASE("[P6][G5] a child of the host's is not taken for an orphan by a mark that it inherited") {
  PLAY_SCENARIO("children of the host's with marks that look like ours");
}

HOST_SCENARIO(detached_ends, "a detached process ends while orphans are adopted") {
  std::int64_t id = 0;
  {
    auto adopts = orphan_adoption::begin();
    id = spawnpipe::spawn_detached(command("hang")).value_or(0);
    EXPECT(id > 0);
  }
  ::kill(static_cast<pid_t>(id), SIGKILL);
  EXPECT(gone_within(id, 5s));
  (void)spawnpipe::run(command("exit"), {.until = patience()});
  EXPECT(host_os::children().empty());
}
TEST_CASE("[P9] what was adopted is reaped also when nothing is adopted any more") {
  PLAY_SCENARIO("a detached process ends while orphans are adopted");
}

HOST_SCENARIO(many_threads, "orphans of many threads") {
  auto adopts = orphan_adoption::begin();
  std::vector<std::thread> all;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) {
    all.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        auto running = spawnpipe::spawn(quiet(command("random-tree", "m", round, 2, "leave")));
        if (!running) continue;
        std::this_thread::sleep_for(5ms);
        const auto report = running->stop(stop_policy::immediate());
        good += report && report->tree.gone ? 1 : 0;
      }
    });
  }
  for (auto& each : all) each.join();
  EXPECT(good == 40);
  // What left its session, and ended by itself before it was looked at, may be the host's own: that is all that may be left.
  for (const std::string& left : host_os::children()) {
    const pid_t id = std::stoi(left);
    EXPECT(left.ends_with(" zombie"));
    EXPECT(::getsid(id) == id);
    EXPECT(::waitpid(id, nullptr, WNOHANG) == id);
  }
}
TEST_CASE("[P6][C1] trees of many threads are told apart where orphans are adopted") {
  PLAY_SCENARIO("orphans of many threads");
}

}  // namespace
