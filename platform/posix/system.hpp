// Every call that this back end makes to the system or to libuv, in one list.
//
// In the library they are direct calls. In test builds (SPAWNPIPE_REPLACEABLE_CALLS) they go through a table of function
// pointers that a test may change, so that a call can be made to fail. Signatures with `...` are narrowed to what is used.
#ifndef SPAWNPIPE_PLATFORM_POSIX_SYSTEM_HPP
#define SPAWNPIPE_PLATFORM_POSIX_SYSTEM_HPP

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <uv.h>

#include <cstddef>

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are declarations, which take none

// X(return type, name, parameters, arguments)
#define SPAWNPIPE_SYSTEM_CALLS(X)                                                                                 \
  X(ssize_t, read, (int fd, void* into, std::size_t size), (fd, into, size))                                      \
  X(ssize_t, writev, (int fd, const struct iovec* from, int count), (fd, from, count))                            \
  X(ssize_t, writev_nosignal, (int fd, const struct iovec* from, int count), (fd, from, count))                   \
  X(int, close, (int fd), (fd))                                                                                   \
  X(int, pipe_cloexec, (int* ends), (ends))                                                                       \
  X(int, open, (const char* path, int flags, int mode), (path, flags, mode))                                      \
  X(int, fcntl, (int fd, int what, int argument), (fd, what, argument))                                           \
  X(int, bytes_in_pipe, (int fd, int* count), (fd, count))                                                        \
  X(int, isatty, (int fd), (fd))                                                                                  \
  X(int, stat, (const char* path, struct stat* into), (path, into))                                               \
  X(int, access_as_exec, (const char* path, int mode), (path, mode))                                              \
  X(int, current_directory, (char* into, std::size_t size), (into, size))                                         \
  X(int, mounted_noexec, (const char* path, bool* answer), (path, answer))                                        \
  X(int, limit_of, (int what, struct rlimit* into), (what, into))                                                 \
  X(int, kill, (pid_t pid, int signal), (pid, signal))                                                            \
  X(pid_t, getpid, (), ())                                                                                        \
  X(int, sigaction, (int number, const struct sigaction* what, struct sigaction* before), (number, what, before)) \
  X(int, page_that_forks_clear, (void** into), (into))                                                            \
  X(int, pthread_sigmask, (int how, const sigset_t* set, sigset_t* old), (how, set, old))                         \
  X(int, sigpending, (sigset_t * set), (set))                                                                     \
  X(int, take_pending, (const sigset_t* set), (set))                                                              \
  X(int, uv_loop_init, (uv_loop_t * loop), (loop))                                                                \
  X(int, uv_loop_close, (uv_loop_t * loop), (loop))                                                               \
  X(int, uv_loop_fork, (uv_loop_t * loop), (loop))                                                                \
  X(int, uv_run, (uv_loop_t * loop, uv_run_mode mode), (loop, mode))                                              \
  X(int, uv_async_init, (uv_loop_t * loop, uv_async_t * handle, uv_async_cb done), (loop, handle, done))          \
  X(int, uv_async_send, (uv_async_t * handle), (handle))                                                          \
  X(int, uv_timer_start, (uv_timer_t * handle, uv_timer_cb done, uint64_t timeout, uint64_t repeat),              \
    (handle, done, timeout, repeat))                                                                              \
  X(int, uv_poll_init, (uv_loop_t * loop, uv_poll_t * handle, int fd), (loop, handle, fd))                        \
  X(int, uv_poll_start, (uv_poll_t * handle, int events, uv_poll_cb done), (handle, events, done))                \
  X(int, uv_poll_stop, (uv_poll_t * handle), (handle))                                                            \
  X(int, uv_spawn, (uv_loop_t * loop, uv_process_t * handle, const uv_process_options_t* options),                \
    (loop, handle, options))

namespace spawnpipe::platform {

// The calls as the system has them, where they are no plain functions or differ between systems.
namespace direct {

using ::close;
using ::getpid;
using ::isatty;
using ::kill;
using ::pthread_sigmask;
using ::read;
using ::sigaction;
using ::sigpending;
using ::stat;
using ::uv_async_init;
using ::uv_async_send;
using ::uv_loop_close;
using ::uv_loop_fork;
using ::uv_loop_init;
using ::uv_poll_init;
using ::uv_poll_start;
using ::uv_poll_stop;
using ::uv_run;
using ::uv_spawn;
using ::uv_timer_start;
using ::writev;

inline int open(const char* path, int flags, int mode) { return ::open(path, flags, mode); }
inline int fcntl(int fd, int what, int argument) { return ::fcntl(fd, what, argument); }
inline int bytes_in_pipe(int fd, int* count) { return ::ioctl(fd, FIONREAD, count); }
// As access(2), by the effective ids, as exec and chdir ask.
inline int access_as_exec(const char* path, int mode) { return ::faccessat(AT_FDCWD, path, mode, AT_EACCESS); }
inline int current_directory(char* into, std::size_t size) { return ::getcwd(into, size) != nullptr ? 0 : -1; }
inline int limit_of(int what, struct rlimit* into) {
  return ::getrlimit(static_cast<decltype(RLIMIT_NOFILE)>(what), into);
}
// Whether nothing may be executed on the file system where `path` is.
int mounted_noexec(const char* path, bool* answer);
// A pipe whose ends are both close-on-exec.
int pipe_cloexec(int* ends);
// As writev, without raising SIGPIPE; errno EOPNOTSUPP where the kernel cannot.
ssize_t writev_nosignal(int fd, const struct iovec* from, int count);
// A page of memory that is zero in a copy of the process that was made by fork. -1 where the system has no such thing.
int page_that_forks_clear(void** into);
// Takes one pending signal of the set off this thread, without waiting.
int take_pending(const sigset_t* set);

}  // namespace direct

#if defined(SPAWNPIPE_REPLACEABLE_CALLS)

struct system_table {
#define SPAWNPIPE_ENTRY(type, name, parameters, arguments) type(*name) parameters = &direct::name;
  SPAWNPIPE_SYSTEM_CALLS(SPAWNPIPE_ENTRY)
#undef SPAWNPIPE_ENTRY
};

extern system_table system_calls;

namespace sys {
#define SPAWNPIPE_ENTRY(type, name, parameters, arguments) \
  inline type name parameters { return system_calls.name arguments; }
SPAWNPIPE_SYSTEM_CALLS(SPAWNPIPE_ENTRY)
#undef SPAWNPIPE_ENTRY
}  // namespace sys

#else

namespace sys = direct;

#endif

// NOLINTEND(bugprone-macro-parentheses)

}  // namespace spawnpipe::platform

#endif
