// The plan of the fake system: calls that fail, what happens before and after a call; and its books of misuse.
#include "fake_kernel.hpp"

#include <algorithm>
#include <array>
#include <atomic>

namespace fake {
namespace {

struct planned {
  call which;
  int at;
  DWORD code;
  std::function<void()> before;
  std::function<void()> after;
};

struct plan {
  std::mutex lock;
  std::vector<planned> steps;
  std::array<int, static_cast<std::size_t>(call::count)> made{};
  std::vector<std::string> misuse;
};
plan& the_plan() {
  static plan one;
  return one;
}

// In the order of the enumerators.
constexpr std::array names = {
    "CreateEvent",
    "SetEvent",
    "ResetEvent",
    "CloseHandle",
    "WaitForSingleObject",
    "WaitForMultipleObjects",
    "CreateThreadpool",
    "SetThreadpoolThreadMinimum",
    "CloseThreadpool",
    "CreateThreadpoolWait",
    "SetThreadpoolWait",
    "WaitForThreadpoolWaitCallbacks",
    "CreateThreadpoolCleanupGroup",
    "CloseThreadpoolCleanupGroupMembers",
    "CloseThreadpoolCleanupGroup",
    "callback",
    "CreateNamedPipe",
    "CreateFile",
    "GetNamedPipeClientProcessId",
    "BCryptGenRandom",
    "PeekNamedPipe",
    "ReadFile",
    "WriteFile",
    "CancelIoEx",
    "GetOverlappedResult",
    "CreateJobObject",
    "SetInformationJobObject",
    "QueryInformationJobObject",
    "TerminateJobObject",
    "TerminateProcess",
    "GetExitCodeProcess",
};
static_assert(names.size() == static_cast<std::size_t>(call::count));

std::atomic<std::uint64_t> unrest_seed = 0;
std::atomic<std::uint64_t> unrest_count = 0;

void lose_the_processor() {
  const std::uint64_t seed = unrest_seed.load(std::memory_order_relaxed);
  if (seed == 0) return;
  std::uint64_t dice = (seed + unrest_count.fetch_add(1, std::memory_order_relaxed)) * 0x9E3779B97F4A7C15U;
  dice = (dice ^ (dice >> 30U)) * 0xBF58476D1CE4E5B9U;
  dice ^= dice >> 27U;
  if (dice % 8 == 0) std::this_thread::yield();
  if (dice % 128 == 1) std::this_thread::sleep_for(std::chrono::microseconds(dice / 128 % 100));
}

int& made(call which) { return the_plan().made[static_cast<std::size_t>(which)]; }

void add_step(planned step) {
  const std::lock_guard hold(the_plan().lock);
  step.at += made(step.which);
  the_plan().steps.push_back(std::move(step));
}

void run(call which, int number, std::function<void()> planned::*member) {
  std::vector<std::function<void()>> acts;
  {
    const std::lock_guard hold(the_plan().lock);
    for (const planned& each : the_plan().steps) {
      if (each.which == which && each.at == number && each.*member) acts.push_back(each.*member);
    }
  }
  const DWORD code = ::GetLastError();
  for (const auto& each : acts) each();
  ::SetLastError(code);
}

}  // namespace

void fail(call which, int at, DWORD code) { add_step({which, at, code, {}, {}}); }
void before(call which, int at, std::function<void()> act) { add_step({which, at, 0, std::move(act), {}}); }
void after(call which, int at, std::function<void()> act) { add_step({which, at, 0, {}, std::move(act)}); }

int calls(call which) {
  const std::lock_guard hold(the_plan().lock);
  return made(which);
}

bool all_happened() {
  const std::lock_guard hold(the_plan().lock);
  return std::ranges::all_of(the_plan().steps,
                             [](const planned& each) { return each.code == 0 || each.at <= made(each.which); });
}

void forget_plan() {
  const std::lock_guard hold(the_plan().lock);
  the_plan().steps.clear();
}

void unrest(std::uint64_t seed) { unrest_seed = seed; }

std::vector<std::string> misuse() {
  const std::lock_guard hold(the_plan().lock);
  return the_plan().misuse;
}

void report_misuse(std::string text) {
  const std::lock_guard hold(the_plan().lock);
  the_plan().misuse.push_back(std::move(text));
}

void plan_reset() {
  const std::lock_guard hold(the_plan().lock);
  the_plan().steps.clear();
  the_plan().made.fill(0);
  the_plan().misuse.clear();
  unrest_seed = 0;
}

entry::entry(call which) : which_(which) {
  lose_the_processor();
  schedule::point(names[static_cast<std::size_t>(which)]);
  {
    const std::lock_guard hold(the_plan().lock);
    number_ = ++made(which);
    for (const planned& each : the_plan().steps) {
      if (each.which == which && each.at == number_ && each.code != 0) code_ = each.code;
    }
  }
  run(which_, number_, &planned::before);
}

entry::~entry() {
  run(which_, number_, &planned::after);
  lose_the_processor();
  if (which_ == call::callback) schedule::point("callback ends");
}

bool entry::fails() const { return code_ != ERROR_SUCCESS && refused(code_) == FALSE; }

}  // namespace fake
