// A wall clock that is set while something waits. Only steady time may matter. The machine's own clock is left alone: the C library's
// calls for the time of day are this program's own here, and add what the case wants.
#include "../children.hpp"
#include "../scenario.hpp"

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

std::atomic<long> days_ahead = 0;
std::atomic<int> asked = 0;  // for the time of day, since a case began to count

constexpr long day = 24L * 60 * 60;

void look_at_the_wall(long seconds_of_system, time_t& into) {
  ++asked;
  into = seconds_of_system + days_ahead * day;
}

}  // namespace

// In place of those of the C library, for this program and for the libraries that it uses.
extern "C" int clock_gettime(clockid_t which, struct timespec* into) noexcept {
  const long code = ::syscall(SYS_clock_gettime, which, into);
  if (code == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
    look_at_the_wall(into->tv_sec, into->tv_sec);
  return static_cast<int>(code);
}

extern "C" int gettimeofday(struct timeval* into, void* /*zone*/) noexcept {
  struct timespec now {};
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  into->tv_sec = now.tv_sec;
  into->tv_usec = now.tv_nsec / 1000;
  return 0;
}

extern "C" time_t time(time_t* into) noexcept {
  struct timespec now {};
  (void)clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}

namespace {

using harness::command;
using harness::patience;
using spawnpipe::errc;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

// Sets the wall clock, back and forth by days, until it goes.
class stepping_clock {
 public:
  stepping_clock()
      : thread_([this] {
          for (long days = 1; !over_; days = days > 0 ? -days : 1 - days) {
            days_ahead = days;
            ++steps_;
            std::this_thread::sleep_for(1ms);
          }
        }) {}
  stepping_clock(const stepping_clock&) = delete;
  stepping_clock& operator=(const stepping_clock&) = delete;
  ~stepping_clock() {
    over_ = true;
    thread_.join();
    days_ahead = 0;
  }
  [[nodiscard]] int steps() const { return steps_; }

 private:
  std::atomic<bool> over_ = false;
  std::atomic<int> steps_ = 0;
  std::thread thread_;
};

HOST_SCENARIO(clock_is_set, "the wall clock is set while something waits") {
  // It is in force, in the standard library too.
  const auto before = std::chrono::system_clock::now();
  days_ahead = 2;
  EXPECT(std::chrono::system_clock::now() - before > 47h);
  days_ahead = -2;
  EXPECT(std::chrono::system_clock::now() - before < -47h);
  EXPECT(::time(nullptr) < std::chrono::system_clock::to_time_t(before) - day);
  days_ahead = 0;
  EXPECT(spawnpipe::run(command("exit"), {.until = patience()}));

  auto running = spawnpipe::spawn(command("ignore-terminate").in(pipe{}).out(pipe{}).err(null{}));
  EXPECT(running);
  const auto ready = running->out().read_line(patience());
  EXPECT(ready && *ready == "ready");
  asked = 0;
  const stepping_clock wall;
  const auto takes = [](auto call, steady::duration least) {
    const auto began = steady::now();
    call();
    const auto elapsed = steady::now() - began;
    return elapsed >= least && elapsed < least + harness::scaled(2s);
  };
  EXPECT(takes([&] { EXPECT(running->wait(100ms).failed_with(errc::timed_out)); }, 100ms));
  EXPECT(takes([&] { EXPECT(running->out().read_line(100ms).failed_with(errc::timed_out)); }, 100ms));
  EXPECT(takes(
      [&] {
        const auto report = running->stop({.close_stdin = 50ms, .terminate = 50ms}, patience());
        EXPECT(report && report->phase == spawnpipe::stop_phase::kill && !report->cut_short);
      },
      100ms));
  EXPECT(takes(
      [] {
        const auto began = steady::now();
        const auto done = spawnpipe::run(command("hang"), {.until = 100ms});
        EXPECT(done && done->why == spawnpipe::ended_by::deadline);
        // From the call, which came after the deadline was made: so it may be a little less than that was.
        EXPECT(done && done->elapsed > 0s && done->elapsed <= steady::now() - began);
        EXPECT(done && (!done->used || done->elapsed >= done->used->elapsed));
      },
      100ms));
  EXPECT(takes(
      [] {
        const auto done =
            spawnpipe::run(command("grandchild", "sleep", 1000), {.until = patience(), .drain_limit = 100ms});
        EXPECT(done && done->drain_limited);
      },
      100ms));
  EXPECT(wall.steps() > 10);
  EXPECT(asked == 0);  // nobody as much as asked for the time of day
}
TEST_CASE(
    "[T2][T3][T6] a wall clock that is set while something waits changes nothing: only steady time is asked for") {
  PLAY_SCENARIO("the wall clock is set while something waits");
}

}  // namespace
