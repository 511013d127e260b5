// Every call that the library makes to the system or to libuv is made to fail in turn, at each place where it is made: the
// error says where, nothing is left, and the next attempt works.
#include "../children.hpp"
#include "../torture.hpp"
#include "faults.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using faults::failure;
using faults::injected;
using harness::command;
using harness::patience;
using harness::scaled;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// What each call may say. getpid, uv_run, uv_timer_start, uv_async_send and uv_poll_stop cannot fail here, and uv_spawn
// is one engine's.
constexpr std::array failures = {
    failure{"read", EIO},
    failure{"read", EINTR},
    failure{"read", EAGAIN},
    failure{"writev", EIO},
    failure{"writev", EINTR},
    failure{"writev", EPIPE},
    failure{"writev_nosignal", EIO},
    failure{"writev_nosignal", EINTR},
    failure{"writev_nosignal", EAGAIN},
    failure{"writev_nosignal", EPIPE},
    failure{"close", EINTR},
    failure{"close", EIO},
    failure{"pipe_cloexec", EMFILE},
    failure{"pipe_cloexec", ENFILE},
    failure{"open", EMFILE},
    failure{"open", EACCES},
    failure{"fcntl", EMFILE},
    failure{"fcntl", EBADF},
    failure{"bytes_in_pipe", EINVAL},
    failure{"isatty", ENOTTY},
    failure{"stat", EACCES},
    failure{"access_as_exec", EACCES},
    failure{"current_directory", ENOENT},
    failure{"mounted_noexec", EACCES},
    failure{"limit_of", EINVAL},
    failure{"kill", EPERM},
    failure{"sigpending", EFAULT},
    failure{"pthread_sigmask", EINVAL},
    failure{"take_pending", EAGAIN},
    failure{"sigaction", EINVAL},
    failure{"page_that_forks_clear", ENOMEM},
    failure{"uv_loop_init", EMFILE},
    failure{"uv_loop_init", ENOMEM},
    failure{"uv_loop_close", EBUSY},
    failure{"uv_async_init", EMFILE},
    failure{"uv_poll_init", ENOMEM},
    failure{"uv_poll_init", EPERM},
    failure{"uv_poll_start", ENOMEM},
    failure{"uv_poll_start", ENOSPC},
};

// SPAWNPIPE_TORTURE in the environment: so many of the places where each call is made in a scenario; the later ones repeat the first.
int most_places() {
  const char* const wanted = std::getenv("SPAWNPIPE_TORTURE");
  return wanted != nullptr ? std::atoi(wanted) : 3;
}

struct totals {
  int calls = 0;
  int cases = 0;
};

void with_fault(const torture::scenario& what, const failure& how, int at) {
  CAPTURE(std::string(what.name));
  CAPTURE(std::string(how.call));
  CAPTURE(how.code);
  CAPTURE(at);
  const harness::leak_check nothing_left;
  const auto began = clock::now();
  {
    const injected fault(how.call, how.code, at);
    what.act();
  }
  CHECK(clock::now() - began < scaled(3s));
}

// Each failure, at the first, second, third ... place where its call is made.
totals every_fault(const torture::scenario& what) {
  what.act();  // what is made once for a thread is there
  std::map<std::string_view, int> made;
  {
    const faults::counted counted;
    what.act();
    made = faults::counted::calls();
  }
  std::vector<failure> all(failures.begin(), failures.end());
  all.insert(all.end(), faults::of_engine().begin(), faults::of_engine().end());
  totals sum;
  for (const failure& each : all) {
    const int places = std::min(made.contains(each.call) ? made.at(each.call) : 0, most_places());
    for (int at = 1; at <= places; ++at) with_fault(what, each, at);
    sum.calls += places > 0 ? 1 : 0;
    sum.cases += places;
  }
  std::printf("faults: %s: %d kinds of failures, %d cases\n", what.name, sum.calls, sum.cases);
  return sum;
}

void play(std::span<const torture::scenario> all) {
  harness::bound_case(30s + most_places() * 30s);
  totals sum;
  for (const torture::scenario& each : all) {
    const totals one = every_fault(each);
    sum.calls += one.calls;
    sum.cases += one.cases;
  }
  CHECK(sum.calls > 150);
  MESSAGE(all.size(), " scenarios, ", sum.calls, " kinds of failures in them, ", sum.cases, " cases");
  CHECK(harness::must(spawnpipe::run(command("exit", 1), {.until = patience()})).status.code() == 1U);
}

TEST_CASE("[P1][P3][W8][R4] any call that fails, in each scenario of streams") { play(torture::of_streams()); }
TEST_CASE("[P1][P5][P6][P9] any call that fails, in each scenario of processes") { play(torture::of_processes()); }

TEST_CASE("[P1] the reason and the place of a failure are what the system said") {
  const auto said = [](std::string_view call, int code, int at, const spawnpipe::command& what) {
    harness::leak_check nothing_left;
    const injected faults(call, code, at);
    const auto running = spawnpipe::spawn(what);
    REQUIRE_FALSE(running);
    CHECK(injected::happened());
    return running.error();
  };
  const auto piped = command("until-eof").in(pipe{}).out(pipe{}).err(pipe{});
  const std::array names = {"in", "out", "err"};
  for (int at = 1; at <= 3; ++at) {
    const auto pipes = said("pipe_cloexec", EMFILE, at, piped);
    CHECK(pipes == std::errc::too_many_files_open);
    CHECK(pipes.where == spawnpipe::stage::pipe);
    CHECK(pipes.subject == names.at(static_cast<std::size_t>(at - 1)));
  }
  CHECK(said("pipe_cloexec", ENFILE, 1, piped) == std::errc::too_many_files_open_in_system);
}

}  // namespace
