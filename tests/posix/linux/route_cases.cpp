// Every way to make a process, forced, and seen to have been taken: by older kernels' means, under a filter that denies the newer
// calls, and where an emulator makes a fork of it.
#include "engine.hpp"

#include "../../children.hpp"
#include "../../scenario.hpp"
#include "../descriptors.hpp"
#include "../own_folder.hpp"

#include <atomic>
#include <cerrno>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::expect_spawns_work;
using harness::failing;
using harness::patience;
using harness::replaced_call;
using spawnpipe::platform::clone_function;
using spawnpipe::platform::last_start;
using spawnpipe::platform::linux_abilities;
using spawnpipe::platform::linux_table;
using way = linux_abilities::way;

using clone3_call = replaced_call<&linux_table::clone3>;
using clone_call = replaced_call<&linux_table::clone>;
using pidfd_open_call = replaced_call<&linux_table::pidfd_open>;
using signal_start_call = replaced_call<&linux_table::uv_signal_start>;
using close_range_call = replaced_call<&linux_table::close_range_works>;

bool thread_sanitizer() {
#if defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}
// glibc's clone is a fork to ThreadSanitizer, which then refuses threads.
constexpr const char* no_clone = "ThreadSanitizer takes clone(2) of the C library for a fork";

// What is expected of every way but those of emulators.
void expect_route(way how) {
  EXPECT(linux_abilities::best_way() == how);
  EXPECT(last_start().how == how);
  EXPECT(last_start().memory_shared);
}

HOST_SCENARIO(newest, "every call is there") {
  expect_spawns_work();
  expect_route(way::clone3_clear);
  EXPECT(last_start().table_shared);
  EXPECT(last_start().close_range);
}
TEST_CASE("[P1][G2][G6] a process is made by clone3, where that is there") { PLAY_SCENARIO("every call is there"); }

HOST_SCENARIO(before_5_5, "clone3 without CLONE_CLEAR_SIGHAND") {
  const clone3_call older([](struct clone_args* how, clone_function run, void* argument) -> pid_t {
    if ((how->flags & 0x100000000ULL) != 0) return failing(EINVAL);
    return clone3_call::direct(how, run, argument);
  });
  expect_spawns_work();
  expect_route(way::clone3_plain);
}
TEST_CASE("[P1][G4][G6] a kernel before 5.5 has no CLONE_CLEAR_SIGHAND") {
  PLAY_SCENARIO("clone3 without CLONE_CLEAR_SIGHAND");
}

void without_clone3(int code) {
  if (thread_sanitizer()) SKIP_SCENARIO(no_clone);
  int asked = 0;
  const clone3_call denied([&](struct clone_args* /*how*/, clone_function /*run*/, void* /*argument*/) -> pid_t {
    ++asked;
    return failing(code);
  });
  expect_spawns_work();
  expect_route(way::clone_pidfd);
  EXPECT(asked == 2);  // with and without the newest flag, and never again
}
HOST_SCENARIO(filtered, "a filter denies clone3") { without_clone3(EPERM); }
HOST_SCENARIO(before_5_3, "there is no clone3") { without_clone3(ENOSYS); }
TEST_CASE("[P1][G6] where clone3 is denied, as old container runtimes do, clone does it") {
  PLAY_SCENARIO("a filter denies clone3");
}
TEST_CASE("[P1][G6] a kernel before 5.3 has no clone3") { PLAY_SCENARIO("there is no clone3"); }

void without_clone_pidfd(bool can_open) {
  if (thread_sanitizer()) SKIP_SCENARIO(no_clone);
  const clone3_call denied(
      [](struct clone_args* /*how*/, clone_function /*run*/, void* /*argument*/) -> pid_t { return failing(ENOSYS); });
  const clone_call older([](clone_function run, void* top, int flags, void* argument, int* pidfd) -> pid_t {
    if ((flags & CLONE_PIDFD) != 0) return failing(EINVAL);
    return clone_call::direct(run, top, flags, argument, pidfd);
  });
  int opened = 0;
  const pidfd_open_call opens([&](pid_t pid) {
    ++opened;
    return can_open ? pidfd_open_call::direct(pid) : failing(ENOSYS);
  });
  int watched = 0;
  const signal_start_call watches([&](uv_signal_t* handle, uv_signal_cb done, int signal) {
    ++watched;
    return signal_start_call::direct(handle, done, signal);
  });
  expect_spawns_work();
  expect_route(way::clone_plain);
  EXPECT(opened > 0);
  EXPECT((watched > 0) == !can_open);
}
HOST_SCENARIO(pidfd_opened, "a pidfd has to be opened") { without_clone_pidfd(true); }
HOST_SCENARIO(no_pidfd, "there are no pidfds") { without_clone_pidfd(false); }
TEST_CASE("[P1][P2][G6] where clone gives no pidfd, one is opened") { PLAY_SCENARIO("a pidfd has to be opened"); }
TEST_CASE("[P1][P2][G6] a kernel without pidfds: the end of a child is learned from SIGCHLD") {
  PLAY_SCENARIO("there are no pidfds");
}

HOST_SCENARIO(deaf_pidfd, "pidfds cannot be waited for") {
  using waitid_call = replaced_call<&linux_table::waitid>;
  const waitid_call older([](int which, id_t id, siginfo_t* into, int options, struct rusage* used) {
    return which == spawnpipe::platform::wait_for_pidfd ? failing(EINVAL)
                                                        : waitid_call::direct(which, id, into, options, used);
  });
  int watched = 0;
  const signal_start_call watches([&](uv_signal_t* handle, uv_signal_cb done, int signal) {
    ++watched;
    return signal_start_call::direct(handle, done, signal);
  });
  expect_spawns_work();
  EXPECT(watched > 0);
}
TEST_CASE("[P1][P2][G6] a kernel before 5.4 has pidfds that cannot be waited for: SIGCHLD tells") {
  PLAY_SCENARIO("pidfds cannot be waited for");
}

HOST_SCENARIO(no_watch, "there are no pidfds, and SIGCHLD cannot be watched") {
  if (thread_sanitizer()) SKIP_SCENARIO(no_clone);
  const clone3_call denied(
      [](struct clone_args* /*how*/, clone_function /*run*/, void* /*argument*/) -> pid_t { return failing(ENOSYS); });
  const clone_call older([](clone_function run, void* top, int flags, void* argument, int* pidfd) -> pid_t {
    if ((flags & CLONE_PIDFD) != 0) return failing(EINVAL);
    return clone_call::direct(run, top, flags, argument, pidfd);
  });
  const pidfd_open_call none([](pid_t) { return failing(ENOSYS); });
  int refused = 0;
  const signal_start_call watches([&](uv_signal_t*, uv_signal_cb, int) {
    ++refused;
    return UV_ENOMEM;
  });
  const auto what = command("hang").in(spawnpipe::stdio::pipe{}).out(spawnpipe::stdio::pipe{});
  EXPECT(!spawnpipe::spawn(what));  // the loop is there from now on
  const auto descriptors = host_os::open_descriptors();
  const auto running = spawnpipe::spawn(what);
  EXPECT(running.failed_with(std::errc::not_enough_memory) && running.error().where == spawnpipe::stage::process);
  EXPECT(refused == 2);
  EXPECT(host_os::children().empty());
  EXPECT(host_os::open_descriptors() == descriptors);
}
TEST_CASE("[P1][G6] a child whose end nobody would learn is taken back") {
  PLAY_SCENARIO("there are no pidfds, and SIGCHLD cannot be watched");
}

HOST_SCENARIO(signalling, "a child that sends no signal is refused") {
  if (thread_sanitizer()) SKIP_SCENARIO(no_clone);
  const clone3_call denied(
      [](struct clone_args* /*how*/, clone_function /*run*/, void* /*argument*/) -> pid_t { return failing(ENOSYS); });
  const clone_call wants_signal([](clone_function run, void* top, int flags, void* argument, int* pidfd) -> pid_t {
    if ((flags & CSIGNAL) != SIGCHLD) return failing(EINVAL);
    return clone_call::direct(run, top, flags, argument, pidfd);
  });
  expect_spawns_work();
  expect_route(way::clone_signalling);
}
TEST_CASE("[P1][P2][G6] where a child has to send SIGCHLD at its end, as under qemu-user, it does") {
  PLAY_SCENARIO("a child that sends no signal is refused");
}

const std::vector<std::string> only_streams = {"0 null r -", "1 pipe w -", "2 pipe w -"};

// ---- closing what was not asked for

void without_close_range() {
  const close_range_call denied([] { return failing(ENOSYS); });
  expect_spawns_work();
  EXPECT(!last_start().close_range);
  EXPECT(!last_start().table_shared);
}
HOST_SCENARIO(before_5_9, "there is no close_range") { without_close_range(); }
TEST_CASE("[G2][G6] a kernel before 5.9 has no close_range: what is open is listed") {
  PLAY_SCENARIO("there is no close_range");
}

HOST_SCENARIO(no_proc, "there is neither close_range nor /proc") {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", "/proc", "tmpfs", 0, nullptr) != 0) {
    SKIP_SCENARIO("a mount of its own takes the rights of root");
  }
  const close_range_call denied([] { return failing(ENOSYS); });
  const int leaked = ::fcntl(2, F_DUPFD, 700);
  const auto seen = spawnpipe::run(command("fds"), {.until = patience()});
  EXPECT(seen && harness::descriptors_of(seen->out) == only_streams);
  EXPECT(!linux_abilities::proc_is_ours());
  ::close(leaked);
  ::umount("/proc");  // a sanitizer looks there at the end
}
TEST_CASE("[G2][G6] without close_range and without /proc, every number is closed") {
  PLAY_SCENARIO("there is neither close_range nor /proc");
}

// ---- emulators

HOST_SCENARIO(copied, "an emulator runs the clone as a fork") {
  if (thread_sanitizer()) SKIP_SCENARIO("ThreadSanitizer does not know of this fork");
  const clone3_call forks([](struct clone_args* how, clone_function run, void* argument) -> pid_t {
    how->flags &= ~static_cast<std::uint64_t>(CLONE_VM | CLONE_VFORK | CLONE_FILES);
    return clone3_call::direct(how, run, argument);
  });
  expect_spawns_work();
  EXPECT(!last_start().memory_shared);
}
TEST_CASE("[P1][G6] where vfork is run as fork, a failed start is still reported") {
  PLAY_SCENARIO("an emulator runs the clone as a fork");
}

// ---- pipes that lie far up

void open_many(int count) {
  struct rlimit most {};
  ::getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &most);
  for (int i = 0; i < count; ++i) EXPECT(::dup(2) >= 0);  // without close-on-exec
}

HOST_SCENARIO(far_up, "ten thousand descriptors are open") {
  open_many(10'000);
  expect_spawns_work();
  const auto seen = spawnpipe::run(command("fds"), {.until = patience()});
  EXPECT(seen && harness::descriptors_of(seen->out) == only_streams);
  EXPECT(last_start().reopened == 2);
  EXPECT(last_start().table_shared);
}
TEST_CASE("[G2][G6] a host with 10,000 descriptors open, none of them close-on-exec") {
  harness::bound_case(std::chrono::seconds(60));
  PLAY_SCENARIO("ten thousand descriptors are open");
}

HOST_SCENARIO(low_pidfd, "a pidfd gets number 0, and cannot be moved") {
  const auto what =
      command("hang").in(spawnpipe::stdio::null{}).out(spawnpipe::stdio::null{}).err(spawnpipe::stdio::null{});
  EXPECT(spawnpipe::run(command("exit"), {.until = patience()})->success());  // what is found out once is known
  ::close(0);
  {
    using fcntl_call = replaced_call<&spawnpipe::platform::system_table::fcntl>;
    const fcntl_call few([](int of, int which, int argument) {
      return which == F_DUPFD_CLOEXEC ? failing(EMFILE) : fcntl_call::direct(of, which, argument);
    });
    const auto running = spawnpipe::spawn(what);
    EXPECT(running.failed_with(std::errc::too_many_files_open));
    EXPECT(running.error().where == spawnpipe::stage::process);
  }
  EXPECT(host_os::children().empty());
  EXPECT(::fcntl(0, F_GETFD) == -1);
  auto running = spawnpipe::spawn(what);
  EXPECT(running && ::fcntl(0, F_GETFD) == -1);
}
TEST_CASE("[P1][G2] a pidfd that cannot leave a stream's number: the spawn says so, and takes its child back") {
  PLAY_SCENARIO("a pidfd gets number 0, and cannot be moved");
}

HOST_SCENARIO(undumpable, "the host's descriptors cannot be opened through /proc") {
  open_many(2'000);
  const harness::own_folder folder;
  ::prctl(PR_SET_DUMPABLE, 0);
  EXPECT(::getuid() != 0);
  for (int round = 0; round < 2; ++round) {
    const auto seen = spawnpipe::run(spawnpipe::command(folder.program(), {"fds"}), {.until = patience()});
    EXPECT(seen && harness::descriptors_of(seen->out) == only_streams);
    EXPECT(last_start().reopened == 0);
  }
  EXPECT(host_os::children().empty());
}
TEST_CASE("[G2][G6] an undumpable host: far pipes are copied") {
  PLAY_SCENARIO("the host's descriptors cannot be opened through /proc");
}

}  // namespace
