// The host's terminal in the hands of a child: hosts with a terminal of their own, on which the case types.
#include "../../../platform/posix/child_linux.hpp"
#include "../../children.hpp"
#include "../../scenario.hpp"
#include "../leave_copy.hpp"
#include "../pseudo_terminal.hpp"

#include <spawnpipe/posix.hpp>

#include <array>
#include <cerrno>
#include <functional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::ctrl_c;
using harness::ctrl_d;
using harness::ctrl_z;
using harness::no_terminal;
using harness::patience;
using harness::pseudo_terminal;
using spawnpipe::errc;
using spawnpipe::process_group;
using spawnpipe::platform::fault_of_child;
using spawnpipe::stdio::handle;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

spawnpipe::command reading(const pseudo_terminal& from, spawnpipe::command what) {
  return std::move(what.in(handle{spawnpipe::posix::fd(from.fd())}).out(pipe{}).group(process_group::foreground));
}

// The helper doing `verb`, by a shell that has the terminal echo nothing first.
spawnpipe::command without_echo(const std::string& verb) {
  return {"/bin/sh", "-c", "stty -echo; exec \"$0\" " + verb, harness::child_program()};
}

bool soon(const std::function<bool()>& holds) {
  for (const auto until = patience(); !until.passed(); std::this_thread::sleep_for(5ms)) {
    if (holds()) return true;
  }
  return false;
}

// Whether it is stopped, as the system's list has it.
bool is_stopped(std::int64_t id) {
  const std::string stat = harness::read_file("/proc/" + std::to_string(id) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.substr(name_end + 2, 1) == "T";
}

HOST_SCENARIO(has_it, "a child in the foreground has the terminal") {
  pseudo_terminal terminal;
  if (!terminal) SKIP_SCENARIO(no_terminal);
  EXPECT(terminal.control());
  auto running = spawnpipe::spawn(reading(terminal, command("cat")));
  EXPECT(running);
  EXPECT(terminal.foreground() == running->id());
  terminal.type("hello\n");
  EXPECT(running->out().read_line(patience()).value_or("") == "hello");
  terminal.type(ctrl_d);
  EXPECT(running->wait(patience())->success());
  EXPECT(terminal.foreground() == ::getpgrp());

  const auto missing = spawnpipe::spawn(reading(terminal, spawnpipe::command("./spawnpipe-no-such-program")));
  EXPECT(!missing && missing.error().where == spawnpipe::stage::exec);
  EXPECT(terminal.foreground() == ::getpgrp());

  // Let go, and gone: a loop that is in progress has it back.
  auto free = spawnpipe::spawn(reading(terminal, command("cat")));
  EXPECT(free && terminal.foreground() == free->id());
  EXPECT(free->detach());
  terminal.type(ctrl_d);
  EXPECT(soon([&] {
    (void)spawnpipe::run(command("exit"), {.until = patience()});
    return terminal.foreground() == ::getpgrp();
  }));
}
TEST_CASE("[P6] a child in the foreground has the terminal, and the host has it back at its end") {
  PLAY_SCENARIO("a child in the foreground has the terminal");
}

HOST_SCENARIO(interrupts, "Ctrl-C on a child in the foreground") {
  pseudo_terminal terminal;
  if (!terminal) SKIP_SCENARIO(no_terminal);
  EXPECT(terminal.control());
  auto running = spawnpipe::spawn(reading(terminal, without_echo("hang ready")));
  EXPECT(running);
  EXPECT(running->out().read_line(patience()));
  EXPECT(!terminal.echoes());
  terminal.type(ctrl_c);
  const auto how = running->wait(patience());
  EXPECT(how && how->signal() == SIGINT);  // and we are here
  EXPECT(terminal.foreground() == ::getpgrp());
  EXPECT(terminal.echoes());
  // One that ended by itself meant the modes that it left.
  EXPECT(spawnpipe::run(reading(terminal, spawnpipe::command("stty", {"-echo"})), {.until = patience()})->success());
  EXPECT(!terminal.echoes());
}
TEST_CASE("[P6] Ctrl-C ends the child in the foreground and not the host, which has its terminal's modes back") {
  PLAY_SCENARIO("Ctrl-C on a child in the foreground");
}

HOST_SCENARIO(suspends, "Ctrl-Z on a child in the foreground") {
  pseudo_terminal terminal;
  if (!terminal) SKIP_SCENARIO(no_terminal);
  EXPECT(terminal.control());
  auto running = spawnpipe::spawn(reading(terminal, without_echo("echo-lines")));
  EXPECT(running);
  terminal.type("up\n");
  EXPECT(running->out().read_line(patience()).value_or("") == "got up");
  for (int round = 0; round < 3; ++round) {
    terminal.type(ctrl_z);
    EXPECT(running->wait(patience()).failed_with(errc::suspended));
    EXPECT(running->suspended());
    EXPECT(is_stopped(running->id()));
    EXPECT(terminal.foreground() == ::getpgrp());
    EXPECT(terminal.echoes());
    EXPECT(running->resume());
    EXPECT(terminal.foreground() == running->id());
    EXPECT(!terminal.echoes());
    terminal.type("on\n");
    EXPECT(running->out().read_line(patience()).value_or("") == "got on");
  }
  terminal.type(ctrl_z);
  EXPECT(running->wait(patience()).failed_with(errc::suspended));
  // A stop reaches one that is stopped: it goes on, and ends when it is asked to.
  const auto report = running->stop({.terminate = 10s});
  EXPECT(report && report->phase == spawnpipe::stop_phase::terminate);
  EXPECT(terminal.foreground() == ::getpgrp());
}
TEST_CASE("[P6][P5] Ctrl-Z suspends the child in the foreground, which can be resumed, and stopped") {
  PLAY_SCENARIO("Ctrl-Z on a child in the foreground");
}

// A shell with one job: what `act` does, in a group of its own that has the terminal. Returns the job's id. The job begins when it has the
// terminal: given to it any later, it would be taken from the job's child.
pid_t start_job(const pseudo_terminal& terminal, const std::function<int()>& act) {
  ::signal(SIGTTOU, SIG_IGN);
  std::array<int, 2> gate{};
  EXPECT(::pipe2(gate.data(), O_CLOEXEC) == 0);
  const pid_t job = ::fork();
  if (job == 0) {
    ::close(gate[1]);
    char nothing = 0;
    while (::read(gate[0], &nothing, 1) == -1 && errno == EINTR) {
    }
    ::close(gate[0]);
    ::signal(SIGTTOU, SIG_DFL);
    harness::leave_copy(act());
  }
  ::close(gate[0]);
  EXPECT(::setpgid(job, job) == 0);
  EXPECT(::tcsetpgrp(terminal.fd(), job) == 0);
  ::close(gate[1]);
  return job;
}

// Ctrl-Z is typed as soon as the job's child has the terminal, or comes when that is about to call exec.
void suspend_a_job(bool before_exec) {
  pseudo_terminal terminal;
  if (!terminal) SKIP_SCENARIO(no_terminal);
  EXPECT(terminal.control());
  const pid_t job = start_job(terminal, [&] {
    if (before_exec) fault_of_child = {.call = SYS_execve, .at = 1, .raised = {SIGTSTP}};
    const auto done = spawnpipe::run(reading(terminal, command("cat")), {.until = patience()});
    return done && done->success() && done->out == "after\n" ? 0 : 1;
  });
  EXPECT(soon([&] { return terminal.foreground() != job && terminal.foreground() > 0; }));  // the job's child has it
  const pid_t child = terminal.foreground();
  if (!before_exec) terminal.type(ctrl_z);
  int status = 0;
  EXPECT(::waitpid(job, &status, WUNTRACED) == job);
  EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
  EXPECT(is_stopped(child));
  ::tcsetpgrp(terminal.fd(), ::getpgrp());

  // In the background (bg) the child stays as it is.
  ::kill(-job, SIGCONT);
  std::this_thread::sleep_for(200ms);
  EXPECT(is_stopped(child));
  EXPECT(terminal.foreground() == ::getpgrp());

  ::tcsetpgrp(terminal.fd(), job);  // fg
  EXPECT(soon([&] { return terminal.foreground() == child; }));
  terminal.type("after\n");
  terminal.type(ctrl_d);
  EXPECT(::waitpid(job, &status, 0) == job);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
HOST_SCENARIO(under_a_shell, "Ctrl-Z on a run under a shell") { suspend_a_job(false); }
HOST_SCENARIO(before_exec, "Ctrl-Z before exec, under a shell") { suspend_a_job(true); }
TEST_CASE("[P6] Ctrl-Z before the child is at exec suspends the host with it, as any other does") {
  PLAY_SCENARIO("Ctrl-Z before exec, under a shell");
}
TEST_CASE("[P6] Ctrl-Z in a run suspends the host with its child, and the shell's fg lets both go on") {
  PLAY_SCENARIO("Ctrl-Z on a run under a shell");
}

HOST_SCENARIO(in_the_background, "a host in the background") {
  pseudo_terminal terminal;
  if (!terminal) SKIP_SCENARIO(no_terminal);
  EXPECT(terminal.control());
  const pid_t host = ::fork();
  if (host == 0) {
    ::setpgid(0, 0);
    const auto done = spawnpipe::run(command("ids").group(process_group::foreground), {.until = patience()});
    harness::leave_copy(
        done && done->success() && done->out.find("\ngroup " + std::to_string(::getpgrp())) == std::string::npos ? 0
                                                                                                                 : 1);
  }
  int status = 0;
  EXPECT(::waitpid(host, &status, WUNTRACED) == host);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT(terminal.foreground() == ::getpgrp());
}
TEST_CASE("[P6] a host in the background has no terminal to give, and its child a group") {
  PLAY_SCENARIO("a host in the background");
}

TEST_CASE("[P6] a host without a terminal has none to give, and its child a group") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(harness::quiet(command("hang")).group(process_group::foreground)));
  CHECK(running.resume().failed_with(errc::not_supported));
  CHECK(harness::must(running.stop(spawnpipe::stop_policy::immediate())).last_signal->reached ==
        spawnpipe::mechanism::process_group);
}

}  // namespace
