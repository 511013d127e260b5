#include "engine.hpp"

#include "../../children.hpp"
#include "../../scenario.hpp"
#include "../descriptors.hpp"

#include <spawnpipe/posix.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace harness {
namespace {

using spawnpipe::platform::fault_of_child;

// The signal with which a child was stopped, within our patience; 0: none.
int stopped_by(std::int64_t id) {
  for (const auto until = patience(); !until.passed(); std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
    siginfo_t info = {};
    if (::waitid(P_PID, static_cast<id_t>(id), &info, WSTOPPED | WNOHANG | __WALL) != 0) return 0;
    if (info.si_pid != 0) return info.si_status;
  }
  return 0;
}

// A stop that the child gets before exec, while it is blocked or behind that, would have us wait for an exec that does not come.
void expect_stops_arrive() {
  constexpr auto own = spawnpipe::process_group::own;
  for (const long call : {SYS_rt_sigprocmask, SYS_execve}) {
    for (const int signal : {SIGTSTP, SIGTTIN, SIGTTOU}) {
      fault_of_child = {.call = call, .at = 1, .raised = {signal}};
      auto running = spawnpipe::spawn(quiet(command("cat")).in(spawnpipe::stdio::pipe{}).group(own));
      fault_of_child = {};
      EXPECT(running);
      EXPECT(stopped_by(running->id()) == signal);
      EXPECT(::kill(static_cast<pid_t>(running->id()), SIGCONT) == 0);
      EXPECT(running->in().close());
      const auto status = running->wait(patience());
      EXPECT(status && status->success());
    }
  }
  {
    fault_of_child = {.call = SYS_execve, .at = 1, .raised = {SIGTSTP, SIGCONT}};
    auto goes_on = spawnpipe::spawn(quiet(command("cat")).in(spawnpipe::stdio::pipe{}).group(own));
    fault_of_child = {};
    EXPECT(goes_on && goes_on->in().close());
    const auto status = goes_on->wait(patience());
    EXPECT(status && status->success());
  }
  fault_of_child = {.call = SYS_execve, .at = 1, .raised = {SIGTSTP}};
  const auto missing = spawnpipe::run(spawnpipe::command("no-such-program-here"), {.until = patience()});
  fault_of_child = {};
  EXPECT(!missing && missing.error() == std::errc::no_such_file_or_directory);
}

}  // namespace

void expect_spawns_work() {
  using spawnpipe::stage;
  using spawnpipe::stdio::null;
  using spawnpipe::stdio::pipe;
  warm_up();
  const temp_dir folder;
  const int leaked = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  const auto descriptors = host_os::open_descriptors();
  const auto children = host_os::children();

  const auto exited = spawnpipe::run(command("exit", 7), {.until = patience()});
  EXPECT(exited && exited->status.code() == 7U);
  const auto killed = spawnpipe::run(command("signal", SIGUSR1), {.until = patience()});
  EXPECT(killed && killed->status.signal() == SIGUSR1);

  const std::string text = pattern::make(300'000);
  const auto echoed = spawnpipe::run(command("cat"), {.input = text, .until = patience()});
  EXPECT(echoed && echoed->success() && echoed->out == text);

  const auto seen = spawnpipe::run(command("fds").descriptor(5, spawnpipe::posix::fd(leaked)), {.until = patience()});
  EXPECT(seen &&
         descriptors_of(seen->out) == std::vector<std::string>{"0 null r -", "1 pipe w -", "2 pipe w -", "5 null r -"});

  const auto missing = spawnpipe::run(spawnpipe::command("no-such-program-here"), {.until = patience()});
  EXPECT(!missing && missing.error() == std::errc::no_such_file_or_directory && missing.error().where == stage::exec);
  EXPECT(missing.error().subject == "no-such-program-here");
  const auto nowhere = spawnpipe::run(command("exit").cwd(folder / "missing"), {.until = patience()});
  EXPECT(!nowhere && nowhere.error() == std::errc::no_such_file_or_directory && nowhere.error().where == stage::cwd);
  EXPECT(nowhere.error().subject == folder / "missing");

  write_file(folder / "script", "exit 9\n");
  const auto denied = spawnpipe::run(spawnpipe::command(folder / "script"), {.until = patience()});
  EXPECT(!denied && denied.error() == std::errc::permission_denied && denied.error().where == stage::exec);
  ::chmod((folder / "script").c_str(), 0755);
  const auto script = spawnpipe::run(spawnpipe::command(folder / "script"), {.until = patience()});
  EXPECT(script && script->status.code() == 9U);

  {
    auto running = spawnpipe::spawn(command("hang", "up").in(null{}).out(pipe{}).err(null{}));
    EXPECT(running);
    const auto line = running->out().read_line(patience());
    EXPECT(line && *line == "up");
    EXPECT(running->wait(spawnpipe::deadline::now()).failed_with(spawnpipe::errc::timed_out));
    const auto report = running->kill();
    EXPECT(report && report->reached == spawnpipe::mechanism::process_group);
    const auto status = running->wait(patience());
    EXPECT(status && status->signal() == SIGKILL);
    EXPECT(running->kill().failed_with(spawnpipe::errc::already_exited));
  }
  expect_stops_arrive();
  EXPECT(host_os::open_descriptors() == descriptors);
  EXPECT(host_os::children() == children);
  ::close(leaked);
}

}  // namespace harness
