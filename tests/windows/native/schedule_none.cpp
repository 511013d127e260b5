// In place of schedule.cpp, where stacks cannot take turns, or where the thread sanitizer wants to see threads: there is no scheduler.
#include "schedule.hpp"

#include "fake_kernel.hpp"

namespace fake::schedule {

bool on() noexcept { return false; }
thread_doings& doings() noexcept { return this_thread(); }
void point(const char* /*what*/) {}
bool wait(const char* /*what*/, std::function<bool()> holds, bool /*bounded*/) { return holds(); }
void yield() {}
void beside(const char* /*name*/, std::function<void()> /*body*/, std::function<bool()> /*begins*/) {}

}  // namespace fake::schedule
