// The calls that only the Linux engine makes, in a list like that of system.hpp: direct in the library, replaceable in test builds.
//
// What the child does between its start and exec is not among them: it shares our memory, and makes bare calls only (child_linux.cpp).
#ifndef SPAWNPIPE_PLATFORM_POSIX_SYSTEM_LINUX_HPP
#define SPAWNPIPE_PLATFORM_POSIX_SYSTEM_LINUX_HPP

#include <dirent.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <termios.h>
#include <unistd.h>

#include <cstdint>

namespace spawnpipe::platform {

// What the kernel tells of a process by its pidfd (linux/pidfd.h of 6.15, which most systems do not have yet).
struct pidfd_info {
  std::uint64_t mask = 0;
  std::uint64_t cgroup = 0;
  std::uint32_t pid = 0, tgid = 0, ppid = 0;
  std::uint32_t ids[8] = {};
  std::int32_t exit_code = 0;  // as from wait(2)
};
constexpr std::uint64_t pidfd_info_exit = 1U << 3U;
constexpr unsigned pidfd_signal_process_group = 1U << 2U;
constexpr int wait_for_pidfd = 3;  // P_PIDFD of waitid

using clone_function = int (*)(void* argument);

}  // namespace spawnpipe::platform

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are declarations, which take none

// X(return type, name, parameters, arguments). All say -1 and errno.
#define SPAWNPIPE_LINUX_CALLS(X)                                                                                       \
  X(pid_t, clone3, (struct clone_args * how, clone_function run, void* argument), (how, run, argument))                \
  X(pid_t, clone, (clone_function run, void* stack_top, int flags, void* argument, int* pidfd),                        \
    (run, stack_top, flags, argument, pidfd))                                                                          \
  X(int, pidfd_open, (pid_t pid), (pid))                                                                               \
  X(int, pidfd_send_signal, (int pidfd, int signal, unsigned flags), (pidfd, signal, flags))                           \
  X(int, pidfd_get_info, (int pidfd, pidfd_info* into), (pidfd, into))                                                 \
  X(int, waitid, (int which, id_t id, siginfo_t* into, int options, struct rusage* used),                              \
    (which, id, into, options, used))                                                                                  \
  X(int, epoll_create1, (int flags), (flags))                                                                          \
  X(int, epoll_ctl, (int set, int what, int fd, struct epoll_event* event), (set, what, fd, event))                    \
  X(int, epoll_wait, (int set, struct epoll_event* into, int most, int milliseconds), (set, into, most, milliseconds)) \
  X(int, poll, (struct pollfd * which, nfds_t count, int timeout), (which, count, timeout))                            \
  X(ssize_t, getdents64, (int fd, void* into, std::size_t size), (fd, into, size))                                     \
  X(int, openat, (int folder, const char* path, int flags), (folder, path, flags))                                     \
  X(int, mkdir, (const char* path, mode_t mode), (path, mode))                                                         \
  X(int, rmdir, (const char* path), (path))                                                                            \
  X(ssize_t, random_bytes, (void* into, std::size_t size), (into, size))                                               \
  X(int, get_subreaper, (int* into), (into))                                                                           \
  X(int, set_subreaper, (int yes), (yes))                                                                              \
  X(pid_t, getpgrp, (), ())                                                                                            \
  X(pid_t, getpgid, (pid_t pid), (pid))                                                                                \
  X(pid_t, tcgetpgrp, (int terminal), (terminal))                                                                      \
  X(int, tcsetpgrp, (int terminal, pid_t group), (terminal, group))                                                    \
  X(int, tcgetattr, (int terminal, struct termios* into), (terminal, into))                                            \
  X(int, tcsetattr, (int terminal, int when, const struct termios* modes), (terminal, when, modes))                    \
  X(pid_t, gettid, (), ())                                                                                             \
  X(ssize_t, readlink, (const char* path, char* into, std::size_t size), (path, into, size))                           \
  X(int, close_range_works, (), ())                                                                                    \
  X(int, block_every_signal, (sigset_t * before), (before))                                                            \
  X(int, restore_signals, (const sigset_t* before), (before))                                                          \
  X(int, uv_signal_init, (uv_loop_t * loop, uv_signal_t * handle), (loop, handle))                                     \
  X(int, uv_signal_start, (uv_signal_t * handle, uv_signal_cb done, int signal), (handle, done, signal))

#include "system.hpp"

namespace spawnpipe::platform {

namespace direct {

using ::epoll_create1;
using ::epoll_ctl;
using ::epoll_wait;
using ::getdents64;
using ::getpgid;
using ::getpgrp;
using ::mkdir;
using ::poll;
using ::readlink;
using ::rmdir;
using ::tcgetattr;
using ::tcgetpgrp;
using ::tcsetattr;
using ::tcsetpgrp;
using ::uv_signal_init;
using ::uv_signal_start;

// As clone3(2) of the kernel, but the new process runs `run(argument)` on the stack that `how` names, and must not return.
// ENOSYS on processors for which nobody has written it here.
pid_t clone3(struct clone_args* how, clone_function run, void* argument);
// glibc's clone(2): any processor.
pid_t clone(clone_function run, void* stack_top, int flags, void* argument, int* pidfd);
inline ssize_t random_bytes(void* into, std::size_t size) { return ::getrandom(into, size, GRND_NONBLOCK); }
inline int get_subreaper(int* into) { return ::prctl(PR_GET_CHILD_SUBREAPER, into, 0, 0, 0); }
inline int set_subreaper(int yes) { return ::prctl(PR_SET_CHILD_SUBREAPER, yes, 0, 0, 0); }
inline int openat(int folder, const char* path, int flags) { return ::openat(folder, path, flags); }
int pidfd_open(pid_t pid);
pid_t gettid();
int pidfd_send_signal(int pidfd, int signal, unsigned flags);
int pidfd_get_info(int pidfd, pidfd_info* into);
// The kernel's own, which tells what the process used; and takes P_PIDFD.
int waitid(int which, id_t id, siginfo_t* into, int options, struct rusage* used);
// 0 where the kernel has close_range(2) and lets us use it. Closes nothing.
int close_range_works();
// All that the kernel knows, also the two that libc keeps for itself and pthread_sigmask leaves out.
int block_every_signal(sigset_t* before);
int restore_signals(const sigset_t* before);

}  // namespace direct

#if defined(SPAWNPIPE_REPLACEABLE_CALLS)

struct linux_table {
#define SPAWNPIPE_ENTRY(type, name, parameters, arguments) type(*name) parameters = &direct::name;
  SPAWNPIPE_LINUX_CALLS(SPAWNPIPE_ENTRY)
#undef SPAWNPIPE_ENTRY
};

extern linux_table linux_calls;

namespace sys {
#define SPAWNPIPE_ENTRY(type, name, parameters, arguments) \
  inline type name parameters { return linux_calls.name arguments; }
SPAWNPIPE_LINUX_CALLS(SPAWNPIPE_ENTRY)
#undef SPAWNPIPE_ENTRY
}  // namespace sys

#endif

// NOLINTEND(bugprone-macro-parentheses)

}  // namespace spawnpipe::platform

#endif
