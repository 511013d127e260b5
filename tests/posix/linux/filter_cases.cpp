// Under real filters that deny the newer calls, as container runtimes and older kernels do: everything works by the next best means,
// and that those were taken is seen. (route_cases.cpp has the same by a table of calls, one call at a time.)
#include "engine.hpp"

#include "../../children.hpp"
#include "../../scenario.hpp"
#include "../system_call_filter.hpp"

#include <cerrno>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using harness::deny;
using harness::expect_spawns_work;
using spawnpipe::platform::last_start;
using spawnpipe::platform::linux_abilities;
using spawnpipe::platform::linux_table;
using way = linux_abilities::way;

// ThreadSanitizer takes clone(2) of the C library for a fork.
bool no_clone() {
#if defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

// How often SIGCHLD was watched, which is the last resort.
class counted_watches {
 public:
  [[nodiscard]] int count() const { return count_; }

 private:
  using call = harness::replaced_call<&linux_table::uv_signal_start>;
  int count_ = 0;
  call replaced_{[this](uv_signal_t* handle, uv_signal_cb done, int signal) {
    ++count_;
    return call::direct(handle, done, signal);
  }};
};

bool fails_with(long answer, int code) { return answer == -1 && errno == code; }

// No process is made: the first has no arguments, the others none that make sense.
void expect_denied(int code) {
  EXPECT(fails_with(::syscall(SYS_clone3, nullptr, 0), code));
  EXPECT(fails_with(::syscall(SYS_pidfd_open, ::getpid(), 0), code));
  EXPECT(fails_with(::syscall(SYS_close_range, ~0U, ~0U, 0), code));
}

void under_a_filter(int code) {
  if (no_clone()) SKIP_SCENARIO("ThreadSanitizer takes clone(2) of the C library for a fork");
  if (!deny({{SYS_clone3}, {SYS_pidfd_open}, {SYS_close_range}}, code)) SKIP_SCENARIO(harness::no_filters);
  expect_denied(code);
  const counted_watches watches;
  expect_spawns_work();
  EXPECT(linux_abilities::best_way() == way::clone_pidfd);
  EXPECT(last_start().how == way::clone_pidfd);
  EXPECT(last_start().memory_shared);
  EXPECT(!last_start().table_shared);
  EXPECT(!last_start().close_range);
  EXPECT(watches.count() == 0);  // clone still gives a pidfd
}
HOST_SCENARIO(filtered, "a filter answers EPERM to the newer calls") { under_a_filter(EPERM); }
HOST_SCENARIO(older, "a filter answers ENOSYS to the newer calls") { under_a_filter(ENOSYS); }
TEST_CASE(
    "[G6][P1][G2] a filter that denies clone3, pidfd_open and close_range: clone and a list of what is open do it") {
  PLAY_SCENARIO("a filter answers EPERM to the newer calls");
}
TEST_CASE("[G6][P1][G2] a system without clone3, pidfd_open and close_range likewise") {
  PLAY_SCENARIO("a filter answers ENOSYS to the newer calls");
}

void without_pidfds(int code) {
  if (no_clone()) SKIP_SCENARIO("ThreadSanitizer takes clone(2) of the C library for a fork");
  if (!deny({{SYS_clone3}, {SYS_clone, CLONE_PIDFD}, {SYS_pidfd_open}, {SYS_pidfd_send_signal}, {SYS_close_range}},
            code)) {
    SKIP_SCENARIO(harness::no_filters);
  }
  expect_denied(code);
  EXPECT(fails_with(::syscall(SYS_clone, CLONE_PIDFD, 0, 0, 0, 0), code));
  const counted_watches watches;
  expect_spawns_work();
  EXPECT(linux_abilities::best_way() == way::clone_plain);
  EXPECT(last_start().how == way::clone_plain);
  EXPECT(last_start().memory_shared);
  EXPECT(watches.count() > 0);
}
HOST_SCENARIO(no_pidfds, "a filter leaves no way to a pidfd") { without_pidfds(EPERM); }
HOST_SCENARIO(before_pidfds, "there is no call that has to do with pidfds") { without_pidfds(ENOSYS); }
TEST_CASE("[G6][P1][P2][P5] a filter that leaves no way to a pidfd: SIGCHLD tells the end, and signals go by number") {
  PLAY_SCENARIO("a filter leaves no way to a pidfd");
}
TEST_CASE("[G6][P1][P2][P5] a system that knows no pidfds likewise") {
  PLAY_SCENARIO("there is no call that has to do with pidfds");
}

HOST_SCENARIO(no_signals_by_pidfd, "a filter denies signals by pidfd") {
  if (!deny({{SYS_pidfd_send_signal}}, EPERM)) SKIP_SCENARIO(harness::no_filters);
  EXPECT(fails_with(::syscall(SYS_pidfd_send_signal, -1, 0, nullptr, 0), EPERM));
  expect_spawns_work();
  EXPECT(last_start().how == way::clone3_clear);
  auto tree =
      spawnpipe::spawn(harness::command("tree", "hang").in(spawnpipe::stdio::null{}).out(spawnpipe::stdio::pipe{}));
  EXPECT(tree);
  const auto line = tree->out().read_line(harness::patience());
  EXPECT(line);
  const std::int64_t descendant = std::stoll(std::string(*line));
  const auto report = tree->stop(spawnpipe::stop_policy::immediate(), harness::patience());
  EXPECT(report && report->tree.gone);
  EXPECT(!host_os::running(descendant));
}
TEST_CASE("[G6][P5][P6][P8] a filter that denies signals by pidfd: they go by number, to what is still ours") {
  PLAY_SCENARIO("a filter denies signals by pidfd");
}

}  // namespace
