// Ends the program when a case takes too long, so that a hang has a name and a bound.
//
// It is a thread of its own, begun with the first case: an alarm signal would change the host that the cases look at. It blocks
// all signals, so that a case's signals reach the thread that the case runs on.
#ifndef SPAWNPIPE_TESTS_WATCHDOG_HPP
#define SPAWNPIPE_TESTS_WATCHDOG_HPP

#include <chrono>
#include <string>

namespace harness::watchdog {

constexpr std::chrono::seconds usual_bound{20};

// From now on the case has so long.
void arm(std::string name, std::chrono::milliseconds bound);
void disarm();
// Ends the thread.
void stop();

}  // namespace harness::watchdog

#endif
