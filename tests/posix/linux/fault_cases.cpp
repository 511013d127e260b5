// How the calls of the Linux engine fail, and what is said of it.
#include "../../../platform/posix/clone_linux.hpp"
#include "../../../platform/posix/system_linux.hpp"
#include "../../children.hpp"
#include "../../torture.hpp"
#include "../belongings.hpp"
#include "../faults.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include <sched.h>

namespace {

using faults::failure;
using faults::infallible;
using faults::tolerated;
using faults::unmet;
using harness::command;
using spawnpipe::platform::clone_function;
using spawnpipe::platform::linux_abilities;
using spawnpipe::platform::linux_calls;
using spawnpipe::platform::linux_table;
using spawnpipe::platform::pidfd_info;
using spawnpipe::stdio::pipe;
namespace direct = spawnpipe::platform::direct;

SPAWNPIPE_LINUX_CALLS(FAULTY_CALL)

// What is in a set can be taken out of it.
int epoll_ctl_that_fails(int set, int what, int fd, struct epoll_event* event) {
  const bool now = what == EPOLL_CTL_ADD && faults::due("epoll_ctl");
  return now ? faults::fails<int>("epoll_ctl") : direct::epoll_ctl(set, what, fd, event);
}

int pidfd_send_signal_that_fails(int pidfd, int signal, unsigned flags) {
  if (faults::on_older_kernel()) return errno = ENOSYS, -1;
  const char* const name = signal == 0 ? "pidfd_send_signal(0)" : "pidfd_send_signal";
  return faults::due(name) ? faults::fails<int>(name) : direct::pidfd_send_signal(pidfd, signal, flags);
}

// What it was before can be had again.
int set_subreaper_that_fails(int to) { return to == 0 ? direct::set_subreaper(to) : faulty_set_subreaper(to); }

pid_t clone3_that_fails(struct clone_args* how, clone_function run, void* argument) {
  if (faults::on_older_kernel()) return errno = ENOSYS, -1;
  return faulty_clone3(how, run, argument);
}

// ThreadSanitizer takes clone(2) of the C library for a fork, and ends a process of several threads that goes on behind it. There the
// same is asked of clone3, which it does not know.
pid_t clone_that_fails(clone_function run, void* top, int flags, void* argument, int* pidfd) {
#if defined(__SANITIZE_THREAD__)
  if (faults::due("clone")) return faults::fails<pid_t>("clone");
  constexpr std::uint64_t some = 4096;  // what counts is the stack's upper end
  struct clone_args how = {};
  how.flags = static_cast<std::uint64_t>(flags & ~CSIGNAL);
  how.exit_signal = static_cast<std::uint64_t>(flags & CSIGNAL);
  how.pidfd = reinterpret_cast<std::uintptr_t>(pidfd);
  how.stack = reinterpret_cast<std::uintptr_t>(top) - some;
  how.stack_size = some;
  return direct::clone3(&how, run, argument);
#else
  return faulty_clone(run, top, flags, argument, pidfd);
#endif
}

// The older ways to make a process come up where the newer one says that it is not there.
constexpr std::array failures = {
    failure{"clone3", ENOSYS},
    failure{"clone3", EPERM},
    failure{"clone3", EINVAL},
    failure{"clone3", EAGAIN},
    failure{"clone3", ENOMEM},
    failure{"clone3", EMFILE},
    failure{"clone3", ENFILE},
    failure{"clone", EAGAIN},
    failure{"clone", ENOMEM},
    failure{"pidfd_send_signal", EPERM},
    failure{"pidfd_send_signal", EINVAL},
    failure{"pidfd_send_signal", ESRCH},
    failure{"pidfd_send_signal(0)", EPERM},
    failure{"pidfd_send_signal(0)", EINVAL},
    failure{"pidfd_send_signal(0)", ESRCH},
    failure{"pidfd_get_info", EINVAL},
    failure{"waitid", EINTR},
    failure{"close_range_works", ENOSYS},
    failure{"close_range_works", EPERM},
    failure{"epoll_create1", EMFILE},
    failure{"epoll_create1", ENFILE},
    failure{"epoll_create1", ENOMEM},
    failure{"epoll_ctl", ENOMEM},
    failure{"epoll_ctl", ENOSPC},
    failure{"epoll_wait", EINTR},
    failure{"readlink", ENOENT},
    failure{"readlink", EACCES},
    failure{"openat", EACCES},
    failure{"openat", EMFILE},
    failure{"mkdir", EACCES},
    failure{"mkdir", ENOSPC},
    failure{"getdents64", EIO},
    failure{"getdents64", ENOENT},
    failure{"getpgid", ESRCH},
    failure{"getpgid", EACCES},
    failure{"pidfd_open", EMFILE},
    failure{"pidfd_open", ENOSYS},
    failure{"pidfd_open", ESRCH},
    failure{"poll", EINTR},
    failure{"block_every_signal", EFAULT},
    failure{"random_bytes", EAGAIN},
    failure{"random_bytes", ENOSYS},
    failure{"get_subreaper", EINVAL},
    failure{"set_subreaper", EINVAL},
    failure{"tcgetpgrp", ENOTTY},
    failure{"tcgetpgrp", EIO},
    failure{"tcsetpgrp", EPERM},
    failure{"tcsetpgrp", EIO},
    failure{"tcgetattr", EIO},
    failure{"tcsetattr", EIO},
    failure{"uv_signal_init", ENOMEM},
    failure{"uv_signal_start", EINVAL},
};

constexpr std::array harmless = {
    tolerated{"clone3", ENOSYS, "then an older way makes the process"},
    tolerated{"clone3", EPERM, "then an older way makes the process"},
    tolerated{"clone3", EINVAL, "then an older way makes the process"},
    tolerated{"pidfd_send_signal", 0, "then the signal goes by number; a stop goes on to its next phase"},
    tolerated{"pidfd_send_signal(0)", 0, "it is an answer: gone, or not to be signalled so"},
    tolerated{"pidfd_get_info", 0, "then it is not known how the process ended"},
    tolerated{"waitid", EINTR, "it is tried again; of one that knows no pidfds the older way is taken"},
    tolerated{"close_range_works", 0, "then what is open is listed"},
    tolerated{"epoll_wait", EINTR, "nothing was ready, as far as that turn knows"},
    tolerated{"readlink", 0, "then /proc is taken for another's"},
    tolerated{"openat", 0, "then there is no control group, or nothing is known of it"},
    tolerated{"mkdir", 0, "then there is no control group"},
    tolerated{"getdents64", 0, "what the list does not tell is not known, and nothing is claimed of it"},
    tolerated{"getpgid", 0, "then /proc is asked"},
    tolerated{"pidfd_open", 0, "then the end comes by SIGCHLD; who cannot be held is not signalled"},
    tolerated{"poll", EINTR, "it is tried again"},
    tolerated{"random_bytes", 0, "then another number is made up"},
    tolerated{"tcgetpgrp", 0, "then there is no terminal to lend"},
    tolerated{"tcsetpgrp", 0, "a terminal that is not given back to this group is lost to it"},
    tolerated{"tcgetattr", 0, "then there is no terminal to lend, or its modes stay"},
    tolerated{"tcsetattr", 0, "then the modes stay"},
};

constexpr std::array certain = {
    infallible{"gettid", "by its manual"},
    infallible{"getpgrp", "by POSIX"},
    infallible{"set_subreaper(0)", "gives back what the system gave"},
    infallible{"restore_signals", "the mask is one that was there before"},
    infallible{"rmdir", "of a folder that is empty by then; where it is not, it stays, as the header says"},
};

constexpr std::array elsewhere = {
    unmet{"read(report)", "where a clone shares no memory, as under an emulator, only: tests/run emulated"},
    unmet{"pidfd_get_info", "in a host that ignores SIGCHLD only: exit_cases.cpp"},
    unmet{"poll", "in a host that ignores SIGCHLD, and where a control group takes its time: exit_cases.cpp"},
    unmet{"random_bytes", "once for a process, and what comes then is made up"},
    unmet{"uv_signal_init", "where there are no pidfds only: route_cases.cpp"},
    unmet{"uv_signal_start", "where there are no pidfds only: route_cases.cpp"},
};

}  // namespace

namespace faults {

std::span<const failure> of_engine() { return failures; }
std::span<const tolerated> tolerated_of_engine() { return harmless; }
std::span<const infallible> infallible_of_engine() { return certain; }
std::span<const unmet> unmet_of_engine() { return elsewhere; }
std::span<const std::string_view> calls_of_engine() {
#define NAME(type, name, parameters, arguments) #name,
  static constexpr std::string_view own[] = {SPAWNPIPE_LINUX_CALLS(NAME)};
#undef NAME
  return own;
}

void install_in_engine() {
  linux_abilities::forget();
#define REPLACE(type, name, parameters, arguments) linux_calls.name = &faulty_##name;
  SPAWNPIPE_LINUX_CALLS(REPLACE)
#undef REPLACE
  linux_calls.set_subreaper = &set_subreaper_that_fails;
  linux_calls.clone3 = &clone3_that_fails;
  linux_calls.clone = &clone_that_fails;
  linux_calls.epoll_ctl = &epoll_ctl_that_fails;
  linux_calls.pidfd_send_signal = &pidfd_send_signal_that_fails;
}

void remove_from_engine() {
  linux_calls = linux_table();
  linux_abilities::forget();
}

}  // namespace faults

namespace {

TEST_CASE("[P1] what the system says when a process cannot be made, and on what") {
  const auto said = [](const char* call, int code) {
    harness::leak_check nothing_left;
    const faults::injected fault(call, code, 1);
    const auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(pipe{}).err(pipe{}));
    REQUIRE_FALSE(running);
    CHECK(faults::injected::happened());
    CHECK(running.error().where == spawnpipe::stage::process);
    CHECK(running.error().subject == harness::child_program());
    return running.error();
  };
  CHECK(said("clone3", EAGAIN) == std::errc::resource_unavailable_try_again);
  CHECK(said("clone3", ENOMEM) == std::errc::not_enough_memory);
  CHECK(said("clone3", EMFILE) == std::errc::too_many_files_open);
}

// The orphan of the torture's scenario is reaped, whichever of the first calls fails so; `least` of them were made.
void adopt_with_failures(const char* call, int code, int places, int least) {
  const auto all = torture::of_system();
  const auto orphan = std::find_if(all.begin(), all.end(), [](const torture::scenario& each) {
    return std::string_view(each.name) == "an orphan that is adopted";
  });
  REQUIRE(orphan != all.end());
  orphan->act();  // what is made once is there
  int came = 0;
  for (int at = 1; at <= places; ++at) {
    CAPTURE(at);
    const auto before = harness::belongings::settled();
    {
      const faults::injected fault(call, code, at);
      orphan->act();
      came += faults::injected::happened() ? 1 : 0;
    }
    const auto changed = before.changed();
    CHECK_MESSAGE(changed.empty(), changed);
  }
  CHECK(came >= least);
}

TEST_CASE("[P5][P6] an orphan whose end was looked for in vain, because a signal came, is reaped") {
  adopt_with_failures("waitid", EINTR, 8, 4);
}

TEST_CASE("[P5][P6] an orphan that is said to be gone, and is not, is reaped") {
  adopt_with_failures("open(kernel's)", ENOENT, 60, 40);
}

}  // namespace
