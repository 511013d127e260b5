// The calls of the Linux engine for which libc has no function, or not the whole one.
#include "system_linux.hpp"

#include "call_numbers_linux.hpp"

#include <sched.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace spawnpipe::platform {

#if defined(SPAWNPIPE_REPLACEABLE_CALLS)
linux_table linux_calls;
#endif

namespace direct {
namespace {

constexpr std::size_t kernel_sigset_size = _NSIG / 8;

}  // namespace

// The new process has an empty stack, so that nothing may be compiled between its birth and the call: it takes the two
// values from registers, which the kernel leaves as they were.
pid_t clone3([[maybe_unused]] struct clone_args* how, [[maybe_unused]] clone_function run,
             [[maybe_unused]] void* argument) {
#if defined(__x86_64__) && defined(__LP64__)
  long made = SYS_clone3;
  register clone_function function asm("r8") = run;
  register void* data asm("r9") = argument;
  asm volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"  // no frame above
      "movq %%r9, %%rdi\n\t"
      "call *%%r8\n\t"
      "ud2\n"
      "1:"
      : "+a"(made)
      : "D"(how), "S"(sizeof *how), "r"(function), "r"(data)
      : "rcx", "r11", "cc", "memory");
#elif defined(__aarch64__)
  register long made asm("x0") = reinterpret_cast<long>(how);
  register long size asm("x1") = sizeof *how;
  register long number asm("x8") = SYS_clone3;
  register clone_function function asm("x9") = run;
  register void* data asm("x10") = argument;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"
      "mov x30, xzr\n\t"
      "mov x0, x10\n\t"
      "blr x9\n\t"
      "brk #1\n"
      "1:"
      : "+r"(made)
      : "r"(size), "r"(number), "r"(function), "r"(data)
      : "cc", "memory");
#else
  const long made = -ENOSYS;
#endif
  if (made >= 0) return static_cast<pid_t>(made);
  errno = static_cast<int>(-made);
  return -1;
}

pid_t clone(clone_function run, void* stack_top, int flags, void* argument, int* pidfd) {
  return ::clone(run, stack_top, flags, argument, pidfd);
}

pid_t gettid() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

int pidfd_open(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

int pidfd_send_signal(int pidfd, int signal, unsigned flags) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, flags));
}

int pidfd_get_info(int pidfd, pidfd_info* into) {
  static_assert(sizeof(pidfd_info) == 64, "the first form of the kernel's structure");
  return ::ioctl(pidfd, _IOWR(0xFF, 11, pidfd_info), into);
}

int waitid(int which, id_t id, siginfo_t* into, int options, struct rusage* used) {
  return static_cast<int>(::syscall(SYS_waitid, which, id, into, options, used));
}

int close_range_works() { return static_cast<int>(::syscall(SYS_close_range, UINT_MAX, UINT_MAX, 0)); }

int block_every_signal(sigset_t* before) {
  sigset_t every;
  std::memset(&every, 0xFF, sizeof every);  // sigfillset leaves libc's own two out
  return static_cast<int>(::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &every, before, kernel_sigset_size));
}

int restore_signals(const sigset_t* before) {
  return static_cast<int>(::syscall(SYS_rt_sigprocmask, SIG_SETMASK, before, nullptr, kernel_sigset_size));
}

}  // namespace direct
}  // namespace spawnpipe::platform
