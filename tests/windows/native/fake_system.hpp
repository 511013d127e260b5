// The fake system behind windows.h, as the cases see it: what is to fail, what is to happen before and after a call, what a pipe's other
// end does, and the books: what is open, and what was done that no program may do.
//
// It knows handles, events, thread pools with waits on real threads, overlapped pipes in byte mode, processes and jobs. A pipe
// answers by itself as Windows would (at once where it can, else when its other end acts), unless a case answers for it.
//
// The hooks of a case run on the thread that makes the call, without a lock of the fake.
#ifndef SPAWNPIPE_TESTS_WINDOWS_NATIVE_FAKE_SYSTEM_HPP
#define SPAWNPIPE_TESTS_WINDOWS_NATIVE_FAKE_SYSTEM_HPP

#include <windows.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fake {

using namespace std::chrono_literals;

enum class call {
  CreateEventW,
  SetEvent,
  ResetEvent,
  CloseHandle,
  WaitForSingleObject,
  WaitForMultipleObjects,
  CreateThreadpool,
  SetThreadpoolThreadMinimum,
  CloseThreadpool,
  CreateThreadpoolWait,
  SetThreadpoolWait,
  WaitForThreadpoolWaitCallbacks,
  CreateThreadpoolCleanupGroup,
  CloseThreadpoolCleanupGroupMembers,
  CloseThreadpoolCleanupGroup,
  callback,  // of a wait, on a thread of the pool: not a call, but it has a before and an after
  CreateNamedPipeW,
  CreateFileW,
  GetNamedPipeClientProcessId,
  BCryptGenRandom,
  PeekNamedPipe,
  ReadFile,
  WriteFile,
  CancelIoEx,
  GetOverlappedResult,
  CreateJobObjectW,
  SetInformationJobObject,
  QueryInformationJobObject,
  TerminateJobObject,
  TerminateProcess,
  GetExitCodeProcess,
  count,
};

// ---- the plan. `at` counts from now: 1 is the next call of this name, by whatever thread.

void fail(call which, int at, DWORD code);
void before(call which, int at, std::function<void()> act);
void after(call which, int at, std::function<void()> act);
[[nodiscard]] int calls(call which);  // that began since the start
[[nodiscard]] bool all_happened();    // what was planned by fail
void forget_plan();

// Threads lose the processor at every call, at random.
void unrest(std::uint64_t seed);
// A callback that is on its way is not seen by a disarming, nor by a wait for callbacks, only by the closing of its group's members (Wine 8.0).
void late_callbacks(bool on);
// A job counts so many more processes than are in it (Wine 8.0).
void ghosts_in_jobs(unsigned count);
// Callbacks that are due do not start.
void hold_callbacks(bool on);

// ---- time. Everything here is bounded.

// Until it holds, or the bound has passed; whether it holds.
bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds bound = 5s);
// On a thread of its own.
void later(std::chrono::milliseconds delay, std::function<void()> act);
void join_threads();                        // of later()
[[nodiscard]] int waiting();                // threads that wait for an object
[[nodiscard]] int waiting_for_callbacks();  // threads in WaitForThreadpoolWaitCallbacks
[[nodiscard]] int callbacks_running();
[[nodiscard]] int callbacks_due();  // and not started

// ---- the books

struct object_counts {
  std::size_t handles = 0;
  std::size_t pools = 0;
  std::size_t waits = 0;
  std::size_t groups = 0;
  std::size_t in_flight = 0;

  friend bool operator==(const object_counts&, const object_counts&) = default;
};
[[nodiscard]] object_counts objects();
[[nodiscard]] std::vector<std::string> misuse();
void report_misuse(std::string text);
// Joins the threads of the fake, and forgets everything.
void reset();

[[nodiscard]] bool is_set(HANDLE event);
[[nodiscard]] HANDLE last_handle();  // that this thread opened

// ---- pipes

struct pipe_state;

// How a read or a write that begins is answered, where not by the pipe itself.
struct answer {
  bool pending = false;  // until complete(); else at once:
  DWORD code = ERROR_SUCCESS;
  DWORD bytes = 0;
};

class pipe {
 public:
  pipe() noexcept = default;
  // The pipe of which this is an end.
  [[nodiscard]] static pipe of(HANDLE end);

  // The other end. Any thread.
  void feed(std::string_view bytes) const;  // never waits
  [[nodiscard]] std::string take(std::size_t most) const;
  [[nodiscard]] std::size_t held() const;

  [[nodiscard]] bool in_flight() const;
  // What ends by itself does not, until it is released.
  void withhold(bool on) const;
  // Ends what is in flight: `bytes` of what the pipe holds are read, or so many are written. False where nothing is in flight.
  bool complete(DWORD code, DWORD bytes = 0) const;  // NOLINT(modernize-use-nodiscard)
  // Asked when a read or a write begins, with its size.
  void on_begin(std::function<std::optional<answer>(DWORD size)> decide) const;
  // Asked by CancelIoEx, whatever is in flight; its answer is the code that the call fails with, or success. It does not end the operation
  // by itself.
  void on_cancel(std::function<DWORD()> decide) const;

 private:
  explicit pipe(std::shared_ptr<pipe_state> state) noexcept : state_(std::move(state)) {}

  std::shared_ptr<pipe_state> state_;
};

// ---- processes

// In `job`, by whose end it ends too, where there is one.
[[nodiscard]] HANDLE new_process(HANDLE job);
void exit_process(HANDLE process, DWORD code);

}  // namespace fake

#endif
