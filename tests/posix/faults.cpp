#include "faults.hpp"

#include "../../platform/posix/system.hpp"
#include "../../platform/posix/write_quietly.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace faults {
namespace {

using spawnpipe::platform::system_calls;
using spawnpipe::platform::system_table;
namespace direct = spawnpipe::platform::direct;

struct {
  std::string_view call;
  int code = 0;
  int at = 0;
  std::atomic<int> made = 0;
  bool older_kernel = false;
} fault;

bool counting = false;
std::mutex count_lock;
std::map<std::string_view, int> counts;

SPAWNPIPE_SYSTEM_CALLS(FAULTY_CALL)

// ---- those that fail in a way of their own, or are made for several purposes

// A close that fails has closed.
int close_that_fails(int fd) {
  const bool now = due("close");
  const int answer = direct::close(fd);
  return now ? fails<int>("close") : answer;
}

// Of the pipe by which a child says before exec what failed, of a child's output, and of what is a file.
std::string_view what_is_read(int fd, std::size_t size) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0 || !S_ISFIFO(facts.st_mode)) return "read(file)";
  return size < 64 ? "read(report)" : "read(pipe)";
}

ssize_t read_that_fails(int fd, void* into, std::size_t size) {
  if (!due(what_is_read(fd, size))) return direct::read(fd, into, size);
  return code() == short_count ? direct::read(fd, into, 1) : fails<ssize_t>("read");
}

// One byte of it.
template <ssize_t (*Write)(int, const struct iovec*, int)>
ssize_t write_less(int fd, const struct iovec* from, int count) {
  while (count > 1 && from->iov_len == 0) ++from, --count;
  const struct iovec one = {.iov_base = from->iov_base, .iov_len = from->iov_len > 0 ? 1U : 0U};
  return Write(fd, &one, 1);
}
template <ssize_t (*Write)(int, const struct iovec*, int)>
ssize_t write_that_fails(std::string_view name, int fd, const struct iovec* from, int count) {
  if (!due(name)) return Write(fd, from, count);
  return code() == short_count ? write_less<Write>(fd, from, count) : fails<ssize_t>(name);
}
bool ends_a_group(int fd) {
  std::array<char, 256> path{};
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size());
  return size > 0 && std::string_view(path.data(), static_cast<std::size_t>(size)).ends_with("/cgroup.kill");
}
ssize_t writev_that_fails(int fd, const struct iovec* from, int count) {
  return write_that_fails<&direct::writev>(ends_a_group(fd) ? "writev(cgroup.kill)" : "writev", fd, from, count);
}
ssize_t writev_nosignal_that_fails(int fd, const struct iovec* from, int count) {
  if (fault.older_kernel) return errno = EOPNOTSUPP, -1;
  return write_that_fails<&direct::writev_nosignal>("writev_nosignal", fd, from, count);
}

std::string_view what_is_opened(std::string_view path) {
  if (path == "/dev/tty") return "open(terminal)";
  return path.starts_with("/proc") || path.starts_with("/sys/") ? "open(kernel's)" : "open(redirect)";
}
int open_that_fails(const char* path, int flags, int mode) {
  return due(what_is_opened(path)) ? fails<int>("open") : direct::open(path, flags, mode);
}

std::string_view what_fcntl(int what) {
  switch (what) {
    case F_DUPFD_CLOEXEC: return "fcntl(F_DUPFD_CLOEXEC)";
    case F_GETFD: return "fcntl(F_GETFD)";
    case F_GETFL: return "fcntl(F_GETFL)";
    case F_SETFL: return "fcntl(F_SETFL)";
    default: break;
  }
  return "fcntl(pipe size)";
}
int fcntl_that_fails(int fd, int what, int argument) {
  return due(what_fcntl(what)) ? fails<int>("fcntl") : direct::fcntl(fd, what, argument);
}

int pthread_sigmask_that_fails(int how, const sigset_t* set, sigset_t* old) {
  const bool gives_back = how == SIG_SETMASK;  // what the system gave
  return !gives_back && due("pthread_sigmask") ? EINVAL : direct::pthread_sigmask(how, set, old);
}

int sigaction_that_fails(int number, const struct sigaction* set, struct sigaction* old) {
  struct sigaction now {};
  const bool known = direct::sigaction(number, nullptr, &now) == 0;
  const bool gives_back =  // what the system gave
      known && (now.sa_flags & SA_ONSTACK) != 0 && now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN;
  return !gives_back && due("sigaction") ? fails<int>("sigaction") : direct::sigaction(number, set, old);
}

// It finds nothing where somebody else has taken it.
int take_pending_that_fails(const sigset_t* set) {
  const bool now = due("take_pending");
  const int answer = direct::take_pending(set);
  return now ? fails<int>("take_pending") : answer;
}

int kill_that_fails(pid_t pid, int signal) {
  return due(signal == 0 ? "kill(0)" : "kill") ? fails<int>("kill") : direct::kill(pid, signal);
}

// ---- what they may say

constexpr std::array failures = {
    failure{"read(pipe)", EIO},
    failure{"read(pipe)", EINTR},
    failure{"read(pipe)", EAGAIN},
    failure{"read(pipe)", ENOMEM},
    failure{"read(pipe)", short_count},
    failure{"read(file)", EIO},
    failure{"read(file)", EINTR},
    failure{"read(file)", short_count},
    failure{"read(report)", EIO},
    failure{"read(report)", EINTR},
    failure{"writev", EIO},
    failure{"writev", EINTR},
    failure{"writev", EAGAIN},
    failure{"writev", EPIPE},
    failure{"writev", ENOSPC},
    failure{"writev", short_count},
    failure{"writev(cgroup.kill)", EIO},
    failure{"writev(cgroup.kill)", EOPNOTSUPP},
    failure{"writev_nosignal", EIO},
    failure{"writev_nosignal", EINTR},
    failure{"writev_nosignal", EAGAIN},
    failure{"writev_nosignal", EPIPE},
    failure{"writev_nosignal", ENOSPC},
    failure{"writev_nosignal", EOPNOTSUPP},
    failure{"writev_nosignal", EPERM},
    failure{"writev_nosignal", short_count},
    failure{"close", EINTR},
    failure{"close", EIO},
    failure{"pipe_cloexec", EMFILE},
    failure{"pipe_cloexec", ENFILE},
    failure{"pipe_cloexec", ENOMEM},
    failure{"open(redirect)", EMFILE},
    failure{"open(redirect)", ENFILE},
    failure{"open(redirect)", EACCES},
    failure{"open(redirect)", ENOENT},
    failure{"open(redirect)", EINTR},
    failure{"open(redirect)", EIO},
    failure{"open(redirect)", ENOSPC},
    failure{"open(kernel's)", EMFILE},
    failure{"open(kernel's)", EACCES},
    failure{"open(kernel's)", ENOENT},
    failure{"open(terminal)", EMFILE},
    failure{"open(terminal)", EIO},
    failure{"fcntl(F_DUPFD_CLOEXEC)", EMFILE},
    failure{"fcntl(F_GETFD)", EBADF},
    failure{"fcntl(F_GETFL)", EBADF},
    failure{"fcntl(F_SETFL)", EBADF},
    failure{"fcntl(F_SETFL)", EPERM},
    failure{"fcntl(pipe size)", EPERM},
    failure{"fcntl(pipe size)", EBUSY},
    failure{"bytes_in_pipe", EINVAL},
    failure{"isatty", ENOTTY},
    failure{"stat", EACCES},
    failure{"stat", ENOENT},
    failure{"stat", ENOMEM},
    failure{"access_as_exec", EACCES},
    failure{"current_directory", ENOENT},
    failure{"mounted_noexec", EACCES},
    failure{"limit_of", EINVAL},
    failure{"kill", EPERM},
    failure{"kill", ESRCH},
    failure{"kill(0)", EPERM},
    failure{"kill(0)", ESRCH},
    failure{"pthread_sigmask", EINVAL},
    failure{"take_pending", EAGAIN},
    failure{"sigaction", EINVAL},
    failure{"page_that_forks_clear", ENOMEM},
    failure{"uv_loop_init", EMFILE},
    failure{"uv_loop_init", ENFILE},
    failure{"uv_loop_init", ENOMEM},
    failure{"uv_loop_close", EBUSY},
    failure{"uv_async_init", EMFILE},
    failure{"uv_async_init", ENOMEM},
    failure{"uv_poll_init", ENOMEM},
    failure{"uv_poll_init", EPERM},
    failure{"uv_poll_init", EEXIST},
    failure{"uv_poll_start", ENOMEM},
    failure{"uv_poll_start", ENOSPC},
};

constexpr std::array harmless = {
    tolerated{"read(pipe)", EINTR, "it is tried again"},
    tolerated{"read(pipe)", EAGAIN, "as if nothing were there yet"},
    tolerated{"read(pipe)", short_count, "the rest comes with the next"},
    tolerated{"read(pipe)", 0, "of a reader that is destroyed while it reads nobody can ask",
              "a reader that is destroyed with a read in flight"},
    tolerated{"read(pipe)", 0, "of a child that is destroyed nobody can ask", "a running child that is destroyed"},
    tolerated{"read(file)", 0, "what the kernel's files do not tell is not known, and nothing is claimed of it"},
    tolerated{"read(report)", 0, "memory is shared with the child, which has said there what failed"},
    tolerated{"writev", EINTR, "it is tried again"},
    tolerated{"writev", EAGAIN, "as if the pipe were full"},
    tolerated{"writev", EPIPE, "to a run, a child that closes its stdin is the child's affair"},
    tolerated{"writev", short_count, "the rest goes with the next"},
    tolerated{"writev(cgroup.kill)", 0, "then its processes are ended one by one, by the list of them"},
    tolerated{"writev_nosignal", EINTR, "it is tried again"},
    tolerated{"writev_nosignal", EAGAIN, "as if the pipe were full"},
    tolerated{"writev_nosignal", EPIPE, "to a run, a child that closes its stdin is the child's affair"},
    tolerated{"writev_nosignal", EOPNOTSUPP, "then it is writev, with SIGPIPE blocked"},
    tolerated{"writev_nosignal", EPERM, "then it is writev, with SIGPIPE blocked"},
    tolerated{"writev_nosignal", short_count, "the rest goes with the next"},
    tolerated{"close", 0, "it has closed, and nobody could do better"},
    tolerated{"open(kernel's)", 0, "what /proc does not tell is not known, and nothing is claimed of it"},
    tolerated{"open(terminal)", 0, "then there is no terminal to lend"},
    tolerated{"fcntl(F_GETFD)", 0, "an inherited stream that is closed is the null device"},
    tolerated{"fcntl(pipe size)", 0, "then the pipe stays as large as it is"},
    tolerated{"bytes_in_pipe", 0, "then a pipe does not count as full"},
    tolerated{"isatty", 0, "it is an answer: no terminal"},
    tolerated{"stat", 0,
              "a file that was opened is not looked at again; and of a failed start only the stage is told by it"},
    tolerated{"access_as_exec", 0, "of a failed start only the stage and the hint are told by it"},
    tolerated{"current_directory", 0, "then a path is shown as it was given"},
    tolerated{"mounted_noexec", 0, "then the hint does not say so"},
    tolerated{"limit_of", 0, "then the hint does not say so"},
    tolerated{"kill", 0, "a stop goes on to its next phase; a SIGCONT behind another signal is by the way"},
    tolerated{"kill(0)", 0, "it is an answer: gone, or not to be signalled"},
    tolerated{"take_pending", 0, "somebody else took it"},
    tolerated{"page_that_forks_clear", 0, "then forks are told by getpid"},
    tolerated{"uv_loop_close", 0, "it is asked again, behind a turn"},
};

constexpr std::array certain = {
    infallible{"getpid", "by POSIX"},
    infallible{"uv_run", "says whether there is more to do"},
    infallible{"uv_async_send", "the wake-up is a descriptor that is there"},
    infallible{"sigpending", "but for a bad address"},
    infallible{"pthread_sigmask(SIG_SETMASK)", "gives back a mask that the system gave"},
    infallible{"sigaction(of ours)", "gives back what the system gave"},
    infallible{"uv_timer_start", "but for a callback that is null"},
    infallible{"uv_poll_stop", "but for a handle that is closing"},
    infallible{"uv_loop_fork", "in a forked copy only: hostile_host_cases_fork.cpp"},
    infallible{"uv_spawn", "of one engine, whose fault_cases.cpp has it"},
};

constexpr std::array elsewhere = {
    unmet{"limit_of", "asked for behind a failure only, which would be a second one"},
    unmet{"page_that_forks_clear", "once for a process: hostile_host_cases_fork.cpp"},
    unmet{"fcntl(F_DUPFD_CLOEXEC)", "in a host without stdin only: hostile_host_cases.cpp; and when a loop is opened"},
    unmet{"mounted_noexec", "of a file that may be executed, and cannot: error_text_cases.cpp"},
    unmet{"open(terminal)", "with a terminal only: terminal_fault_cases.cpp"},
    unmet{"tcgetpgrp", "with a terminal only: terminal_fault_cases.cpp"},
    unmet{"tcsetpgrp", "with a terminal only: terminal_fault_cases.cpp"},
    unmet{"tcgetattr", "with a terminal only: terminal_fault_cases.cpp"},
    unmet{"tcsetattr", "with a terminal only: terminal_fault_cases.cpp"},
};

template <class Entry>
std::vector<Entry> joined(std::span<const Entry> one, std::span<const Entry> other) {
  std::vector<Entry> all(one.begin(), one.end());
  all.insert(all.end(), other.begin(), other.end());
  return all;
}

}  // namespace

std::span<const failure> of_all() {
  static const auto all = joined<failure>(failures, of_engine());
  return all;
}
std::span<const tolerated> tolerated_of_all() {
  static const auto all = joined<tolerated>(harmless, tolerated_of_engine());
  return all;
}
std::span<const infallible> infallible_of_all() {
  static const auto all = joined<infallible>(certain, infallible_of_engine());
  return all;
}

std::span<const unmet> unmet_of_all() {
  static const auto all = joined<unmet>(elsewhere, unmet_of_engine());
  return all;
}

std::span<const std::string_view> calls_of_all() {
#define NAME(type, name, parameters, arguments) #name,
  static constexpr std::string_view own[] = {SPAWNPIPE_SYSTEM_CALLS(NAME)};
#undef NAME
  static const auto all = joined<std::string_view>(own, calls_of_engine());
  return all;
}

bool of_older_kernel(std::string_view call) {
  constexpr std::array all = {"writev", "pthread_sigmask", "take_pending", "clone", "kill", "kill(0)"};
  return std::find(all.begin(), all.end(), call) != all.end();
}

bool due(std::string_view call) {
  if (counting) {
    const std::lock_guard hold(count_lock);
    ++counts[call];
  }
  return call == fault.call && ++fault.made == fault.at;
}

int code() noexcept { return fault.code; }
bool on_older_kernel() noexcept { return fault.older_kernel; }

namespace {

void set(std::string_view call, int code, int at) {
  fault.older_kernel = of_older_kernel(call);
  fault.call = call;
  fault.code = code;
  fault.at = at;
  fault.made = 0;
}

void install() {
#define REPLACE(type, name, parameters, arguments) system_calls.name = &faulty_##name;
  SPAWNPIPE_SYSTEM_CALLS(REPLACE)
#undef REPLACE
  system_calls.close = &close_that_fails;
  system_calls.sigaction = &sigaction_that_fails;
  system_calls.read = &read_that_fails;
  system_calls.writev = &writev_that_fails;
  system_calls.writev_nosignal = &writev_nosignal_that_fails;
  system_calls.open = &open_that_fails;
  system_calls.fcntl = &fcntl_that_fails;
  system_calls.kill = &kill_that_fails;
  system_calls.take_pending = &take_pending_that_fails;
  system_calls.pthread_sigmask = &pthread_sigmask_that_fails;
  spawnpipe::platform::write_quietly_forgets();
  install_in_engine();
}

void remove() {
  spawnpipe::platform::write_quietly_forgets();
  remove_from_engine();
  system_calls = system_table();
}

}  // namespace

injected::injected(std::string_view call, int code, int at) {
  set(call, code, at);
  install();
}

injected::~injected() { remove(); }

counted::counted(kernel which) {
  set({}, 0, 0);
  fault.older_kernel = which == kernel::older;
  counts.clear();
  counting = true;
  install();
}

counted::~counted() {
  remove();
  counting = false;
}

const std::map<std::string_view, int>& counted::calls() noexcept { return counts; }

bool injected::happened() noexcept { return fault.made >= fault.at; }

}  // namespace faults
