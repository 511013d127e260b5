// Of the switch list (contract/switch_list.cpp), what takes a POSIX system to show.
#include "../children.hpp"
#include "pseudo_terminal.hpp"

#include <spawnpipe/posix.hpp>

#include <csignal>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::patience;
using spawnpipe::posix::fd;
using spawnpipe::stdio::handle;
using namespace std::chrono_literals;

// boostorg/process #432; libuv #154: the host's own children, and its handler, are as before.
extern "C" void count_children(int signal);
volatile std::sig_atomic_t heard = 0;
void count_children(int /*signal*/) { heard = heard + 1; }

TEST_CASE("[G1][G5] switch list 11: the host's handler hears of the host's own children while others run") {
  harness::leak_check nothing_left;
  struct sigaction mine {};
  struct sigaction before {};
  mine.sa_handler = count_children;
  REQUIRE(::sigaction(SIGCHLD, &mine, &before) == 0);
  heard = 0;
  {
    auto running = harness::must(spawnpipe::spawn(harness::quiet(command("hang"))));
    const pid_t own = ::fork();
    if (own == 0) ::_exit(42);
    const bool ended = harness::gone_within(own, 10s);
    for (const spawnpipe::deadline limit = harness::scaled(2s); heard == 0 && !limit.passed() && ended;) ::usleep(1000);
    RULE_HOLDS_OR_BROKEN("G1/sigchld", heard > 0);
    int status = 0;
    CHECK(::waitpid(own, &status, 0) == own);
    CHECK(WEXITSTATUS(status) == 42);
  }
  ::sigaction(SIGCHLD, &before, nullptr);
}

// ninja #174, #2124, #2196. The library makes no terminal; one that the host has made is the child's, if the host says so.
TEST_CASE("switch list 23: a child that is given the host's pseudo-terminal has a terminal") {
  harness::leak_check nothing_left;
  const harness::pseudo_terminal terminal;
  if (!terminal) SKIP_CASE(harness::no_terminal);
  const auto out = handle{fd(terminal.fd())};
  const auto done = harness::must(spawnpipe::run(command("tty").out(out).err(out), {.until = patience()}));
  CHECK(done.success());
  CHECK(terminal.shown().find("out yes") != std::string::npos);
  CHECK(harness::must(spawnpipe::run(command("tty"), {.until = patience()})).out.find("out no") != std::string::npos);
}

}  // namespace
