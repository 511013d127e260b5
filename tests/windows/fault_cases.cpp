// Every Win32 call that the library makes is made to fail in turn, at each place where it is made, in every scenario: the error
// says where, no handle and no process is left, and nothing takes longer than it would have plus a second.
//
// What a failed release held is not counted against the library, and is all that may stay:
// - the handle of a failed CloseHandle. Where that is an end of a pipe, the other end does not hear of an end, and what waits for
//   that waits for its deadline.
// - where the job's limits could not be taken back, what the child left running ends with the job.
// And where the system is made to say that a stream has ended which has not, the child waits for a reader that it will not have.
#include "../children.hpp"
#include "faulty_system.hpp"

#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using harness::command;
using harness::fault;
using harness::faulty_system;
using harness::patience;
using harness::scaled;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

void check_said(const spawnpipe::error& said) {
  CHECK(said.code);
  CHECK_FALSE(said.message().empty());
}

// The codes that a call may say; the first stands for most.
std::vector<DWORD> codes(std::string_view call) {
  if (call == "ReadFile" || call == "WriteFile" || call == "GetOverlappedResult") {
    return {5, 6, 8, 14, 87, 109, 232, 233, 995, 1450, 1816};
  }
  if (call == "CreateProcessW") return {2, 5, 8, 87, 193, 267, 1455};
  return {ERROR_NO_SYSTEM_RESOURCES};
}

// The codes by which the system says that a stream has ended.
bool says_end(const fault& how) {
  return (how.call == "ReadFile" || how.call == "GetOverlappedResult") &&
         (how.code == ERROR_BROKEN_PIPE || how.code == ERROR_NO_DATA || how.code == ERROR_PIPE_NOT_CONNECTED);
}
bool false_end = false;  // in the case that is played

// What may come to no end is waited for this long: see above.
bool held = false;
spawnpipe::deadline limit() { return held ? spawnpipe::deadline(scaled(500ms)) : patience(); }

struct scenario {
  const char* name;
  std::function<void()> act;
};

struct totals {
  int calls = 0;
  int cases = 0;
};

// One fault. What the scenario says of it is asserted in there.
void with_fault(const scenario& what, const fault& how, clock::duration usual) {
  CAPTURE(std::string(what.name));
  CAPTURE(std::string(how.call));
  CAPTURE(how.code);
  CAPTURE(how.at);
  const faulty_system faults(how);
  const auto began = clock::now();
  false_end = says_end(how);
  held = false_end || how.call == "CloseHandle";
  what.act();
  const auto took = clock::now() - began;
  if (!held) CHECK(took < usual * 3 + scaled(1s));
  false_end = held = false;
  const auto left = faulty_system::left_open();
  CHECK_MESSAGE(left.empty(), "open: ", left.empty() ? "" : left.front());
  CHECK(faulty_system::processes_end(scaled(2s)));
}

totals every_fault(const scenario& what) {
  what.act();  // what is made once for a thread is there
  std::map<std::string_view, int> made;
  clock::duration usual = {};
  {
    const faulty_system faults({});
    const auto began = clock::now();
    what.act();
    usual = clock::now() - began;
    made = faulty_system::calls();
    CHECK(faulty_system::left_open().empty());
  }
  totals sum;
  for (const auto& [call, count] : made) {
    ++sum.calls;
    constexpr int most = 12;  // of one call: the later ones are repetitions of the same place
    for (int at = 1; at <= std::min(count, most); ++at) {
      for (const DWORD code : at <= 3 ? codes(call) : std::vector{codes(call).front()}) {
        with_fault(what, {.call = call, .code = code, .at = at}, usual);
        ++sum.cases;
      }
    }
  }
  std::printf("faults: %s: %d calls, %d cases\n", what.name, sum.calls, sum.cases);
  return sum;
}

// ---- the scenarios

void wait_for(spawnpipe::child& running) {
  const auto status = running.wait(limit());
  if (!status) return check_said(status.error());
  CHECK(status->success());
}

const scenario piped = {"a child with three pipes", [] {
                          auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(pipe{}).err(pipe{}));
                          if (!running) return check_said(running.error());
                          static_cast<void>(running->in().close());
                          wait_for(*running);
                        }};

const scenario surroundings = {"a child with an environment, a directory and files", [] {
                                 const harness::temp_dir folder;
                                 harness::write_file(folder / "in", "some text");
                                 auto running = spawnpipe::spawn(command("cat")
                                                                     .in(spawnpipe::stdio::from_file{folder / "in"})
                                                                     .out(spawnpipe::stdio::to_file{folder / "out"})
                                                                     .err(spawnpipe::stdio::merge{})
                                                                     .cwd(folder.path().string())
                                                                     .env("SOME", "thing"));
                                 if (!running) return check_said(running.error());
                                 wait_for(*running);
                               }};

const scenario captured = {"a run that captures", [] {
                             const auto done = spawnpipe::run(command("write", 1000, 1000, "both"), {.until = limit()});
                             if (!done) return check_said(done.error());
                             if (done->success() && !done->output_error && !false_end) CHECK(done->out.size() == 1000);
                           }};

const scenario fed = {"a run that feeds and captures", [] {
                        const std::string text = pattern::make(200'000);
                        const auto done = spawnpipe::run(command("cat"), {.input = text, .until = limit()});
                        if (!done) return check_said(done.error());
                        CHECK(text.starts_with(done->out));
                        if (done->success() && done->unread_input == 0 && !done->output_error && !false_end)
                          CHECK(done->out == text);
                      }};

const scenario conversation = {"a conversation with deadlines", [] {
                                 auto running =
                                     spawnpipe::spawn(command("echo-lines").in(pipe{}).out(pipe{}).err(null{}));
                                 if (!running) return check_said(running.error());
                                 const auto early = running->out().read_line(5ms);
                                 CHECK_FALSE(early);
                                 if (auto sent = running->in().write_all("hello\n", limit()); !sent)
                                   return check_said(sent.error());
                                 if (auto flushed = running->in().flush(limit()); !flushed)
                                   return check_said(flushed.error());
                                 const auto line = running->out().read_line(limit());
                                 if (!line) return check_said(line.error());
                                 CHECK(*line == "got hello");
                                 static_cast<void>(running->in().close());
                                 wait_for(*running);
                               }};

const scenario stopped_reader = {"a reader that is stopped, drained and resumed", [] {
                                   auto running =
                                       spawnpipe::spawn(command("write", 300'000).in(null{}).out(pipe{}).err(null{}));
                                   if (!running) return check_said(running.error());
                                   std::string got;
                                   for (int round = 0; round < 3; ++round) {
                                     static_cast<void>(running->out().stop());
                                     static_cast<void>(running->out().drain(got, 10'000));
                                     static_cast<void>(running->out().resume());
                                     static_cast<void>(running->out().read_all(got, 1 << 20, 1ms));
                                   }
                                   const auto rest = running->out().read_all(got, 1 << 20, limit());
                                   CHECK(pattern::make(300'000).starts_with(got));
                                   if (!rest) return check_said(rest.error());
                                   if (!false_end) CHECK(got.size() == 300'000);
                                 }};

const scenario stopped_writer = {
    "a writer that is stopped with a write in flight", [] {
      auto running = spawnpipe::spawn(command("hang", "ready").in(pipe{1 << 20}).out(pipe{}).err(null{}));
      if (!running) return check_said(running.error());
      const auto taken = running->in().write(pattern::make(600'000));
      if (!taken) check_said(taken.error());
      static_cast<void>(running->in().flush(5ms));
      static_cast<void>(running->in().stop());
      const auto books = running->in().books();
      CHECK(books.accepted == books.delivered + books.unsent + books.dropped + books.unknown);
      CHECK(books.unsent == 0);
    }};

const scenario stopped_child = {"a child that is stopped by all phases", [] {
                                  auto running =
                                      spawnpipe::spawn(command("ignore-terminate").in(pipe{}).out(pipe{}).err(null{}));
                                  if (!running) return check_said(running.error());
                                  const auto line = running->out().read_line(limit());
                                  if (!line) check_said(line.error());
                                  const auto report = running->stop(spawnpipe::stop_policy::graceful(5ms), limit());
                                  CHECK_OK(report);
                                }};

const scenario destroyed_child = {"a running child that is destroyed", [] {
                                    auto running =
                                        spawnpipe::spawn(command("tree", "hang").in(null{}).out(pipe{}).err(pipe{}));
                                    if (!running) return check_said(running.error());
                                    static_cast<void>(running->out().read_line(limit()));
                                  }};

const scenario on_a_loop = {"two runs on a loop, and a wake from another thread", [] {
                              auto loop = spawnpipe::event_loop::create();
                              if (!loop) return check_said(loop.error());
                              int woken = 0;
                              int ended = 0;
                              loop->on_wake([&] { ++woken; });
                              std::vector<spawnpipe::job> jobs;
                              for (int count = 0; count < 2; ++count) {
                                auto made = spawnpipe::run_async(*loop, command("cat"),
                                                                 {.input = "some text", .until = limit()},
                                                                 [&](spawnpipe::completed) { ++ended; });
                                if (!made) return check_said(made.error());
                                jobs.push_back(std::move(*made));
                              }
                              std::thread waker([&] { loop->wake(); });
                              static_cast<void>(loop->run(limit()));
                              waker.join();
                              static_cast<void>(loop->run(spawnpipe::deadline::now()));
                              CHECK(ended == 2);
                              CHECK(woken == 1);
                            }};

const scenario shell_line = {"a line for the shell", [] {
                               const auto done =
                                   spawnpipe::run(spawnpipe::command::shell("echo some text"), {.until = limit()});
                               if (!done) return check_said(done.error());
                               if (done->success() && !done->output_error && !false_end)
                                 CHECK(done->out == "some text\r\n");
                             }};

void play(const scenario& what) {
  harness::bound_case(400s);
  const totals sum = every_fault(what);
  CHECK(sum.calls > 15);
  CHECK(sum.cases > 35);
}

TEST_CASE("[P1] any call that fails: a child with three pipes") { play(piped); }
TEST_CASE("[P1] any call that fails: a child with an environment, a directory and files") { play(surroundings); }
TEST_CASE("[P1][P3] any call that fails: a run that captures") { play(captured); }
TEST_CASE("[P1][P3][W8] any call that fails: a run that feeds and captures") { play(fed); }
TEST_CASE("[P1][R2][W2] any call that fails: a conversation with deadlines") { play(conversation); }
TEST_CASE("[R4][R5] any call that fails: a reader that is stopped, drained and resumed") { play(stopped_reader); }
TEST_CASE("[W8] any call that fails: a writer that is stopped with a write in flight") { play(stopped_writer); }
TEST_CASE("[P5] any call that fails: a child that is stopped by all phases") { play(stopped_child); }
TEST_CASE("[P9] any call that fails: a running child that is destroyed") { play(destroyed_child); }
TEST_CASE("[C1][T7] any call that fails: two runs on a loop, and a wake from another thread") { play(on_a_loop); }
TEST_CASE("[P2] any call that fails: a line for the shell") { play(shell_line); }

}  // namespace
