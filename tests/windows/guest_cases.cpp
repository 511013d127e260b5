// Manners of a guest, on Windows: what the host has is as it was, and hosts that have less than usual, or more.
#include "../children.hpp"
#include "../scenario.hpp"
#include "wtf8.hpp"

#include <spawnpipe/forward_interrupts.hpp>

#include <array>
#include <string>
#include <windows.h>

namespace {

using harness::command;
using harness::patience;
using spawnpipe::stdio::inherit;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;

constexpr std::array streams = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};

bool in_a_job() {
  BOOL inside = TRUE;
  return ::IsProcessInJob(::GetCurrentProcess(), nullptr, &inside) == FALSE || inside != FALSE;
}

std::wstring directory() {
  std::wstring path(32767, L'\0');
  path.resize(::GetCurrentDirectoryW(static_cast<DWORD>(path.size()), path.data()));
  return path;
}

std::wstring variables() {
  std::wstring all;
  wchar_t* const block = ::GetEnvironmentStringsW();
  for (const wchar_t* each = block; each != nullptr && *each != L'\0'; each += std::wstring_view(each).size() + 1) {
    all += std::wstring(each) + L'\n';
  }
  if (block != nullptr) ::FreeEnvironmentStringsW(block);
  return all;
}

HOST_SCENARIO(nothing_changed, "what a host has stays as it was") {
  const UINT errors = ::SetErrorMode(SEM_FAILCRITICALERRORS);
  const bool job = in_a_job();
  const std::wstring folder = directory();
  const std::wstring environment = variables();
  std::array<HANDLE, 3> handles{};
  for (std::size_t i = 0; i < streams.size(); ++i) handles[i] = ::GetStdHandle(streams[i]);

  EXPECT(harness::use_everything());

  EXPECT(::SetErrorMode(errors) == SEM_FAILCRITICALERRORS);
  EXPECT(in_a_job() == job);
  EXPECT(directory() == folder);
  EXPECT(variables() == environment);
  for (std::size_t i = 0; i < streams.size(); ++i) EXPECT(::GetStdHandle(streams[i]) == handles[i]);
}
TEST_CASE("[G1] the host is put in no job, and its directory, environment, streams and error mode are its own") {
  PLAY_SCENARIO("what a host has stays as it was");
}

HOST_SCENARIO(only_linked, "a host that only links the library") {
  // Something of it is linked, and not called.
  static auto* volatile linked = &harness::use_everything;
  EXPECT(linked != nullptr);
  EXPECT(host_os::thread_count().value_or(1) == 1);
}
TEST_CASE("[G1] a host that only links the library has no thread of it") {
  PLAY_SCENARIO("a host that only links the library");
}

HOST_SCENARIO(no_sockets, "a host without sockets") {
  const auto loaded = [] { return ::GetModuleHandleW(L"ws2_32.dll") != nullptr; };
  if (loaded()) SKIP_SCENARIO("the system itself has loaded Winsock into this process");
  EXPECT(harness::use_everything());
  EXPECT(!loaded());
}
TEST_CASE("[G1] Winsock is not loaded") { PLAY_SCENARIO("a host without sockets"); }

TEST_CASE("[G5] a child of the host's own is not waited for, ended or closed") {
  harness::leak_check nothing_left;
  std::wstring line = L"child hang";
  const std::wstring program = wtf8::widen(harness::child_program());
  STARTUPINFOW start{};
  start.cb = sizeof start;
  PROCESS_INFORMATION made{};
  REQUIRE(::CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, FALSE, CREATE_NO_WINDOW, nullptr, nullptr,
                           &start, &made) != 0);
  CHECK(harness::use_everything());
  CHECK(::WaitForSingleObject(made.hProcess, 0) == WAIT_TIMEOUT);
  CHECK(::TerminateProcess(made.hProcess, 77) != 0);
  CHECK(::WaitForSingleObject(made.hProcess, 10'000) == WAIT_OBJECT_0);
  DWORD code = 0;
  CHECK(::GetExitCodeProcess(made.hProcess, &code) != 0);
  CHECK(code == 77);
  CHECK(::CloseHandle(made.hThread) != 0);
  CHECK(::CloseHandle(made.hProcess) != 0);
}

HOST_SCENARIO(no_streams, "a host without streams") {
  std::array<HANDLE, 3> before{};
  for (std::size_t i = 0; i < streams.size(); ++i) before[i] = ::GetStdHandle(streams[i]);
  for (const HANDLE nothing : {HANDLE{nullptr}, INVALID_HANDLE_VALUE}) {
    for (const DWORD each : streams) ::SetStdHandle(each, nothing);
    const auto fed = spawnpipe::run(command("cat"), {.input = "text", .until = patience()});
    auto inheriting = spawnpipe::spawn(command("cat").in(inherit{}).out(inherit{}).err(inherit{}));
    const auto ended = inheriting ? inheriting->wait(patience()) : inheriting.error();
    for (std::size_t i = 0; i < streams.size(); ++i) ::SetStdHandle(streams[i], before[i]);
    EXPECT(fed && fed->out == "text");
    EXPECT(ended && ended->success());  // it reads the end of its input at once
  }
}
TEST_CASE("[G6] a host without standard streams, as programs with windows are") {
  PLAY_SCENARIO("a host without streams");
}

HOST_SCENARIO(own_job, "a host in a job of its own") {
  const HANDLE job = ::CreateJobObjectW(nullptr, nullptr);
  EXPECT(job != nullptr);
  EXPECT(::AssignProcessToJobObject(job, ::GetCurrentProcess()) != FALSE);
  EXPECT(in_a_job());
  const auto done = spawnpipe::run(command("cat"), {.input = "text", .until = patience()});
  EXPECT(done && done->out == "text");
  auto running = spawnpipe::spawn(command("tree", "hang").in(null{}).out(pipe{}).err(null{}));
  EXPECT(running);
  if (!running) return;
  const auto line = running->out().read_line(patience());
  EXPECT(line);
  const std::int64_t grandchild = line ? std::stoll(std::string(*line)) : 0;
  const auto sent = running->kill();
  EXPECT(sent && sent->reached == spawnpipe::mechanism::job && sent->exact);
  EXPECT(running->wait(patience()));
  EXPECT(harness::gone_within(grandchild, harness::scaled(std::chrono::seconds(5))));
}
TEST_CASE("[G6][P6] a host that is in a job itself: its children have jobs of their own within") {
  PLAY_SCENARIO("a host in a job of its own");
}

// ---- interrupts

int heard_by_host = 0;
BOOL WINAPI count_it(DWORD) {
  ++heard_by_host;
  return TRUE;
}

constexpr int not_delivered = 77;

HOST_SCENARIO(interrupted_inside, "interrupts are forwarded, in a console of its own") {
  EXPECT(::SetConsoleCtrlHandler(count_it, TRUE) != FALSE);
  const auto raise_and_wait = [](const auto& heard) {
    EXPECT(::GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0) != FALSE);
    for (int i = 0; i < 200 && !heard(); ++i) ::Sleep(10);
    return heard();
  };
  if (!raise_and_wait([] { return heard_by_host > 0; })) ::ExitProcess(not_delivered);
  heard_by_host = 0;
  auto guard = spawnpipe::forward_interrupts::begin();
  EXPECT(guard && !guard->received());
  EXPECT(raise_and_wait([&] { return guard->received().has_value(); }));
  EXPECT(guard->received() == 2);
  EXPECT(heard_by_host == 0);
  *guard = spawnpipe::forward_interrupts();
  EXPECT(raise_and_wait([] { return heard_by_host > 0; }));
}
HOST_SCENARIO(interrupted, "interrupts are forwarded") {
  std::wstring self(32768, L'\0');
  self.resize(::GetModuleFileNameW(nullptr, self.data(), static_cast<DWORD>(self.size())));
  const auto inside = spawnpipe::run(
      spawnpipe::command(wtf8::narrow(self), {"--scenario", "interrupts are forwarded, in a console of its own"})
          .group(spawnpipe::process_group::session),
      {.until = patience()});
  EXPECT(inside);
  if (!inside || inside->success()) return;
  if (inside->status.code() == std::uint32_t{not_delivered}) {
    SKIP_SCENARIO("Wine does not deliver Ctrl-C in a console without a window, whoever handles it");
  }
  harness::scenario::expect(false, (inside->out + inside->err).c_str(), __FILE__, __LINE__);
}
TEST_CASE("[P6][G1] a guard takes Ctrl-C over, and its end gives it back") {
  PLAY_SCENARIO("interrupts are forwarded");
}

}  // namespace
