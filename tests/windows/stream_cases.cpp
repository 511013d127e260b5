// What a system does to reads and writes now and then, done on purpose; and a host that has used up its thread pool.
#include "../contract/cases.hpp"

#include "../../platform/windows/system.hpp"

#include <array>
#include <atomic>

namespace {

using namespace cases;
using spawnpipe::platform::system_calls;

// The table, changed for as long as this lives.
class changed_calls {
 public:
  changed_calls() : usual_(system_calls) {}
  changed_calls(const changed_calls&) = delete;
  changed_calls& operator=(const changed_calls&) = delete;
  ~changed_calls() { system_calls = usual_; }

 private:
  spawnpipe::platform::system_table usual_;
};

int reads = 0;
int every = 0;  // this one fails
int from = 0;   // this one and all behind it fail
DWORD code = 0;

BOOL WINAPI read_or_fail(HANDLE file, void* into, DWORD size, DWORD* count, OVERLAPPED* operation) {
  ++reads;
  if ((every > 0 && reads % every == 0) || (from > 0 && reads >= from)) {
    ::SetLastError(code);
    return FALSE;
  }
  return ::ReadFile(file, into, size, count, operation);
}

BOOL WINAPI write_nothing(HANDLE, const void*, DWORD, DWORD*, OVERLAPPED* operation) {
  operation->Internal = 0;
  operation->InternalHigh = 0;
  return TRUE;
}

TEST_CASE("[R7] a read that was cancelled, though nobody asked for it, is issued again") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = 100'000;
  for (const int rhythm : {2, 3, 7}) {
    CAPTURE(rhythm);
    const changed_calls changed;
    system_calls.ReadFile = &read_or_fail;
    reads = from = 0;
    every = rhythm;
    code = ERROR_OPERATION_ABORTED;
    child running = must(spawnpipe::spawn(piped({.out = 5000}, "write", size, 1000)));
    std::string all;
    REQUIRE_OK(running.out().read_all(all, size, patience()));
    CHECK(all.size() == size);
    CHECK_FALSE(pattern::first_difference(all));
    CHECK(reads / rhythm > 2);
  }
}

TEST_CASE("[R6] the bytes that came before an error are delivered before it; then it sticks") {
  harness::leak_check nothing_left;
  const changed_calls changed;
  system_calls.ReadFile = &read_or_fail;
  reads = every = 0;
  from = 4;
  code = ERROR_ACCESS_DENIED;
  child running = must(spawnpipe::spawn(piped("write", 1'000'000, 1000).err(spawnpipe::stdio::null{})));
  std::string all;
  CHECK(running.out().read_all(all, 1'000'000, patience()).failed_with(std::errc::permission_denied));
  CHECK(all.size() >= 3);
  CHECK_FALSE(pattern::first_difference(all));
  const std::size_t had = all.size();
  CHECK(running.out().read_all(all, 1'000'000, patience()).failed_with(std::errc::permission_denied));
  CHECK(all.size() == had);
}

TEST_CASE("[W10] a write that takes no byte and calls it success is an error, and no loop") {
  harness::leak_check nothing_left;
  child running = must(spawnpipe::spawn(piped("until-eof")));
  {
    const changed_calls changed;
    system_calls.WriteFile = &write_nothing;
    static_cast<void>(running.in().write("some text"));
    CHECK(running.in().flush(patience()).failed_with(errc::zero_write));
  }
  CHECK(running.in().write("more").failed_with(errc::zero_write));
  CHECK(balanced(running.in().books()));
  CHECK(running.in().books().delivered == 0);
}

// ---- the host's own pool

std::atomic<int> inside = 0;
std::atomic<int> over = 0;
HANDLE gate = nullptr;

void CALLBACK blocks(PTP_CALLBACK_INSTANCE, void*) {
  ++inside;
  ::WaitForSingleObject(gate, INFINITE);
  ++over;
}

TEST_CASE("[C5] with the process's thread pool exhausted everything goes on") {
  harness::bound_case(std::chrono::seconds(60));
  constexpr int callbacks = 600;  // it has 500 threads at most
  gate = ::CreateEventW(nullptr, TRUE, FALSE, nullptr);
  inside = over = 0;
  int submitted = 0;
  for (; submitted < callbacks; ++submitted) {
    if (::TrySubmitThreadpoolCallback(&blocks, nullptr, nullptr) == FALSE) break;
  }
  CHECK(submitted == callbacks);
  // A callback that is submitted now does not begin: the pool is exhausted, or Windows makes its threads slowly.
  event_loop loop = must(event_loop::create());
  std::string got;
  child talks = must(spawnpipe::spawn(loop, piped("cat")));
  talks.out().on_readable([&](pipe_reader& out) {
    got += out.available_text();
    out.consume(out.available().size());
  });
  bool ended = false;
  talks.on_exit([&](child&, const spawnpipe::exit_status&) { ended = true; });
  const std::string text = pattern::make(200'000);
  std::string_view rest = text;
  CHECK_OK(talks.in().write_all(rest, patience()));
  CHECK_OK(talks.in().close());
  CHECK_OK(loop.run(patience()));
  CHECK(ended);
  CHECK(got == text);
  child stopped = must(spawnpipe::spawn(loop, piped("hang")));
  CHECK_OK(stopped.stop(spawnpipe::stop_policy::immediate(), patience()));
  CHECK(over == 0);
  ::SetEvent(gate);
  const deadline limit = harness::scaled(30s);
  while (over < submitted && !limit.passed()) ::Sleep(1);
  CHECK(over == submitted);
  ::CloseHandle(gate);
}

}  // namespace
