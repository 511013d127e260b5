// Making the process. The calling thread stands still (CLONE_VFORK) until the child has reached exec or is gone, so that
// what the child writes into the plan is there when the call returns: a failed exec is reported without a pipe and without a race.
// The child's stack is no part of the caller's, which may have as little as 16 KiB (PTHREAD_STACK_MIN).
//
// Every signal is blocked meanwhile: a handler of the host must not run in the child. The child sends no signal when it
// ends before exec (exit_signal 0, which exec turns into SIGCHLD): a spawn that fails is nobody's business but ours. Only the
// last way sends one, which qemu-user demands.
//
// A stop (SIGTSTP of Ctrl-Z, SIGTTIN, SIGTTOU) that the child gets in the moment between its mask's lifting and exec would stop both. The
// child notes it instead, and goes on to exec, and it is sent again here: while signals are still blocked, so that a host whose group got
// it too is not stopped, and continued, before its child is stopped. Of SIGSTOP, which cannot be caught, this cannot be said: who sends that
// to the host's group at that moment has both stopped, and both go on when the group is continued.
//
// Emulators (valgrind, qemu-user) run such a clone as a fork, and what the child writes stays in its copy. The first child tells:
// it has a pipe for its report, and a flag to set. Where the flag is not seen, memory is not shared, and the pipe stays.
#include "clone_linux.hpp"

#include "plug.hpp"
#include "signal_linux.hpp"
#include "system_linux.hpp"
#include "waitid_linux.hpp"

#include <sched.h>
#include <sys/auxv.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#if !defined(CLONE_CLEAR_SIGHAND)
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#if !defined(CLONE_INTO_CGROUP)
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

#if !defined(AT_MINSIGSTKSZ)
#define AT_MINSIGSTKSZ 51
#endif

namespace spawnpipe::platform {
namespace {

using way = linux_abilities::way;

enum class memory : int { unknown, shared, copied };
enum class ability : int { unknown, yes, no };

std::atomic<int> best = 0;
std::atomic<memory> seen_memory = memory::unknown;
std::atomic<ability> has_close_range = ability::unknown;
std::atomic<ability> has_own_proc = ability::unknown;
std::atomic<ability> has_waitable_pidfds = ability::unknown;
std::atomic<ability> has_group_signals = ability::unknown;

bool find_out(std::atomic<ability>& kept, bool (*look)() noexcept) noexcept {
  ability known = kept.load(std::memory_order_relaxed);
  if (known == ability::unknown) {
    known = look() ? ability::yes : ability::no;
    kept.store(known, std::memory_order_relaxed);
  }
  return known == ability::yes;
}

// What the child needs is a few hundred bytes, and a kilobyte to list a folder.
constexpr std::size_t stack_size = 8192;

// For a handler: what the kernel saves, which depends on the processor (AT_MINSIGSTKSZ; kernels that do not tell it know of no more than
// this), and the handler itself.
std::size_t signal_stack_size() noexcept {
  constexpr std::size_t known_before = 8192;
  constexpr std::size_t of_handler = 1024;
  return std::max<std::size_t>(::getauxval(AT_MINSIGSTKSZ), known_before) + of_handler;
}

// Whether the system says that there is no such call, or not with such flags: also a filter, which may answer EPERM.
bool not_there(int code) noexcept { return code == ENOSYS || code == EPERM || code == EINVAL; }

pid_t make_process(way how, child_plan& plan, std::byte* stack, int& pidfd) noexcept {
  if (how == way::clone3_clear || how == way::clone3_plain) {
    struct clone_args request = {};
    request.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
    if (how == way::clone3_clear) request.flags |= CLONE_CLEAR_SIGHAND;
    if (plan.shared_table) request.flags |= CLONE_FILES;
    if (plan.control_group >= 0) {
      request.flags |= CLONE_INTO_CGROUP;
      request.cgroup = static_cast<std::uint64_t>(plan.control_group);
    }
    request.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
    request.stack = reinterpret_cast<std::uintptr_t>(stack);
    request.stack_size = stack_size;
    return sys::clone3(&request, run_child, &plan);
  }
  // Without CLONE_FILES, which emulators refuse: the child then cuts a table of its own, and all else is the same.
  const int flags = CLONE_VM | CLONE_VFORK | (how == way::clone_pidfd ? CLONE_PIDFD : 0) |
                    (how == way::clone_signalling ? SIGCHLD : 0);
  return sys::clone(run_child, stack + stack_size, flags, &plan, &pidfd);
}

// One attempt after the other, down to what the system has.
pid_t make_process(child_plan& plan, int& pidfd) noexcept {
  const std::size_t for_signals = signal_stack_size();
  const std::unique_ptr<std::byte[]> stack(new (std::nothrow) std::byte[stack_size + for_signals]);
  if (!stack) {
    errno = ENOMEM;
    return -1;
  }
  std::byte* const signal_stack = stack.get() + stack_size;
  new (signal_stack) child_plan*(&plan);
  plan.signal_stack = {.ss_sp = signal_stack, .ss_flags = 0, .ss_size = for_signals};
  for (;;) {
    const int how = best.load(std::memory_order_relaxed);
    pidfd = -1;
    if (plan.control_group >= 0 && how > static_cast<int>(way::clone3_plain)) {
      errno = ENOSYS;  // clone3 alone can do that
      return -1;
    }
    const pid_t pid = make_process(static_cast<way>(how), plan, stack.get(), pidfd);
    // What is refused here may be the control group: that says nothing about the way.
    if (plan.control_group >= 0) return pid;
    if (pid >= 0 || !not_there(errno) || how == static_cast<int>(way::clone_signalling)) return pid;
    int expected = how;
    best.compare_exchange_strong(expected, how + 1, std::memory_order_relaxed);
  }
}

// A pipe for the report, whose end for the child is no descriptor that the child is to have.
bool open_report(child_plan& plan, unique_fd& ours, unique_fd& theirs) noexcept {
  std::array<int, 2> ends = {-1, -1};
  if (sys::pipe_cloexec(ends.data()) != 0) return false;
  ours.reset(ends[0]);
  theirs.reset(ends[1]);
  int above = 2;
  for (std::size_t index = 0; index < plan.descriptor_count; ++index) {
    if (plan.descriptors[index].target > above) above = plan.descriptors[index].target;
  }
  if (theirs.get() <= above) theirs.reset(sys::fcntl(theirs.get(), F_DUPFD_CLOEXEC, above + 1));
  plan.report_fd = theirs.get();
  return static_cast<bool>(theirs);
}

// What was written before exec, or the end, closed the pipe.
void read_report(int fd, child_plan& into) noexcept {
  for (;;) {
    child_report said;
    const ssize_t count = sys::read(fd, &said, sizeof said);
    if (count < 0 && errno == EINTR) continue;
    if (count != sizeof said) return;
    if (said.born != 0) into.born = said.born;
    if (said.job_signal != 0) into.note(said.job_signal);
    if (said.failure.step != child_step::none) into.failure = said.failure;
  }
}

// The stops that a child was spared until exec. A detached one was in a session of its own by then, where they have no effect.
void send_stops(const child_plan& plan, pid_t pid, int pidfd) noexcept {
  if (plan.detached || plan.failure.step != child_step::none) return;
  for (const int number : {SIGTSTP, SIGTTIN, SIGTTOU}) {
    if ((plan.stops & child_plan::stop(number)) != 0) static_cast<void>(signal_child(pid, pidfd, number));
  }
}

}  // namespace

way linux_abilities::best_way() noexcept { return static_cast<way>(best.load(std::memory_order_relaxed)); }

bool linux_abilities::close_range() noexcept {
  return find_out(has_close_range, []() noexcept { return sys::close_range_works() == 0; });
}

bool linux_abilities::pidfds_wait() noexcept {
  return find_out(has_waitable_pidfds, []() noexcept {
    siginfo_t none;
    constexpr id_t nothing = INT_MAX;  // no descriptor: who knows the question says that, and no more
    return sys::waitid(wait_for_pidfd, nothing, &none, WEXITED | WNOHANG, nullptr) != 0 && errno == EBADF;
  });
}

bool linux_abilities::group_signals(int pidfd) noexcept {
  ability known = has_group_signals.load(std::memory_order_relaxed);
  if (known == ability::unknown) {
    const int code = sys::pidfd_send_signal(pidfd, 0, pidfd_signal_process_group) == 0 ? 0 : errno;
    if (code == EPERM) return false;  // of that group, or of a filter: not known yet
    known = code == 0 || code == ESRCH ? ability::yes : ability::no;
    has_group_signals.store(known, std::memory_order_relaxed);
  }
  return known == ability::yes;
}

bool linux_abilities::proc_is_ours() noexcept {
  return find_out(has_own_proc, []() noexcept {
    std::array<char, 16> name{};
    const ssize_t size = sys::readlink("/proc/self", name.data(), name.size());
    long id = 0;
    for (const char digit : std::string_view(name.data(), size > 0 ? static_cast<std::size_t>(size) : 0)) {
      id = id * 10 + (digit - '0');
    }
    return size > 0 && id == sys::getpid();
  });
}

void linux_abilities::forget() noexcept {
  best = 0;
  seen_memory = memory::unknown;
  has_close_range = has_own_proc = has_waitable_pidfds = has_group_signals = ability::unknown;
}

#if defined(SPAWNPIPE_REPLACEABLE_CALLS)
start_record& last_start() noexcept {
  thread_local start_record last;
  return last;
}
#endif

void reap(pid_t pid) noexcept {
  siginfo_t info;
  (void)waitid_to_the_end(P_PID, static_cast<id_t>(pid), info, WEXITED);
}

started start_child(child_plan& plan) noexcept {
  started result;
  unique_fd report;
  unique_fd report_of_child;
  const memory known = seen_memory.load(std::memory_order_relaxed);
  plan.report_fd = -1;
  plan.began = false;
  plan.born = 0;
  plan.stops = 0;
  plan.failure = {};
  // Where this may come back before the child is at exec, what we close must stay open there.
  if (known != memory::shared) plan.shared_table = false;
  const bool by_pipe = plan.detached && !detached_shares_memory;
  if (known != memory::shared || by_pipe) {
    if (!open_report(plan, report, report_of_child)) {
      result.code = errno;
      return result;
    }
    plan.cut = std::max(plan.cut, static_cast<unsigned>(plan.report_fd) + 1);
  }

  sigset_t before;
  if (sys::block_every_signal(&before) != 0) {
    result.code = errno;
    return result;
  }
  int pidfd = -1;
  const pid_t pid = make_process(plan, pidfd);
  const int code = errno;
  const bool shared = plan.began;
  if (pid >= 0) {
    // Not where it can be avoided: a copy that another thread has just forked holds the pipe open for as long as it lives.
    if (!shared || by_pipe) {
      report_of_child.reset();  // so that exec, or the child's end, is the end of the pipe
      read_report(report.get(), plan);
    }
    send_stops(plan, pid, pidfd);
  }
  sys::restore_signals(&before);
  if (pid < 0) {
    result.code = code;
    return result;
  }
  if (known == memory::unknown) seen_memory.store(shared ? memory::shared : memory::copied, std::memory_order_relaxed);
#if defined(SPAWNPIPE_REPLACEABLE_CALLS)
  const auto reopened = std::count_if(plan.descriptors, plan.descriptors + plan.descriptor_count,
                                      [](const child_descriptor& each) { return each.reopened; });
  last_start() = {.how = linux_abilities::best_way(),
                  .memory_shared = shared,
                  .table_shared = plan.shared_table,
                  .close_range = plan.close_range,
                  .reopened = static_cast<std::size_t>(reopened)};
#endif
  result.pid = pid;
  if (plan.detached) {
    reap(pid);
    const unique_fd of_no_use(pidfd);
    result.pid = plan.born;
    result.code = plan.failure.step != child_step::none ? plan.failure.code : plan.born == 0 ? ECHILD : 0;
    // One that failed was reaped by the process between, unless that did not share its memory. Then, where the host gets the
    // orphans, it is the host's.
    int adopts = 0;
    if (by_pipe && result.code != 0 && plan.born != 0 && sys::get_subreaper(&adopts) == 0 && adopts != 0)
      reap(plan.born);
    return result;
  }
  result.pidfd.reset(pidfd);
  if (plan.failure.step != child_step::none) {
    reap(pid);
    result.code = plan.failure.code;
    return result;
  }
  if (!result.pidfd) result.pidfd.reset(sys::pidfd_open(pid));
  if (result.pidfd && !linux_abilities::pidfds_wait()) result.pidfd.reset();
  if (!result.pidfd || result.pidfd.get() >= first_above_stdio) return result;
  // The kernel gives the lowest number that is free. Where it cannot be left, the child is taken back, by the pidfd itself.
  unique_fd moved(sys::fcntl(result.pidfd.get(), F_DUPFD_CLOEXEC, first_above_stdio));
  if (!moved) {
    result.code = errno;
    if (sys::pidfd_send_signal(result.pidfd.get(), SIGKILL, 0) == 0) reap(pid);
  }
  result.pidfd = std::move(moved);
  return result;
}

}  // namespace spawnpipe::platform
