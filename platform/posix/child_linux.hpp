// A new process between its birth and exec: what it is to do, as data that was prepared before, and how it says what failed.
//
// It runs on a small stack, shares all memory with the host, whose calling thread stands still meanwhile, and may share the
// host's table of descriptors until it cuts itself off. So it makes bare system calls and nothing else: no allocation, no
// lock, no errno, no sanitizer's bookkeeping.
#ifndef SPAWNPIPE_PLATFORM_POSIX_CHILD_LINUX_HPP
#define SPAWNPIPE_PLATFORM_POSIX_CHILD_LINUX_HPP

#include "bare.hpp"

#include <signal.h>
#include <sys/types.h>

#include <cstddef>

namespace spawnpipe::platform {

// What a child was about when it failed.
enum class child_step : int { none, table, reopen, signals, group, redirect, cwd, exec };

struct child_failure {
  child_step step = child_step::none;
  int code = 0;           // errno
  std::size_t index = 0;  // of the descriptor, at step redirect
};

// What is written into the report pipe, where there is one: a failure, that a detached process was made, or that a stop, or its end, came.
struct child_report {
  child_failure failure;
  pid_t born = 0;
  int job_signal = 0;
};

// One descriptor of the child. First the sources that something else will be moved onto are moved out of the way.
struct child_descriptor {
  int target;
  int source;        // -1: the null device
  bool inherited;    // a stream of the host's: the null device, if that is closed by now, or close-on-exec
  bool reopened;     // through /proc: it lies above the cut
  int reopen_flags;  // O_RDONLY or O_WRONLY
};

// `foreground` is a group that takes the host's terminal. `away_from_terminal` is a session where the child could open the host's
// terminal, and a group where it could not.
enum class child_group { host, group, session, away_from_terminal, foreground };

struct child_plan {
  child_descriptor* descriptors;  // sorted by target; their sources change on the way
  std::size_t descriptor_count;
  unsigned cut;  // with `shared_table`: the first descriptor that the child does not take along
  bool shared_table;
  bool close_range;  // else: by /proc/self/fd, and where that is not there, one by one
  int report_fd;     // a close-on-exec pipe, no target of any descriptor; -1 where memory is known to be shared
  pid_t host;        // the calling thread, whose table of descriptors it is
  child_group group;
  bool detached;                  // it makes the process that is meant, and ends
  pid_t ends_with;                // the process whose end is its own; 0: none
  int control_group = -1;         // the folder of the one that it is born into; -1: the host's
  const char* cwd;                // null: the host's
  const char* const* candidates;  // paths to try, null behind them
  char* const* argv;
  char* const* environment;
  const char** shell_argv;  // for a script without shebang: /bin/sh, room for the path, argv[1] ...
  stack_t signal_stack;     // for the one handler that it has; begins with the address of this plan

  // Written by the child.
  volatile unsigned stops;  // stop() of each SIGTSTP, SIGTTIN, SIGTTOU that came before exec, and is to be sent again
  SPAWNPIPE_BARE static constexpr unsigned stop(int number) noexcept { return 1U << static_cast<unsigned>(number); }
  SPAWNPIPE_BARE void note(int number) noexcept { stops = number == SIGCONT ? 0 : stops | stop(number); }
  volatile bool began;
  volatile pid_t born;  // detached: the process that is meant
  child_failure failure;
};

// Whether a detached process shares the memory of the one that makes it, where that shares ours. Else it reports by the pipe in any case.
extern const bool detached_shares_memory;

// Runs a child_plan; for clone. Does not return.
int run_child(void* plan) noexcept;

#if defined(SPAWNPIPE_CHILD_FAULTS)
// Of tests: what happens when a call is to be made for the `at`th time. It is not made, and fails, if there is a `code`. The child reads
// this in the memory that it shares with the host, and counts there.
struct child_fault {
  static constexpr std::size_t most = 512;

  long call = -1;  // its number; -1: none fails
  int code = 0;
  int at = 0;
  int raised[2] = {};   // signals that the child sends itself before that call
  int made[most] = {};  // how often each was to be made
};
extern child_fault fault_of_child;
#endif

}  // namespace spawnpipe::platform

#endif
