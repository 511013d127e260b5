// Starting children by the Linux engine, without loop and library: so it can be built for another processor with nothing but a
// compiler, and run under emulators, which make a fork of a vfork and know only some of the calls.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#include "posix/clone_linux.hpp"
#include "posix/system_linux.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace {

using spawnpipe::platform::child_descriptor;
using spawnpipe::platform::child_group;
using spawnpipe::platform::child_plan;
using spawnpipe::platform::child_step;
using spawnpipe::platform::fault_of_child;
using spawnpipe::platform::linux_abilities;
using spawnpipe::platform::started;
using spawnpipe::platform::unique_fd;

// The helper of the tests, with these arguments.
class start {
 public:
  explicit start(std::vector<std::string> arguments, std::string program = HARNESS_CHILD_PROGRAM)
      : program_(std::move(program)), arguments_(std::move(arguments)) {}

  start& stream(int number, int source) {
    streams_.at(static_cast<std::size_t>(number)).source = source;
    return *this;
  }
  start& cwd(const char* folder) {
    cwd_ = folder;
    return *this;
  }
  start& group(child_group which) {
    group_ = which;
    return *this;
  }

  started now() {
    std::vector<char*> argv = {program_.data()};
    for (std::string& each : arguments_) argv.push_back(each.data());
    argv.push_back(nullptr);
    const std::array<const char*, 2> candidates = {program_.c_str(), nullptr};
    std::vector<const char*> for_shell(argv.size() + 2);
    child_plan plan = {};
    plan.descriptors = streams_.data();
    plan.descriptor_count = streams_.size();
    plan.cut = 3;
    for (const child_descriptor& each : streams_) plan.cut = std::max(plan.cut, static_cast<unsigned>(each.source + 1));
    plan.close_range = linux_abilities::close_range();
    plan.shared_table = plan.close_range;
    plan.host = ::getpid();
    plan.group = group_;
    plan.cwd = cwd_;
    plan.candidates = candidates.data();
    plan.argv = argv.data();
    plan.environment = environ;
    plan.shell_argv = for_shell.data();
    started made = start_child(plan);
    failed_at = plan.failure.step;
    return made;
  }

  child_step failed_at = child_step::none;

 private:
  std::string program_;
  std::vector<std::string> arguments_;
  const char* cwd_ = nullptr;
  child_group group_ = child_group::session;
  std::array<child_descriptor, 3> streams_ = {
      {{0, -1, false, false, 0}, {1, -1, false, false, 0}, {2, -1, false, false, 0}}};
};

int status_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, __WALL) == -1 && errno == EINTR) {
  }
  return status;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) count += each.path().empty() ? 0 : 1;
  return count;
}

bool no_child_left() { return ::waitpid(-1, nullptr, WNOHANG | __WALL) == -1 && errno == ECHILD; }

TEST_CASE("a child runs, and its exit code and signal come") {
  for (int code : {0, 7, 255}) {
    const started made = start({"exit", std::to_string(code)}).now();
    REQUIRE(made.code == 0);
    const int status = status_of(made.pid);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == code);
  }
  const started made = start({"signal", std::to_string(SIGUSR1)}).now();
  REQUIRE(made.code == 0);
  const int status = status_of(made.pid);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGUSR1);
}

TEST_CASE("a start that fails says where and why, and leaves no child") {
  start missing({}, "/no/such/program");
  CHECK(missing.now().code == ENOENT);
  CHECK(missing.failed_at == child_step::exec);
  start nowhere({"exit"});
  CHECK(nowhere.cwd("/no/such/folder").now().code == ENOENT);
  CHECK(nowhere.failed_at == child_step::cwd);
  CHECK(no_child_left());
}

TEST_CASE("a child has the streams that it was given, and nothing else that is open here") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const unique_fd ours(ends[0]);
  unique_fd theirs(ends[1]);
  const unique_fd leaks(::open("/dev/null", O_RDONLY));  // without close-on-exec
  const started made = start({"fds"}).stream(1, theirs.get()).now();
  REQUIRE(made.code == 0);
  theirs.reset();
  std::string seen;
  std::array<char, 4096> some{};
  for (ssize_t got = 0; (got = ::read(ours.get(), some.data(), some.size())) != 0;) {
    if (got > 0) seen.append(some.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  CHECK(WEXITSTATUS(status_of(made.pid)) == 0);
  CHECK(seen.find("0 ") == 0);
  CHECK(seen.find("\n1 pipe ") != std::string::npos);
  CHECK(seen.find("\n2 ") != std::string::npos);
  CHECK(std::count(seen.begin(), seen.end(), '\n') == 3);
}

TEST_CASE("a stop that a child gets before exec stops it when it is there") {
  for (const long call : {SYS_rt_sigprocmask, SYS_execve}) {
    for (const int signal : {SIGTSTP, SIGTTIN, SIGTTOU}) {
      std::array<int, 2> ends{};
      REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
      const unique_fd theirs(ends[0]);
      unique_fd ours(ends[1]);
      fault_of_child = {.call = call, .at = 1, .raised = {signal}};
      const started made = start({"cat"}).stream(0, theirs.get()).group(child_group::group).now();
      fault_of_child = {};
      REQUIRE(made.code == 0);
      int status = 0;
      pid_t seen = 0;
      for (int tries = 0; seen == 0 && tries < 10'000; ++tries) {
        seen = ::waitpid(made.pid, &status, WUNTRACED | WNOHANG | __WALL);
        if (seen == 0) ::usleep(1000);
      }
      CHECK(seen == made.pid);
      CHECK(WIFSTOPPED(status));
      CHECK(WSTOPSIG(status) == signal);
      ::kill(made.pid, SIGCONT);
      ours.reset();
      CHECK(status_of(made.pid) == 0);
    }
  }
}

TEST_CASE("many starts, good and bad, leave nothing open") {
  status_of(start({"exit"}).now().pid);
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 100; ++i) {
    const started made = start({"exit", "3"}).now();
    REQUIRE(made.code == 0);
    CHECK(WEXITSTATUS(status_of(made.pid)) == 3);
    CHECK(start({}, "/no/such/program").now().code == ENOENT);
  }
  CHECK(open_descriptors() == before);
  CHECK(no_child_left());
}

TEST_CASE("the way that is taken is the one that this system is known to allow") {
  const char* const expected = std::getenv("ENGINE_WAY");
  REQUIRE(start({}, "/no/such/program").now().code == ENOENT);
  const std::array names = {"clone3_clear", "clone3_plain", "clone_pidfd", "clone_plain", "clone_signalling"};
  const std::string taken = names.at(static_cast<std::size_t>(linux_abilities::best_way()));
  MESSAGE("taken: ", taken);
  CHECK(taken == (expected != nullptr ? expected : "clone3_clear"));
}

}  // namespace
