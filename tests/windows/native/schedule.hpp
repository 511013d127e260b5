// A scheduler for the threads of the fake system, which explores every order in which they can go on.
//
// Of all threads one runs. At each call of the system, each lock taken or let go, each begin and end of a callback and each wait it is
// decided which goes on; what a thread does between two such points is one step. explore() runs a body again and again, until every
// sequence of decisions has been taken: depth first, each time from the beginning. The threads are stacks that take turns on one thread
// of the system, so that a turn costs a microsecond, whatever else the machine does.
//
// The bound is on what is not forced: taking the processor from a thread that could go on costs one, and so does a bounded wait that ends
// although the time could have been used. Most mistakes between threads show with one or two of these. A thread that waits leaves the
// processor to any other for nothing.
//
// No order is left out within the bound, as long as threads share nothing but what is ordered by the points; whether that is so is what
// the thread sanitizer sees in the other cases. A wait without an end that nobody ends is a deadlock, or a wake that was lost: the
// program then prints what was done, and ends.
#ifndef SPAWNPIPE_TESTS_WINDOWS_NATIVE_SCHEDULE_HPP
#define SPAWNPIPE_TESTS_WINDOWS_NATIVE_SCHEDULE_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace fake {
struct thread_doings;
}

namespace fake::schedule {

// True while explore() runs. All but point() is for then.
[[nodiscard]] bool on() noexcept;
// What the thread is doing that has its turn.
[[nodiscard]] thread_doings& doings() noexcept;

// Another thread may go on here. `what` is for the reader of a failure.
void point(const char* what);
// Until it holds; where the wait is bounded, also when its time has passed. Whether it holds.
bool wait(const char* what, std::function<bool()> holds, bool bounded);
// A thread that spins: it goes on when no other can.
void yield();
// One of `count` things, each in a run of its own. For whatever is not the order of threads: what a user does next, what a system says.
[[nodiscard]] std::size_t choose(std::size_t count);
// Another thread, which lasts as long as it likes: the end of the body waits for it. It begins when something holds, where that is given.
void beside(const char* name, std::function<void()> body, std::function<bool()> begins = {});
// Something that has to hold. The first that does not ends the exploration.
void expect(bool holds, const char* what);

struct explored {
  std::uint64_t schedules = 0;
  std::uint64_t points = 0;
  std::size_t longest = 0;             // points in one schedule
  std::size_t threads = 0;             // at most, in one schedule
  std::optional<std::string> failure;  // what did not hold, and the schedule in which it did not
};
// `name` is said where the program ends here. SPAWNPIPE_SCHEDULE in the environment, as a failure prints it, repeats one schedule.
[[nodiscard]] explored explore(const std::string& name, int bound, const std::function<void()>& body);

}  // namespace fake::schedule

#endif
