#include "torture.hpp"

#include "children.hpp"

#include <array>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace torture {

namespace {

using harness::command;
using spawnpipe::completed;
using spawnpipe::errc;
using spawnpipe::event_loop;
using spawnpipe::pipe_reader;
using spawnpipe::pipe_writer;
using spawnpipe::run_options;
using spawnpipe::stdio::merge;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

constexpr std::size_t much = 200'000;

// What a run says holds, and its output is what `expected` begins with.
void check_run(const spawnpipe::result<completed>& done, std::string_view expected) {
  if (!went_well(done)) return;
  note_run(*done);
  CHECK(expected.starts_with(done->out));
  if (done->success() && done->unread_input == 0 && !done->output_error && !excused.false_end) {
    CHECK(done->out == expected);
  }
}

void check_books(const pipe_writer& writer) {
  const auto books = writer.books();
  CHECK(books.accepted == books.delivered + books.unsent + books.dropped + books.unknown);
}

void captured() {
  check_run(spawnpipe::run(command("write", 1000, 1000, "both"), {.until = limit()}), pattern::make(1000));
}

void fed() {
  const std::string text = pattern::make(much);
  check_run(spawnpipe::run(command("cat"), {.input = text, .until = limit()}), text);
}

void merged() {
  std::string expected;
  for (int i = 0; i < 50; ++i) expected += "out " + std::to_string(i) + "\nerr " + std::to_string(i) + '\n';
  check_run(spawnpipe::run(command("out-err-order", 50).err(merge{}), {.until = limit()}), expected);
}

void conversation() {
  auto running = spawnpipe::spawn(command("echo-lines").in(pipe{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  const auto early = running->out().read_line(5ms);
  CHECK_FALSE(early);
  note(early);
  std::string_view hello = "hello\n";
  if (!went_well(running->in().write_all(hello, limit()))) return;
  if (!went_well(running->in().flush(limit()))) return;
  const auto line = running->out().read_line(limit());
  if (!went_well(line)) return;
  CHECK(*line == "got hello");
  note(running->in().close());
  if (const auto status = running->wait(limit()); went_well(status)) CHECK(status->success());
  finish(*running);
}

void stopped_reader() {
  auto running = spawnpipe::spawn(command("write", much).in(null{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  std::string got;
  for (int round = 0; round < 3; ++round) {
    note(running->out().stop());
    note(running->out().drain(got, 10'000));
    note(running->out().resume());
    note(running->out().read_all(got, 1 << 20, 1ms));
  }
  const auto rest = running->out().read_all(got, 1 << 20, limit());
  CHECK(pattern::make(much).starts_with(got));
  if (went_well(rest) && !excused.false_end) CHECK(got.size() == much);
  finish(*running);
}

void stopped_writer() {
  auto running = spawnpipe::spawn(command("hang", "ready").in(pipe{1 << 20}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  note(running->in().write(pattern::make(600'000)));
  note(running->in().flush(5ms));
  note(running->in().stop());
  check_books(running->in());
  CHECK(running->in().books().unsent == 0);
  finish(*running);
}

void flushed_in_steps() {
  auto running = spawnpipe::spawn(command("checksum").in(pipe{1 << 20}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  const auto taken = running->in().write(pattern::make(much));
  if (!went_well(taken)) return;
  note(running->in().flush(0ms));
  const auto flushed = running->in().flush(limit());
  check_books(running->in());
  if (!went_well(flushed)) return;
  CHECK(running->in().books().delivered == *taken);
  note(running->in().close());
  note(running->wait(limit()));
  finish(*running);
}

void reader_gone_in_flight() {
  auto running = spawnpipe::spawn(command("echo-lines").in(pipe{}).out(pipe{}).err(pipe{}));
  if (!went_well(running)) return;
  note(running->out().read_line(1ms));
  {
    const pipe_reader gone = std::move(running->out());
    if (const auto failed = gone.error()) check_said(*failed);
  }
  note(running->in().close());
  note(running->wait(limit()));
  finish(*running);
}

void child_that_stops_reading() {
  auto running = spawnpipe::spawn(command("read", 10, 3).in(pipe{4 << 20}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  const auto given = running->in().write(pattern::make(10 * much));  // more than a pipe takes
  note(given);
  const auto status = running->wait(limit());
  note(running->in().flush(limit()));
  // Where a stream failed, it may have had less to read than it wanted, or nobody to write to.
  const auto failed = running->in().error();
  if (went_well(status) && given && !running->out().error() && (!failed || *failed == std::errc::broken_pipe)) {
    CHECK(status->code() == 3U);
  }
  check_books(running->in());
  finish(*running);
}

// One of the ways to meet a limit.
void with_limit(spawnpipe::overflow how, std::uint64_t dropped) {
  const harness::temp_dir folder;
  run_options options{.until = limit()};
  options.capture = {.bytes = 1000, .on_overflow = how, .spill_to = folder / "spilled."};
  const auto done = spawnpipe::run(command("write", 5000), options);
  if (!went_well(done)) return;
  note_run(*done);
  CHECK(done->out.size() <= 1000);
  if (done->why == spawnpipe::ended_by::itself && !done->output_error && !excused.false_end) {
    CHECK(done->out_dropped == dropped);
  }
}
void head() { with_limit(spawnpipe::overflow::keep_head, 4000); }
void head_and_tail() { with_limit(spawnpipe::overflow::keep_head_and_tail, 4000); }
void spilled() { with_limit(spawnpipe::overflow::spill, 0); }
void too_much() { with_limit(spawnpipe::overflow::error, 0); }

void spoken_with() {
  auto running = spawnpipe::spawn(command("cat").in(pipe{}).out(pipe{}).err(pipe{}));
  if (!went_well(running)) return;
  check_run(spawnpipe::communicate(*running, {.input = "some text", .until = limit()}), "some text");
}

// Fed and read by callbacks.
void by_callbacks() {
  auto loop = event_loop::create();
  if (!went_well(loop)) return;
  auto running = spawnpipe::spawn(*loop, command("cat").in(pipe{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  const std::string text = pattern::make(much);
  std::string_view rest = text;
  std::string got;
  const auto feed = [&](pipe_writer& to) {
    const auto taken = to.write(rest);
    if (!went_well(taken)) return;
    rest.remove_prefix(*taken);
    if (rest.empty()) note(to.close());
  };
  running->in().on_written(feed);
  running->out().on_readable([&](pipe_reader& from) {
    got += from.available_text();
    from.consume(from.available().size());
  });
  feed(running->in());
  note(loop->run(limit()));
  finish(*running);
  CHECK(text.starts_with(got));
}

void on_a_loop() {
  auto loop = event_loop::create();
  if (!went_well(loop)) return;
  int woken = 0;
  int ended = 0;
  loop->on_wake([&] { ++woken; });
  std::vector<spawnpipe::job> jobs;
  for (int count = 0; count < 2; ++count) {
    auto made = spawnpipe::run_async(*loop, command("cat"), {.input = "some text", .until = limit()},
                                     [&](const completed& done) { ++ended, note_run(done); });
    if (!went_well(made)) return;
    jobs.push_back(std::move(*made));
  }
  {
    const joined_thread waker([&] { loop->wake(); });
    note(loop->run(limit()));
  }
  note(loop->run(spawnpipe::deadline::now()));
  CHECK(ended == 2);
  CHECK(woken == 1);
}

void many_jobs() {
  auto loop = event_loop::create();
  if (!went_well(loop)) return;
  int ended = 0;
  int begun = 0;
  std::vector<spawnpipe::job> jobs;
  for (int count = 0; count < 8; ++count) {
    auto made = spawnpipe::run_async(*loop, command("exit", count), {.until = limit()},
                                     [&](const completed& done) { ++ended, note_run(done); });
    if (!went_well(made)) continue;
    ++begun;
    jobs.push_back(std::move(*made));
  }
  note(loop->run(limit()));
  CHECK(ended == begun);
}

void stopped_job() {
  auto loop = event_loop::create();
  if (!went_well(loop)) return;
  std::optional<completed> end;
  auto made = spawnpipe::run_async(*loop, command("hang", "up"), {.until = limit()}, [&](completed what) {
    note_run(what);
    end = std::move(what);
  });
  if (!went_well(made)) return;
  note(loop->run(1ms));
  static_cast<void>(made->out());
  const auto stopped = made->stop();
  CHECK((stopped || end));  // it ends by itself where its output cannot be had
  note(loop->run(limit()));
  CHECK(end.has_value());
}

// Of a child that is gone, whose output its own child holds.
void drained() {
  auto running = spawnpipe::spawn(command("grandchild", "sleep", 1000).in(null{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  note(running->out().read_line(limit()));
  note(running->wait(limit()));
  std::string got;
  note(running->out().drain(got));
  finish(*running);
}

void owned() {
  auto running = spawnpipe::spawn(command("checksum").in(pipe{1 << 20}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  note(running->in().write("some text"));
  std::string buffer = pattern::make(much);
  const auto taken = running->in().write_owned(buffer);
  if (taken) CHECK(buffer.empty() == *taken);
  if (!taken) CHECK(buffer.size() == much);
  note(taken);
  note(running->in().close());
  note(running->in().flush(limit()));
  note(running->wait(limit()));
  check_books(running->in());
  finish(*running);
}

// Until somebody reads.
void stalled() {
  auto running = spawnpipe::spawn(command("write", 20 * much).in(null{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  const auto status = running->wait(limit());
  note(status);
  if (!running->out().error() && !excused.false_end) CHECK(status.failed_with(errc::output_stalled));
  finish(*running);
}

// Whose loop is made for it, and ends with it.
void on_own_thread() {
  std::exception_ptr thrown;
  joined_thread([&] {
    try {
      captured();
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (thrown) std::rethrow_exception(thrown);
}

constexpr std::array all = {
    scenario{"a run that captures", captured},
    scenario{"a run that feeds and captures", fed},
    scenario{"a conversation with deadlines", conversation},
    scenario{"a reader that is stopped, drained and resumed", stopped_reader},
    scenario{"a writer that is stopped with a write in flight", stopped_writer},
    scenario{"two runs on a loop, and a wake from another thread", on_a_loop},
    scenario{"errors in the output", merged},
    scenario{"a flush in two steps", flushed_in_steps},
    scenario{"a reader that is destroyed with a read in flight", reader_gone_in_flight},
    scenario{"a child that stops reading", child_that_stops_reading},
    scenario{"output beyond its limit: its head", head},
    scenario{"output beyond its limit: its head and tail", head_and_tail},
    scenario{"output beyond its limit: a file", spilled},
    scenario{"output beyond its limit: an end", too_much},
    scenario{"a child that runs is fed and captured", spoken_with},
    scenario{"callbacks that feed and read", by_callbacks},
    scenario{"eight runs on a loop", many_jobs},
    scenario{"a run on a loop that is stopped", stopped_job},
    scenario{"what is left in a pipe that somebody else holds", drained},
    scenario{"a buffer that is given away", owned},
    scenario{"a child whose output nobody reads", stalled},
    scenario{"a run on a thread of its own", on_own_thread},
};

}  // namespace

std::span<const scenario> of_streams() { return all; }

}  // namespace torture
