// Every call that a new process makes between its birth and exec is made to fail in turn, at each place: the parent is told what
// the system said and the stage, no process and no descriptor is left. The new process shares the memory in which the fault stands.
//
// The table of what the child makes of each call is the one below; a call of the child's that is not in it fails the case.
#include "../../../platform/posix/call_numbers_linux.hpp"
#include "../../../platform/posix/child_linux.hpp"
#include "../../../platform/posix/clone_linux.hpp"
#include "../../children.hpp"
#include "engine.hpp"

#include <spawnpipe/posix.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>

namespace {

using harness::command;
using harness::patience;
using harness::scaled;
using spawnpipe::stage;
using spawnpipe::platform::child_fault;
using spawnpipe::platform::fault_of_child;
using spawnpipe::platform::last_start;
using spawnpipe::platform::linux_abilities;
using spawnpipe::posix::fd;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

// What a call means to the child.
struct child_call {
  long number;
  const char* name;
  std::optional<stage> where;  // of its failure; none: the child goes on without it
  const char* reason;          // why it may go on
  std::vector<int> codes;
  std::vector<int> no_failures = {};  // codes with which it goes on, of one that is fatal with others
};

const std::vector<child_call>& calls() {
  static const std::vector<child_call> all = {
      {SYS_close_range, "close_range", stage::process, nullptr, {EMFILE, ENOMEM, EPERM}},
      {SYS_clone, "clone", stage::process, nullptr, {EAGAIN, ENOMEM}},
      {SYS_rt_sigaction,
       "rt_sigaction",
       stage::attributes,
       "an emulator keeps some numbers",
       {EFAULT, EINVAL},
       {EINVAL}},
      {SYS_sigaltstack, "sigaltstack", stage::attributes, nullptr, {ENOMEM, EPERM}},
      {SYS_rt_sigprocmask, "rt_sigprocmask", stage::attributes, nullptr, {EINVAL, EFAULT}},
      {SYS_setsid, "setsid", stage::attributes, nullptr, {EPERM}},
      {SYS_setpgid, "setpgid", stage::attributes, nullptr, {EPERM, EACCES, ESRCH}},
      {SYS_prctl, "prctl", stage::attributes, nullptr, {EINVAL, EPERM}},
      {SYS_dup3, "dup3", stage::redirect, nullptr, {EBADF, EBUSY, EMFILE, EINTR}},
      {SYS_chdir, "chdir", stage::cwd, nullptr, {ENOENT, EACCES, ENOTDIR, EIO, ELOOP, ENAMETOOLONG, ENOMEM}},
      {SYS_execve,
       "execve",
       stage::exec,
       nullptr,
       {E2BIG, EACCES, EAGAIN, EINVAL, EIO, ELIBBAD, ELOOP, EMFILE, ENAMETOOLONG, ENFILE, ENOENT, ENOEXEC, ENOMEM,
        ENOTDIR, EPERM, ETXTBSY}},
      {SYS_openat,
       "openat",
       std::nullopt,
       "of /dev/null it is fatal, see below; a terminal that cannot be asked for counts as there",
       {EMFILE, ENFILE, EACCES, ENOMEM, EIO}},
      {SYS_fcntl,
       "fcntl",
       std::nullopt,
       "a stream that is not open is the null device; moving it is fatal, see below",
       {EBADF, EMFILE}},
      {SYS_getdents64, "getdents64", std::nullopt, "then each number is closed", {ENOENT, EIO}},
      {SYS_prlimit64, "prlimit64", std::nullopt, "then the limit is taken for the highest", {EPERM}},
      {SYS_close, "close", std::nullopt, "it has closed", {EINTR, EIO}},
      {SYS_ioctl, "ioctl", stage::attributes, nullptr, {ENOTTY, EIO, EPERM}},
      {SYS_getpid, "getpid", std::nullopt, "cannot fail", {}},
      {SYS_getppid, "getppid", std::nullopt, "cannot fail", {}},
      {SYS_exit_group, "exit_group", std::nullopt, "cannot fail", {}},
      {SYS_wait4, "wait4", std::nullopt, "what it would reap goes to the system", {ECHILD, EINTR}},
      {SYS_write, "write", std::nullopt, "where memory is shared it says nothing new", {EPIPE, EIO}},
  };
  return all;
}

// A way to start a child, and what it takes.
struct start {
  const char* name;
  spawnpipe::command what;
  bool detached = false;
  bool listed = false;  // as before close_range(2)
};

std::vector<start> starts() {
  const auto streams = [](spawnpipe::command what) { return std::move(what.in(pipe{}).out(pipe{}).err(null{})); };
  std::vector<start> all;
  all.push_back({"with pipes", streams(command("exit"))});
  all.push_back({"in a folder", streams(command("exit").cwd("/"))});
  all.push_back({"in a session", streams(command("exit").group(spawnpipe::process_group::session))});
  all.push_back({"in a group", streams(command("exit").group(spawnpipe::process_group::own))});
  all.push_back(
      {"that inherits", command("exit").in(null{}).out(spawnpipe::stdio::inherit{}).err(spawnpipe::stdio::merge{})});
  all.push_back({"with descriptors that cross", streams(command("exit").descriptor(4, fd(2)).descriptor(3, fd(1)))});
  all.push_back({"that ends with its host", streams(command("exit").end_with_host())});
  all.push_back({"whose descriptors are listed", streams(command("exit")), false, true});
  all.push_back({"that is nobody's", command("exit"), true});
  return all;
}

spawnpipe::result<void> made(const start& how) {
  std::optional<harness::replaced_call<&spawnpipe::platform::linux_table::close_range_works>> none;
  if (how.listed) {
    linux_abilities::forget();
    none.emplace([] { return harness::failing(ENOSYS); });
  }
  spawnpipe::result<void> outcome;
  if (how.detached) {
    const auto id = spawnpipe::spawn_detached(how.what);
    if (!id) return id.error();
    CHECK(harness::gone_within(*id, 10s));
    return outcome;
  }
  auto running = spawnpipe::spawn(how.what);
  if (!running) return running.error();
  const auto status = running->wait(patience());
  if (!status) return status.error();
  return outcome;
}

// What the case expects of a failure that it was told of: code, stage, subject.
void check_told(const spawnpipe::error& said, const child_call& call, int code, const start& how) {
  CHECK(said.code == std::error_code(code, std::system_category()));
  if (call.where) CHECK(said.where == *call.where);
  switch (said.where) {
    case stage::cwd: CHECK(said.subject == "/"); break;
    case stage::redirect: CHECK_FALSE(said.subject.empty()); break;
    default: CHECK(said.subject == how.what.program()); break;
  }
}

// True where the fault came.
bool with_fault(const start& how, const child_call& call, int code, int at) {
  CAPTURE(std::string(how.name));
  CAPTURE(std::string(call.name));
  CAPTURE(code);
  CAPTURE(at);
  const harness::leak_check nothing_left;
  const auto began = std::chrono::steady_clock::now();
  fault_of_child = {.call = call.number, .code = code, .at = at};
  const auto outcome = made(how);
  const bool came = fault_of_child.made[call.number] >= at;
  fault_of_child = {};
  if (how.listed) linux_abilities::forget();
  CHECK(std::chrono::steady_clock::now() - began < scaled(1s));
  if (!outcome) {
    check_told(outcome.error(), call, code, how);
    CHECK(came);
  } else if (came) {
    const bool goes_on = !call.where || std::ranges::find(call.no_failures, code) != call.no_failures.end();
    CHECK_MESSAGE(goes_on, "the parent was not told");
  }
  return came;
}

TEST_CASE("[P1][G2][G4] any call that fails in the child before exec is told with its stage, and leaves nothing") {
  harness::bound_case(120s);
  REQUIRE_OK(spawnpipe::run(command("exit"), {.until = patience()}));
  if (!last_start().memory_shared) SKIP_CASE("here a new process does not share our memory");
  constexpr int most = 4;  // places where the child makes each call; those behind repeat them
  int cases = 0;
  for (const start& how : starts()) {
    CAPTURE(std::string(how.name));
    harness::bound_case(60s);
    fault_of_child = {};
    REQUIRE_OK(made(how));
    const child_fault counted = fault_of_child;
    fault_of_child = {};
    for (long number = 0; number < static_cast<long>(child_fault::most); ++number) {
      if (counted.made[number] == 0) continue;
      const auto call = std::ranges::find(calls(), number, &child_call::number);
      CHECK_MESSAGE(call != calls().end(), "the child makes call ", number,
                    ", of which nobody knows what its failure means");
      if (call == calls().end()) continue;
      for (const int code : call->codes) {
        for (int at = 1; at <= most && with_fault(how, *call, code, at); ++at) ++cases;
      }
    }
  }
  CHECK(cases > 200);
  MESSAGE(starts().size(), " ways to start a child, ", cases, " cases, each call at its first ", most, " places");
  for (const child_call& each : calls()) {
    if (each.reason != nullptr) std::printf("the child goes on: %s: %s\n", each.name, each.reason);
  }
}

TEST_CASE("[P1] a null device that cannot be opened, and a stream that cannot be moved, are told by their name") {
  const auto said = [](const spawnpipe::command& what, long call, int code, int at) {
    fault_of_child = {.call = call, .code = code, .at = at};
    const auto running = spawnpipe::spawn(what);
    fault_of_child = {};
    REQUIRE_FALSE(running);
    return running.error();
  };
  // The first openat is of the terminal, and then come the streams in their order.
  const auto nulls = command("exit").in(null{}).out(null{}).err(null{});
  const std::array names = {"in", "out", "err"};
  for (int stream = 0; stream < 3; ++stream) {
    const auto failed = said(nulls, SYS_openat, EMFILE, 2 + stream);
    CHECK(failed == std::errc::too_many_files_open);
    CHECK(failed.where == stage::redirect);
    CHECK(failed.subject == names.at(static_cast<std::size_t>(stream)));
  }
  // Two that change places: one has to be moved aside.
  const int first = ::fcntl(2, F_DUPFD_CLOEXEC, 20);
  const int second = ::fcntl(2, F_DUPFD_CLOEXEC, first + 1);
  const auto crossed =
      command("exit").in(pipe{}).out(pipe{}).err(pipe{}).descriptor(first, fd(second)).descriptor(second, fd(first));
  bool moved = false;
  for (int at = 1; at < 20 && !moved; ++at) {
    fault_of_child = {.call = SYS_fcntl, .code = EMFILE, .at = at};
    const auto running = spawnpipe::spawn(crossed);
    fault_of_child = {};
    moved = !running;
    if (running) continue;
    CHECK(running.error() == std::errc::too_many_files_open);
    CHECK(running.error().where == stage::redirect);
    CHECK(running.error().subject.starts_with("descriptor "));
  }
  CHECK(moved);
  ::close(first);
  ::close(second);
}

TEST_CASE("[P1] a table of descriptors that cannot be copied once does not change how later children get theirs") {
  REQUIRE_OK(spawnpipe::run(command("exit"), {.until = patience()}));
  if (!last_start().table_shared) SKIP_CASE("here a new process has a table of its own");
  fault_of_child = {.call = SYS_close_range, .code = ENOMEM, .at = 1};
  const auto refused = spawnpipe::run(command("exit"), {.until = patience()});
  const int tries = fault_of_child.made[SYS_close_range];
  fault_of_child = {};
  CHECK(refused.failed_with(std::errc::not_enough_memory));
  CHECK(tries == 1);
}

}  // namespace
