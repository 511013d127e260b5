// The new process, up to exec. Read the rules in the header before adding a line.
//
// Order: leave the host's descriptor table first (until then nothing may be opened or closed), then signals, group,
// descriptors, directory, mask, exec. Signals are blocked until right before exec, and handlers are the default by then, but for
// stops: a handler of the host would run in the host's memory.
#include "child_linux.hpp"

#include "bare.hpp"
#include "call_numbers_linux.hpp"
#include "exec_walk.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>

// A process that shares this stack may return from none of the functions on it: so a call that makes one is no function.
#define SPAWNPIPE_INLINE __attribute__((always_inline)) inline

namespace spawnpipe::platform {
namespace {

using word = long;

// A bare call: the kernel's answer, negative errors included. libc's own would write errno, which is the host's.
#if defined(__x86_64__) && defined(__LP64__)
constexpr word on_this_stack = CLONE_VM | CLONE_VFORK;
SPAWNPIPE_BARE SPAWNPIPE_INLINE word bare_call(word number, word a = 0, word b = 0, word c = 0, word d = 0,
                                               word e = 0) noexcept {
  word answer = number;
  register word fourth asm("r10") = d;
  register word fifth asm("r8") = e;
  asm volatile("syscall" : "+a"(answer) : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth) : "rcx", "r11", "memory");
  return answer;
}
#elif defined(__aarch64__)
constexpr word on_this_stack = CLONE_VM | CLONE_VFORK;
SPAWNPIPE_BARE SPAWNPIPE_INLINE word bare_call(word number, word a = 0, word b = 0, word c = 0, word d = 0,
                                               word e = 0) noexcept {
  register word which asm("x8") = number;
  register word first asm("x0") = a;
  register word second asm("x1") = b;
  register word third asm("x2") = c;
  register word fourth asm("x3") = d;
  register word fifth asm("x4") = e;
  asm volatile("svc #0" : "+r"(first) : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth) : "memory");
  return first;
}
#else
constexpr word on_this_stack = 0;  // a copy: the call is a function
// errno is the calling thread's, which stands still, and does not look at it afterwards.
SPAWNPIPE_BARE inline word bare_call(word number, word a = 0, word b = 0, word c = 0, word d = 0, word e = 0) noexcept {
  const word answer = ::syscall(number, a, b, c, d, e);
  return answer == -1 ? -errno : answer;
}
#endif

#if defined(SPAWNPIPE_CHILD_FAULTS)
// What a test has in store for this call: its error, or signals before it is made.
SPAWNPIPE_BARE word refusal(word number) noexcept {
  if (number < 0 || number >= static_cast<word>(child_fault::most)) return 0;
  const int made = ++fault_of_child.made[number];
  if (number != fault_of_child.call || made != fault_of_child.at) return 0;
  for (const int each : fault_of_child.raised) {
    if (each != 0) bare_call(SYS_kill, bare_call(SYS_getpid), each);
  }
  return -fault_of_child.code;
}
#else
SPAWNPIPE_BARE SPAWNPIPE_INLINE word refusal(word /*number*/) noexcept { return 0; }
#endif

SPAWNPIPE_BARE SPAWNPIPE_INLINE word call(word number, word a = 0, word b = 0, word c = 0, word d = 0,
                                          word e = 0) noexcept {
  const word refused = refusal(number);
  return refused != 0 ? refused : bare_call(number, a, b, c, d, e);
}

SPAWNPIPE_BARE inline word address(const void* of) noexcept { return reinterpret_cast<word>(of); }

[[noreturn]] SPAWNPIPE_BARE void fail(child_plan& plan, child_step step, word answer, std::size_t index = 0) noexcept {
  plan.failure.step = step;
  plan.failure.code = static_cast<int>(-answer);
  plan.failure.index = index;
  if (plan.report_fd >= 0) {
    const child_report report = {.failure = plan.failure};
    call(SYS_write, plan.report_fd, address(&report), sizeof report);
  }
  for (;;) call(SYS_exit_group, 127);
}

// ---- descriptors

SPAWNPIPE_BARE word open_null(int target) noexcept {
  return call(SYS_openat, AT_FDCWD, address("/dev/null"), (target == 0 ? O_RDONLY : O_RDWR) | O_CLOEXEC);
}

// Writes `number` in decimal digits; returns the place behind them.
SPAWNPIPE_BARE char* put(char* into, unsigned number) noexcept {
  char digits[10];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (count > 0) *into++ = digits[--count];
  return into;
}

SPAWNPIPE_BARE char* put(char* into, const char* text) noexcept {
  while (*text != '\0') *into++ = *text++;
  return into;
}

// A pipe of the host's table, opened anew.
SPAWNPIPE_BARE word reopen(pid_t host, const child_descriptor& which) noexcept {
  char path[48];
  char* end = put(path, "/proc/");
  end = put(end, static_cast<unsigned>(host));
  end = put(end, "/fd/");
  end = put(end, static_cast<unsigned>(which.source));
  *end = '\0';
  return call(SYS_openat, AT_FDCWD, address(path), which.reopen_flags | O_CLOEXEC);
}

SPAWNPIPE_BARE bool is_target(const child_plan& plan, word number) noexcept {
  for (std::size_t index = 0; index < plan.descriptor_count; ++index) {
    if (plan.descriptors[index].target == number) return true;
  }
  return false;
}

// The same open file under a number that nothing will be moved onto.
SPAWNPIPE_BARE word aside(const child_plan& plan, int fd) noexcept {
  int from = 3;
  for (;;) {
    const word got = call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from);
    if (got < 0 || !is_target(plan, got)) return got;
    from = static_cast<int>(got) + 1;  // the one that was got is overwritten by what is moved there
  }
}

// Another thread may have opened something meanwhile that has the number of a closed stream for a moment, close-on-exec. In this
// table, which is our own by now, it would stay.
SPAWNPIPE_BARE bool is_no_stream(const child_descriptor& which) noexcept {
  if (!which.inherited || which.source < 0) return false;
  const word flags = call(SYS_fcntl, which.source, F_GETFD);
  return flags < 0 || (flags & FD_CLOEXEC) != 0;
}

SPAWNPIPE_BARE void open_what_is_not(child_plan& plan) noexcept {
  for (std::size_t index = 0; index < plan.descriptor_count; ++index) {
    child_descriptor& each = plan.descriptors[index];
    if (is_no_stream(each)) {
      each.source = -1;
      each.inherited = false;
    }
    if (each.source >= 0 && !each.reopened) continue;
    const word got = each.source < 0 ? open_null(each.target) : reopen(plan.host, each);
    if (got < 0) fail(plan, each.source < 0 ? child_step::redirect : child_step::reopen, got, index);
    each.source = static_cast<int>(got);
  }
}

SPAWNPIPE_BARE void move_descriptors(child_plan& plan) noexcept {
  open_what_is_not(plan);
  for (std::size_t index = 0; index < plan.descriptor_count; ++index) {
    child_descriptor& each = plan.descriptors[index];
    if (each.source == each.target || !is_target(plan, each.source)) continue;
    const word got = aside(plan, each.source);
    if (got < 0) fail(plan, child_step::redirect, got, index);
    each.source = static_cast<int>(got);
  }
  for (std::size_t index = 0; index < plan.descriptor_count; ++index) {
    const child_descriptor& each = plan.descriptors[index];
    const word got = each.source != each.target ? call(SYS_dup3, each.source, each.target, 0)
                     : each.inherited           ? 0
                                                : call(SYS_fcntl, each.source, F_SETFD, 0);
    if (got < 0) fail(plan, child_step::redirect, got, index);
  }
}

// Marks what is open and was not asked for: it is closed by exec. False where there is no /proc.
SPAWNPIPE_BARE bool close_listed(const child_plan& plan) noexcept {
  const word folder = call(SYS_openat, AT_FDCWD, address("/proc/self/fd"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return false;
  alignas(std::uint64_t) char entries[1024];
  for (;;) {
    const word size = call(SYS_getdents64, folder, address(entries), sizeof entries);
    if (size <= 0) return size == 0;  // the folder itself is close-on-exec
    for (word at = 0; at < size;) {
      // struct linux_dirent64: inode and offset of 8 bytes, length of 2, type of 1, name
      const char* const entry = entries + at;
      const auto* const length = reinterpret_cast<const std::uint16_t*>(entry + 16);
      at += *length;  // NOLINT(clang-analyzer-core.uninitialized.Assign): the kernel wrote it
      unsigned number = 0;
      const char* digit = entry + 19;
      for (; *digit >= '0' && *digit <= '9'; ++digit) number = number * 10 + static_cast<unsigned>(*digit - '0');
      if (digit == entry + 19 || is_target(plan, static_cast<word>(number))) continue;
      call(SYS_fcntl, static_cast<word>(number), F_SETFD, FD_CLOEXEC);
    }
  }
}

// Without /proc: every number below the limit.
SPAWNPIPE_BARE void close_each(const child_plan& plan) noexcept {
  constexpr std::uint64_t most = 1U << 20U;
  std::uint64_t limits[2] = {most, most};
  call(SYS_prlimit64, 0, 7 /* RLIMIT_NOFILE */, 0, address(limits));
  for (std::uint64_t number = 0; number < limits[0] && number < most; ++number) {
    if (!is_target(plan, static_cast<word>(number))) call(SYS_fcntl, static_cast<word>(number), F_SETFD, FD_CLOEXEC);
  }
}

SPAWNPIPE_BARE void close_range(child_plan& plan, unsigned first, unsigned last) noexcept {
  if (first > last) return;
  const word closed = call(SYS_close_range, static_cast<word>(first), static_cast<word>(last), 0);
  if (closed < 0) fail(plan, child_step::table, closed);
}

// Lets go of what was not asked for.
SPAWNPIPE_BARE void close_others(child_plan& plan) noexcept {
  if (!plan.close_range) {
    if (!close_listed(plan)) close_each(plan);
    return;
  }
  unsigned next = 0;
  bool spared = plan.report_fd < 0;  // the pipe for the report goes by itself, with exec
  for (std::size_t index = 0; index < plan.descriptor_count;) {
    auto keep = static_cast<unsigned>(plan.descriptors[index].target);
    if (!spared && static_cast<unsigned>(plan.report_fd) < keep) {
      keep = static_cast<unsigned>(plan.report_fd);
      spared = true;
    } else {
      ++index;
    }
    if (keep > next) close_range(plan, next, keep - 1);
    next = keep + 1;
  }
  if (!spared) {
    const auto keep = static_cast<unsigned>(plan.report_fd);
    if (keep > next) close_range(plan, next, keep - 1);
    next = keep + 1;
  }
  close_range(plan, next, UINT_MAX);
}

// ---- signals

// The kernel's own structure: handler, flags, restorer, mask. All zero says default.
struct kernel_sigaction {
  const void* handler;
  word rest[7];
};
constexpr kernel_sigaction by_default = {};
constexpr word no_signals[_NSIG / 8 / sizeof(word)] = {};

// What stops a process and may be caught (Ctrl-Z, and the terminal's own), and what has it go on.
SPAWNPIPE_BARE constexpr bool is_job_signal(int number) noexcept {
  return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU || number == SIGCONT;
}

// A process that is stopped between its mask's lifting and exec would stop the host, which waits for that exec. So a stop is caught,
// and noted for the host, which sends it again behind exec, unless a SIGCONT took it back. One that comes while exec is under way is
// delivered by the kernel to the new program, for which exec has made it the default again. The handler has a stack of its own, and finds
// the plan at its start.
SPAWNPIPE_BARE void note_job_signal(int number, siginfo_t* /*info*/, void* context) noexcept {
  child_plan& plan = **static_cast<child_plan**>(static_cast<ucontext_t*>(context)->uc_stack.ss_sp);
  plan.note(number);
  if (plan.report_fd < 0) return;
  const child_report report = {.failure = {}, .job_signal = number};
  call(SYS_write, plan.report_fd, address(&report), sizeof report);
}

constexpr int how_it_is_noted = SA_SIGINFO | SA_ONSTACK | SA_RESTART;

#if defined(__x86_64__) && defined(__LP64__)
// The way back out of a handler, which this kernel wants to be told.
static_assert(SYS_rt_sigreturn == 15);
[[gnu::naked]] SPAWNPIPE_BARE void leave_handler() noexcept { asm volatile("movl $15, %eax\n\tsyscall"); }
constexpr word has_restorer = 0x04000000;  // SA_RESTORER, which libc keeps to itself
#elif defined(__aarch64__)
constexpr void (*leave_handler)() = nullptr;  // the kernel brings it along
constexpr word has_restorer = 0;
#endif

SPAWNPIPE_BARE word catch_job_signal(int number) noexcept {
#if defined(__aarch64__) || (defined(__x86_64__) && defined(__LP64__))
  kernel_sigaction caught;
  caught.handler = reinterpret_cast<const void*>(note_job_signal);
  caught.rest[0] = how_it_is_noted | has_restorer;
  caught.rest[1] = reinterpret_cast<word>(leave_handler);
  caught.rest[2] = -1;  // no other one meanwhile
  return call(SYS_rt_sigaction, number, address(&caught), 0, _NSIG / 8);
#else
  struct sigaction caught;
  caught.sa_sigaction = note_job_signal;
  caught.sa_flags = how_it_is_noted;
  sigfillset(&caught.sa_mask);
  return ::sigaction(number, &caught, nullptr) == 0 ? 0 : -errno;
#endif
}

SPAWNPIPE_BARE word set_default(int number) noexcept {
  return call(SYS_rt_sigaction, number, address(&by_default), 0, _NSIG / 8);
}

SPAWNPIPE_BARE void reset_signals(child_plan& plan) noexcept {
  // Who ignores SIGHUP means it for its children (nohup). A handler for it must not run here.
  kernel_sigaction hangup;
  hangup.handler = nullptr;
  const word asked = call(SYS_rt_sigaction, SIGHUP, 0, address(&hangup), _NSIG / 8);
  if (asked < 0) fail(plan, child_step::signals, asked);
  const bool stays = hangup.handler == reinterpret_cast<const void*>(SIG_IGN);

  const word placed = call(SYS_sigaltstack, address(&plan.signal_stack), 0);
  if (placed < 0) fail(plan, child_step::signals, placed);
  for (int number = 1; number < _NSIG; ++number) {
    if (number == SIGKILL || number == SIGSTOP || (number == SIGHUP && stays)) continue;
    const word done = is_job_signal(number) ? catch_job_signal(number) : set_default(number);
    // Emulators keep some numbers for themselves, and call those invalid.
    if (done < 0 && done != -EINVAL) fail(plan, child_step::signals, done);
  }
}

SPAWNPIPE_BARE void unblock_signals(child_plan& plan) noexcept {
  const word done = call(SYS_rt_sigprocmask, SIG_SETMASK, address(no_signals), 0, _NSIG / 8);
  if (done < 0) fail(plan, child_step::signals, done);
}

// ---- whose group

SPAWNPIPE_BARE bool has_terminal() noexcept {
  const word fd = call(SYS_openat, AT_FDCWD, address("/dev/tty"), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0) call(SYS_close, fd);
  return fd != -ENXIO && fd != -ENOENT;
}

// The terminal that this group, which is in the background, is to have. SIGTTOU is blocked as all signals are, so it may.
SPAWNPIPE_BARE word take_terminal() noexcept {
  const word fd = call(SYS_openat, AT_FDCWD, address("/dev/tty"), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return fd;
  const auto group = static_cast<pid_t>(call(SYS_getpid));
  const word taken = call(SYS_ioctl, fd, TIOCSPGRP, address(&group));
  call(SYS_close, fd);
  return taken;
}

// A child in a mere group that opens the host's terminal, to ask for a password, would be stopped as a background job; in a session
// of its own the open fails at once. A session costs the kernel more, so it is made where there is a terminal to open.
SPAWNPIPE_BARE word leave_group(child_group which) noexcept {
  const bool session = which == child_group::session || (which == child_group::away_from_terminal && has_terminal());
  return session ? call(SYS_setsid) : call(SYS_setpgid, 0, 0);
}

// The host may have died before the request: then this process has another parent by now.
SPAWNPIPE_BARE void end_with(child_plan& plan) noexcept {
  const word asked = call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (asked < 0) fail(plan, child_step::group, asked);
  if (call(SYS_getppid) != plan.ends_with) fail(plan, child_step::group, -ESRCH);
}

// ---- a process that is nobody's child

// Makes the process that is meant, tells of it, and ends, which makes that the child of the system. Returns in the new process only,
// which runs on this very stack while this one stands still (CLONE_VFORK) until the other is at exec, or gone.
SPAWNPIPE_BARE SPAWNPIPE_INLINE void leave_it_to_the_system(child_plan& plan) noexcept {
  const word made = call(SYS_clone, on_this_stack | SIGCHLD);
  if (made == 0) return;
  if (made < 0) fail(plan, child_step::table, made);
  plan.born = static_cast<pid_t>(made);
  if (plan.report_fd >= 0) {
    const child_report report = {.failure = {}, .born = static_cast<pid_t>(made)};
    call(SYS_write, plan.report_fd, address(&report), sizeof report);
  }
  // One that failed is nobody's business but ours.
  if (plan.failure.step != child_step::none) call(SYS_wait4, made);
  for (;;) call(SYS_exit_group, 0);
}

// ---- exec

// Whether a file that the kernel takes for no program is none for a shell either: with a NUL in its first line, as what was built for another
// machine has it, it is no text. A shell would run whatever its bytes happen to say.
SPAWNPIPE_BARE bool is_binary(const char* path) noexcept {
  const word fd = call(SYS_openat, AT_FDCWD, address(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  char start[128];
  const word count = call(SYS_read, fd, address(start), sizeof start);
  call(SYS_close, fd);
  // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): so many are what the kernel has written
  for (word at = 0; at < count && start[at] != '\n'; ++at) {
    if (start[at] == '\0') return true;
  }
  return false;
}

// As execvp(3), which gives a shell also what is binary.
[[noreturn]] SPAWNPIPE_BARE void execute(child_plan& plan) noexcept {
  exec_walk walk = exec_walk_begin;
  for (const char* const* path = plan.candidates; *path != nullptr; ++path) {
    const word said = call(SYS_execve, address(*path), address(plan.argv), address(plan.environment));
    if (said == -ENOEXEC && is_binary(*path)) fail(plan, child_step::exec, said);
    if (said == -ENOEXEC) {
      plan.shell_argv[1] = *path;
      const word shell = call(SYS_execve, address("/bin/sh"), address(plan.shell_argv), address(plan.environment));
      fail(plan, child_step::exec, shell == -ENOENT ? said : shell);
    }
    if (!exec_walk_on(walk, static_cast<int>(-said))) break;
  }
  fail(plan, child_step::exec, -exec_walk_outcome(walk));
}

}  // namespace

const bool detached_shares_memory = on_this_stack != 0;

#if defined(SPAWNPIPE_CHILD_FAULTS)
child_fault fault_of_child;
#endif

SPAWNPIPE_BARE int run_child(void* data) noexcept {
  child_plan& plan = *static_cast<child_plan*>(data);
  plan.began = true;
  if (plan.shared_table) {
    const word cut = call(SYS_close_range, plan.cut, UINT_MAX, CLOSE_RANGE_UNSHARE);
    if (cut < 0) fail(plan, child_step::table, cut);
  }
  if (plan.detached) leave_it_to_the_system(plan);
  reset_signals(plan);
  if (plan.group != child_group::host) {
    word made = leave_group(plan.group);
    if (made >= 0 && plan.group == child_group::foreground) made = take_terminal();
    if (made < 0) fail(plan, child_step::group, made);
  }
  if (plan.ends_with != 0) end_with(plan);
  move_descriptors(plan);
  close_others(plan);
  if (plan.cwd != nullptr) {
    const word entered = call(SYS_chdir, address(plan.cwd));
    if (entered < 0) fail(plan, child_step::cwd, entered);
  }
  unblock_signals(plan);
  execute(plan);
}

}  // namespace spawnpipe::platform
