// What a child inherits and what it is in: handles, jobs, a tree that is ended.
#include "../children.hpp"

#include <spawnpipe/windows.hpp>

#include <string>
#include <windows.h>

namespace {

using harness::command;
using harness::patience;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;

TEST_CASE("[G2] a child has its three streams, and no other handle of the host, inheritable or not") {
  harness::leak_check nothing_left;
  SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, nullptr, TRUE};
  const HANDLE left_open = ::CreateEventW(&inheritable, TRUE, FALSE, nullptr);
  const HANDLE semaphore = ::CreateSemaphoreW(&inheritable, 0, 1, nullptr);
  REQUIRE(left_open != nullptr);
  REQUIRE(semaphore != nullptr);
  // Far from the low values, which the child uses for its own.
  HANDLE far_away = nullptr;
  std::vector<HANDLE> all;
  do {
    REQUIRE(::DuplicateHandle(::GetCurrentProcess(), semaphore, ::GetCurrentProcess(), &far_away, 0, TRUE,
                              DUPLICATE_SAME_ACCESS) != 0);
    all.push_back(far_away);
  } while (reinterpret_cast<std::uintptr_t>(far_away) < 0x2000);
  const auto value = reinterpret_cast<std::uintptr_t>(far_away);
  const auto done = harness::must(spawnpipe::run(command("handles", value), {.until = patience()}));
  CHECK(done.success());
  CHECK(done.out.empty());  // the child has nothing of that value
  for (const HANDLE each : all) ::CloseHandle(each);
  ::CloseHandle(semaphore);
  ::CloseHandle(left_open);
}

TEST_CASE("[G3] a handle of the host that is given to a child stays the host's, and as inheritable as it was") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::string path = folder / "out";
  const HANDLE file = ::CreateFileW(std::filesystem::path(folder.path() / "out").c_str(), GENERIC_WRITE,
                                    FILE_SHARE_READ, nullptr, CREATE_ALWAYS, 0, nullptr);
  REQUIRE(file != INVALID_HANDLE_VALUE);
  auto running = harness::must(spawnpipe::spawn(
      command("write", 10).in(null{}).out(spawnpipe::stdio::handle{spawnpipe::windows::handle(file)}).err(null{})));
  CHECK(harness::must(running.wait(patience())).success());
  DWORD flags = 0xFF;
  CHECK(::GetHandleInformation(file, &flags) != 0);
  CHECK((flags & HANDLE_FLAG_INHERIT) == 0);
  ::CloseHandle(file);
  CHECK(harness::read_file(path) == pattern::make(10));
}

TEST_CASE("[P6] a child is in a job from its birth, and a kill reaches all that it started") {
  harness::leak_check nothing_left;
  CHECK(harness::must(spawnpipe::run(command("job"), {.until = patience()})).out == "job yes\n");
  auto running = harness::must(spawnpipe::spawn(command("tree", "hang").in(null{}).out(pipe{}).err(null{})));
  const auto line = harness::must(running.out().read_line(patience()));
  const std::int64_t grandchild = std::stoll(std::string(line));
  const harness::end_at_exit sure(grandchild);
  CHECK(host_os::running(grandchild));
  const auto sent = harness::must(running.kill());
  CHECK(sent.reached == spawnpipe::mechanism::job);
  CHECK(sent.exact);
  CHECK(running.wait(patience()).has_value());
  CHECK(harness::gone_within(grandchild, harness::scaled(std::chrono::seconds(5))));
}

TEST_CASE("[P6] a child in the host's group shares its console") {
  harness::leak_check nothing_left;
  if (::GetConsoleCP() == 0) SKIP_CASE("this host has no console");
  const auto what = command("console").group(spawnpipe::process_group::host);
  CHECK(harness::must(spawnpipe::run(what, {.until = patience()})).out == "console yes\n");
}

TEST_CASE("[P9] what a child started goes on when the child has ended by itself and is destroyed") {
  harness::leak_check nothing_left;
  std::int64_t grandchild = 0;
  {
    auto running = harness::must(spawnpipe::spawn(command("grandchild", "hang").in(null{}).out(pipe{}).err(null{})));
    grandchild = std::stoll(std::string(harness::must(running.out().read_line(patience()))));
    CHECK(harness::must(running.wait(patience())).success());
  }
  const harness::end_at_exit sure(grandchild);
  CHECK_FALSE(harness::gone_within(grandchild, std::chrono::milliseconds(300)));
}

TEST_CASE("[C4] a host's own wait: the native handle is set while there is something to do") {
  harness::leak_check nothing_left;
  auto loop = harness::must(spawnpipe::event_loop::create());
  auto running =
      harness::must(spawnpipe::spawn(loop, command("pieces-on-request", "a", "b").in(pipe{}).out(pipe{}).err(null{})));
  std::string got;
  running.out().on_readable([&](spawnpipe::pipe_reader& out) {
    got += out.available_text();
    out.consume(out.available().size());
  });
  bool ended = false;
  running.on_exit([&](spawnpipe::child&, const spawnpipe::exit_status&) { ended = true; });
  const HANDLE event = spawnpipe::windows::handle(loop.native());
  REQUIRE_OK(running.in().write_all("\n\n", patience()));
  const auto limit = patience();
  while (!(ended && running.out().at_end()) && !limit.passed()) {
    const auto next = loop.next_deadline();
    if (next.passed() || ::WaitForSingleObject(event, 5000) == WAIT_OBJECT_0) {
      static_cast<void>(loop.run(spawnpipe::deadline::now()));
    }
  }
  CHECK(ended);
  CHECK(got == "ab");
}

}  // namespace
