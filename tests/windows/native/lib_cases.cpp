// The library on top of this back end: what users see of cancels that race, of threads that end, of codes.
#include "seam.hpp"
#include "stand_ins.hpp"

#include <atomic>

namespace {

using namespace seam;

child start(event_loop& loop, std::size_t in_capacity = 1 << 20) {
  return must(spawn(loop, command("program").in(stdio::pipe{in_capacity}).out(stdio::pipe{})));
}

bool balanced(const write_books& books) {
  return books.accepted == books.delivered + books.unsent + books.dropped + books.unknown;
}

std::string read_text(pipe_reader& from, deadline until) {
  std::array<std::byte, 64> into{};
  const auto count = from.read_some(into, until);
  return {reinterpret_cast<const char*>(into.data()), count.value_or(0)};
}

// A child in the hands of the case.
class on_a_child : public audit {
 public:
  ~on_a_child() { other.exit(0); }

  event_loop loop = must(event_loop::create());
  child running = start(loop);
  fake::child& other = fake::last_child();
};

TEST_CASE_FIXTURE(audit, "[P2][P3][W3] a run through a whole child") {
  auto loop = must(event_loop::create());
  auto running = start(loop);
  auto& other = fake::last_child();
  std::string got;
  std::thread peer([&got, &other] {
    while (got.size() < 200'000) got += other.in.take(50'000);
    for (int i = 0; i < 100; ++i) other.out.feed(pattern::make(1000, static_cast<std::uint64_t>(i) * 1000));
    other.exit(7);
  });
  const std::string input = pattern::make(200'000);
  const auto done = must(communicate(running, {.input = input, .until = harness::patience()}));
  peer.join();
  CHECK(got == input);
  CHECK(done.out == pattern::make(100'000));
  CHECK(done.status == exit_status::exited(7));
  CHECK(done.why == ended_by::itself);
}

TEST_CASE_FIXTURE(on_a_child, "[W5][R4] stop does not return before the system has let go, 1 s after the cancel") {
  const auto withheld = [&](const fake::pipe& pipe) {
    pipe.on_cancel([pipe, once = std::make_shared<std::atomic<bool>>(false)] {
      if (!once->exchange(true)) fake::later(1s, [pipe] { pipe.complete(ERROR_OPERATION_ABORTED); });
      return ERROR_SUCCESS;
    });
  };
  CHECK(must(running.in().write(pattern::make(too_many))) == too_many);
  CHECK(fake::eventually(
      [&] { return running.wait(2ms).failed_with(errc::timed_out) && other.in.in_flight() && other.out.in_flight(); }));
  withheld(other.in);
  withheld(other.out);
  const auto began = std::chrono::steady_clock::now();
  CHECK_OK(running.in().stop());
  CHECK(std::chrono::steady_clock::now() - began >= 1s);
  const auto books = running.in().books();
  CHECK(books.accepted == too_many);
  CHECK(balanced(books));
  CHECK(books.unknown > 0);
  CHECK_OK(running.out().stop());
  CHECK(std::chrono::steady_clock::now() - began >= 2s);
  CHECK_FALSE(other.in.in_flight());
  CHECK_FALSE(other.out.in_flight());
  other.out.on_cancel({});
  CHECK_OK(running.out().resume());
  other.out.feed("more");
  CHECK(read_text(running.out(), harness::patience()) == "more");
}

TEST_CASE_FIXTURE(on_a_child, "[R7] a read that was cancelled, though nobody asked for it, is begun again") {
  int begun = 0;
  other.out.on_begin([&](DWORD) -> std::optional<fake::answer> {
    ++begun;
    if (begun == 1) return fake::answer{.code = ERROR_OPERATION_ABORTED};
    if (begun == 2) return fake::answer{.pending = true};
    return std::nullopt;
  });
  const auto becomes = [&](int count) {
    return fake::eventually([&] { return running.wait(2ms).failed_with(errc::timed_out) && begun == count; });
  };
  CHECK(becomes(2));
  CHECK(other.out.complete(ERROR_OPERATION_ABORTED));
  CHECK(becomes(3));
  CHECK_FALSE(running.out().error());
  other.out.feed("there");
  CHECK(read_text(running.out(), harness::patience()) == "there");
  other.out.on_begin({});
}

TEST_CASE_FIXTURE(on_a_child, "[W7] a write that was cancelled, though nobody asked for it, is an error that sticks") {
  CHECK(must(running.in().write(pattern::make(too_many))) == too_many);
  CHECK(fake::eventually([&] { return running.wait(2ms).failed_with(errc::timed_out) && other.in.in_flight(); }));
  CHECK(other.in.complete(ERROR_OPERATION_ABORTED, 500));
  const auto flushed = running.in().flush(harness::patience());
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().code == std::errc::operation_canceled);
  CHECK(running.in().error()->code == std::errc::operation_canceled);
  CHECK_FALSE(running.in().write("more"));
  CHECK(balanced(running.in().books()));
}

TEST_CASE_FIXTURE(audit, "[C1] a thread ends, and leaves its child to another: everything is retired") {
  std::optional<child> left;
  fake::child other;
  on_own_thread([&] {
    left.emplace(must(spawn(command("program").in(stdio::pipe{1 << 20}).out(stdio::pipe{}))));
    other = std::move(fake::last_child());
    static_cast<void>(left->in().write(pattern::make(too_many)));
    static_cast<void>(left->wait(5ms));
  });
  CHECK_FALSE(other.in.in_flight());
  left.reset();
  other.in_end.reset();
  other.out_end.reset();
}

TEST_CASE_FIXTURE(on_a_child, "[C1] a loop is handed to another thread, and its reads with it") {
  CHECK(fake::eventually([&] { return running.wait(2ms).failed_with(errc::timed_out) && other.out.in_flight(); }));
  CHECK_OK(loop.release_thread());
  CHECK_FALSE(other.out.in_flight());
  std::string got;
  on_own_thread([&] {
    CHECK_OK(loop.acquire_thread());
    fake::later(5ms, [&] { other.out.feed("there"); });
    got = read_text(running.out(), harness::patience());
    CHECK_OK(loop.release_thread());
  });
  CHECK(got == "there");
  CHECK_OK(loop.acquire_thread());
  other.out.feed("here");
  CHECK(read_text(running.out(), harness::patience()) == "here");
}

TEST_CASE_FIXTURE(audit, "[P2][P4] the end of a child, by a direct wait and with the others, with each code") {
  for (const DWORD code : {0U, 1U, 259U, 0xC0000005U, 0xC000013AU}) {
    for (const bool direct : {true, false}) {
      auto loop = must(event_loop::create());
      auto running = start(loop);
      auto& other = fake::last_child();
      int told = 0;
      running.on_exit([&](child&, const exit_status&) { ++told; });
      fake::later(5ms, [&] { other.exit(code); });
      if (direct) {
        CHECK(must(running.wait(harness::patience())) == exit_status::exited(code));
      } else {
        CHECK_OK(loop.run(harness::patience()));
      }
      fake::join_threads();
      CHECK(running.status() == exit_status::exited(code));
      static_cast<void>(loop.run(deadline::now()));
      CHECK(told == 1);
    }
  }
}

TEST_CASE_FIXTURE(audit, "[P9] a child that is destroyed is killed by its job; where that fails, by itself") {
  for (const bool job_fails : {false, true}) {
    auto loop = must(event_loop::create());
    auto running = start(loop);
    auto& other = fake::last_child();
    if (job_fails) fake::fail(call::TerminateJobObject, 1, ERROR_ACCESS_DENIED);
    running = child();
    CHECK(fake::all_happened());
    CHECK(fake::calls(call::TerminateProcess) == (job_fails ? 1 : 0));
    other.in_end.reset();
    other.out_end.reset();
  }
}

TEST_CASE_FIXTURE(audit, "[P6] what a job counts, and does not list, may be a process that is being made") {
  auto loop = must(event_loop::create());
  auto running = start(loop);
  fake::ghosts_in_jobs(1);
  fake::last_child().exit(0);
  fake::later(300ms, [] { fake::ghosts_in_jobs(0); });
  const auto start = std::chrono::steady_clock::now();
  const auto report = must(running.stop(stop_policy::immediate()));
  CHECK(report.tree.gone);
  CHECK(std::chrono::steady_clock::now() - start >= 250ms);
  CHECK(fake::calls(call::TerminateJobObject) >= 2);  // whatever it is, once it can be killed it is
}

TEST_CASE_FIXTURE(audit, "[P6] what a job counts, and does not list for long, is gone") {
  auto loop = must(event_loop::create());
  auto running = start(loop);
  fake::ghosts_in_jobs(1);
  CHECK(running.wait_tree(20ms).failed_with(errc::timed_out));
  fake::last_child().exit(0);
  const auto report = must(running.wait_tree(harness::patience()));
  CHECK(report.gone);
  CHECK(report.exact);
  CHECK(running.kill().failed_with(errc::already_exited));
}

TEST_CASE_FIXTURE(on_a_child, "[R4][W8][T5] stops, deadlines and resumes at any time, with the child at work") {
  std::atomic<bool> over = false;
  std::string taken;
  std::uint64_t fed = 0;
  std::thread peer([&] {
    while (!over) {
      other.out.feed(pattern::make(100, fed));
      fed += 100;
      taken += other.in.take(5000);
      std::this_thread::sleep_for(50us);
    }
  });
  std::string got;
  std::uint64_t written = 0;
  for (int round = 0; round < 300; ++round) {
    written += running.in().write(pattern::make(700, written)).value_or(0);
    if (round % 3 == 0) static_cast<void>(running.in().flush(1ms));
    if (round % 5 == 0) static_cast<void>(running.wait(deadline::now()));
    if (round % 4 == 0) CHECK_OK(running.out().stop());
    if (round % 7 == 0) static_cast<void>(running.out().drain(got, 500));
    if (round % 4 == 2) CHECK_OK(running.out().resume());
    got += read_text(running.out(), 1ms);
  }
  CHECK_OK(running.in().stop());
  over = true;
  peer.join();
  while (other.in.held() > 0) taken += other.in.take(5000);
  CHECK_FALSE(pattern::first_difference(got));
  CHECK(got.size() <= fed);
  const auto books = running.in().books();
  CHECK(balanced(books));
  CHECK_FALSE(pattern::first_difference(taken));
  CHECK(books.delivered <= taken.size());
  CHECK(taken.size() <= books.delivered + books.unknown);
  CHECK_OK(running.out().resume());
  other.exit(0);
  CHECK_OK(running.out().read_all(got, 1 << 24, harness::patience()));
  CHECK(got.size() == fed);
  CHECK_FALSE(pattern::first_difference(got));
}

}  // namespace
