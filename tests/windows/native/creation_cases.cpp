// Objects that the system refuses to make: the error is told, no half-built thing exists, nothing stays open. And every other call
// that fails, each time it is made: nothing is left, nothing hangs.
#include "seam.hpp"
#include "stand_ins.hpp"

#include "windows/job.hpp"

namespace {

using namespace seam;

constexpr std::array<std::pair<DWORD, std::errc>, 4> refusals = {{
    {ERROR_ACCESS_DENIED, std::errc::permission_denied},
    {ERROR_NOT_ENOUGH_MEMORY, std::errc::not_enough_memory},
    {ERROR_NO_SYSTEM_RESOURCES, std::errc::not_enough_memory},
    {ERROR_NOT_ENOUGH_QUOTA, std::errc::not_enough_memory},
}};

TEST_CASE_FIXTURE(audit, "[P1] a loop whose pool or event is refused is an error, and leaves nothing") {
  for (const auto& refusal : refusals) {
    const DWORD code = refusal.first;
    const std::errc error = refusal.second;
    for (const call which : {call::CreateThreadpool, call::SetThreadpoolThreadMinimum, call::CreateEventW}) {
      CAPTURE(code);
      fake::fail(which, 1, code);
      platform::inbox inbox;
      const auto opened = platform::loop_open({.completions = &inbox}, nullptr);
      REQUIRE_FALSE(opened);
      CHECK(opened.error().code == error);
      CHECK(opened.error().where == stage::loop);
      CHECK(fake::objects() == fake::object_counts{});

      fake::fail(which, 1, code);
      const auto of_lib = event_loop::create();
      REQUIRE_FALSE(of_lib);
      CHECK(of_lib.error().code == error);
      CHECK(fake::objects() == fake::object_counts{});
    }
  }
  CHECK(fake::all_happened());
  CHECK_OK(event_loop::create());
}

TEST_CASE_FIXTURE(on_a_loop, "[P1] a stream whose event or wait is refused is none, and its pipe is closed") {
  const auto before = fake::objects();
  for (const auto& refusal : refusals) {
    const DWORD code = refusal.first;
    const std::errc error = refusal.second;
    for (const call which : {call::CreateEventW, call::CreateThreadpoolCleanupGroup, call::CreateThreadpoolWait}) {
      for (const auto direction : {platform::direction::to_child, platform::direction::from_child}) {
        auto ends = must(platform::make_pipe(nullptr, direction, "pipe"));
        ends.theirs.reset();
        fake::fail(which, 1, code);
        CHECK(platform::stream_open(*loop.os(), std::move(ends.ours), direction) == nullptr);
        CHECK(::GetLastError() == code);
        CHECK(platform::last_error(stage::pipe).code == error);
        CHECK(fake::objects() == before);
      }
    }
  }
  CHECK(fake::all_happened());
  CHECK(fake::calls(call::SetThreadpoolWait) == 0);  // nothing was armed with an event that does not exist
}

TEST_CASE_FIXTURE(audit, "[P1] a pipe or a job that is refused leaves nothing") {
  for (const auto& refusal : refusals) {
    const DWORD code = refusal.first;
    const std::errc error = refusal.second;
    for (const call which : {call::CreateNamedPipeW, call::CreateFileW, call::GetNamedPipeClientProcessId}) {
      fake::fail(which, 1, code);
      const auto made = platform::make_pipe(nullptr, platform::direction::to_child, "in");
      REQUIRE_FALSE(made);
      CHECK(made.error().code == error);
      CHECK(made.error().where == stage::pipe);
      CHECK(made.error().subject == "in");
    }
    for (const call which : {call::CreateJobObjectW, call::SetInformationJobObject}) {
      fake::fail(which, 1, code);
      CHECK_FALSE(platform::make_job());
      CHECK(::GetLastError() == code);
    }
    CHECK(fake::objects() == fake::object_counts{});
  }
  fake::fail(call::BCryptGenRandom, 1, ERROR_ACCESS_DENIED);
  CHECK_FALSE(platform::make_pipe(nullptr, platform::direction::to_child, "in"));
  CHECK(fake::all_happened());
}

// A whole life: a loop, a child, reads and writes that end at once and later, waits of each kind, a wake, stops, an exit or a kill. How far
// it comes depends on what fails; whatever it is told has to be right.
void live(bool kill) {
  auto loop = event_loop::create();
  if (!loop) return;
  auto running = spawn(*loop, command("program").in(stdio::pipe{1 << 20}).out(stdio::pipe{}));
  if (!running) return;
  fake::child& other = fake::last_child();
  std::string got;
  std::array<std::byte, 4> into{};
  const auto read = [&] {
    const auto count = running->out().read_some(into, 5ms);
    got.append(reinterpret_cast<const char*>(into.data()), count.value_or(0));
  };
  other.out.feed("abcdef");
  read();
  static_cast<void>(running->in().write(pattern::make(too_many)));
  static_cast<void>(running->in().flush(2ms));
  read();
  fake::later(1ms, [out = other.out] { out.feed("ghi"); });
  read();
  loop->wake();
  static_cast<void>(loop->run(2ms));
  fake::join_threads();
  static_cast<void>(running->out().stop());
  static_cast<void>(running->out().resume());
  read();
  static_cast<void>(running->in().stop());
  const auto books = running->in().books();
  CHECK(books.accepted == books.delivered + books.dropped + books.unknown);
  CHECK(pattern::make(too_many).starts_with(other.in.take(too_many)));
  CHECK(std::string_view("abcdefghi").starts_with(got));
  if (!kill) {
    other.exit(7);
    static_cast<void>(running->wait(20ms));
  }
  running = child();
  other.in_end.reset();
  other.out_end.reset();
}

TEST_CASE_FIXTURE(
    audit, "[P1][W8][R4][P9] each call made to fail, each time that it is made: nothing is left, nothing hangs") {
  harness::bound_case(60s);
  int failures = 0;
  for (int which = 0; which < static_cast<int>(call::count); ++which) {
    const auto name = static_cast<call>(which);
    if (name == call::callback || name == call::CloseHandle) continue;
    for (const bool kill : {false, true}) {
      for (int at = 1;; ++at) {
        CAPTURE(which);
        CAPTURE(at);
        fake::fail(name, at, ERROR_NO_SYSTEM_RESOURCES);
        const auto began = std::chrono::steady_clock::now();
        live(kill);
        CHECK(std::chrono::steady_clock::now() - began < scaled(1s));
        REQUIRE(fake::objects() == fake::object_counts{});
        REQUIRE(fake::misuse().empty());
        const bool happened = fake::all_happened();
        fake::forget_plan();
        if (!happened || at >= 40) break;
        ++failures;
      }
    }
  }
  CHECK(failures > 60);
}

}  // namespace
