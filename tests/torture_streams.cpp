#include "torture.hpp"

#include "children.hpp"

#include <array>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace torture {

excuse excused;

spawnpipe::deadline limit() {
  return excused.held || excused.false_end ? spawnpipe::deadline(harness::scaled(std::chrono::milliseconds(500)))
                                           : harness::patience();
}

void check_said(const spawnpipe::error& said) {
  CHECK(said.code);
  CHECK_FALSE(said.message().empty());
}

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
  if (done->output_error) check_said(*done->output_error);
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
  CHECK_FALSE(running->out().read_line(5ms));
  std::string_view hello = "hello\n";
  if (!went_well(running->in().write_all(hello, limit()))) return;
  if (!went_well(running->in().flush(limit()))) return;
  const auto line = running->out().read_line(limit());
  if (!went_well(line)) return;
  CHECK(*line == "got hello");
  static_cast<void>(running->in().close());
  if (const auto status = running->wait(limit()); went_well(status)) CHECK(status->success());
}

void stopped_reader() {
  auto running = spawnpipe::spawn(command("write", much).in(null{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  std::string got;
  for (int round = 0; round < 3; ++round) {
    static_cast<void>(running->out().stop());
    static_cast<void>(running->out().drain(got, 10'000));
    static_cast<void>(running->out().resume());
    static_cast<void>(running->out().read_all(got, 1 << 20, 1ms));
  }
  const auto rest = running->out().read_all(got, 1 << 20, limit());
  CHECK(pattern::make(much).starts_with(got));
  if (went_well(rest) && !excused.false_end) CHECK(got.size() == much);
}

void stopped_writer() {
  auto running = spawnpipe::spawn(command("hang", "ready").in(pipe{1 << 20}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  static_cast<void>(went_well(running->in().write(pattern::make(600'000))));
  static_cast<void>(running->in().flush(5ms));
  static_cast<void>(running->in().stop());
  check_books(running->in());
  CHECK(running->in().books().unsent == 0);
}

void flushed_in_steps() {
  auto running = spawnpipe::spawn(command("checksum").in(pipe{1 << 20}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  const auto taken = running->in().write(pattern::make(much));
  if (!went_well(taken)) return;
  static_cast<void>(running->in().flush(0ms));
  const auto flushed = running->in().flush(limit());
  check_books(running->in());
  if (!went_well(flushed)) return;
  CHECK(running->in().books().delivered == *taken);
  static_cast<void>(running->in().close());
  static_cast<void>(running->wait(limit()));
}

void reader_gone_in_flight() {
  auto running = spawnpipe::spawn(command("echo-lines").in(pipe{}).out(pipe{}).err(pipe{}));
  if (!went_well(running)) return;
  CHECK_FALSE(running->out().read_line(1ms));
  { const pipe_reader gone = std::move(running->out()); }
  static_cast<void>(running->in().close());
  static_cast<void>(running->wait(limit()));
}

void child_that_stops_reading() {
  auto running = spawnpipe::spawn(command("read", 10, 3).in(pipe{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  static_cast<void>(running->in().write(pattern::make(60'000)));
  const auto status = running->wait(limit());
  static_cast<void>(running->in().flush(limit()));
  // Where a stream failed, it may have had less to read than it wanted, or nobody to write to.
  const auto failed = running->in().error();
  if (went_well(status) && !running->out().error() && (!failed || *failed == std::errc::broken_pipe)) {
    CHECK(status->code() == 3U);
  }
  check_books(running->in());
}

// One of the ways to meet a limit.
void with_limit(spawnpipe::overflow how, std::uint64_t dropped) {
  const harness::temp_dir folder;
  run_options options{.until = limit()};
  options.capture = {.bytes = 1000, .on_overflow = how, .spill_to = folder / "spilled."};
  const auto done = spawnpipe::run(command("write", 5000), options);
  if (!went_well(done)) return;
  if (done->output_error) check_said(*done->output_error);
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
    if (rest.empty()) static_cast<void>(to.close());
  };
  running->in().on_written(feed);
  running->out().on_readable([&](pipe_reader& from) {
    got += from.available_text();
    from.consume(from.available().size());
  });
  feed(running->in());
  static_cast<void>(loop->run(limit()));
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
                                     [&](const completed&) { ++ended; });
    if (!went_well(made)) return;
    jobs.push_back(std::move(*made));
  }
  std::thread waker([&] { loop->wake(); });
  static_cast<void>(loop->run(limit()));
  waker.join();
  static_cast<void>(loop->run(spawnpipe::deadline::now()));
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
    auto made =
        spawnpipe::run_async(*loop, command("exit", count), {.until = limit()}, [&](const completed&) { ++ended; });
    if (!went_well(made)) continue;
    ++begun;
    jobs.push_back(std::move(*made));
  }
  static_cast<void>(loop->run(limit()));
  CHECK(ended == begun);
}

void stopped_job() {
  auto loop = event_loop::create();
  if (!went_well(loop)) return;
  std::optional<completed> end;
  auto made = spawnpipe::run_async(*loop, command("hang", "up"), {.until = limit()},
                                   [&](completed what) { end = std::move(what); });
  if (!went_well(made)) return;
  static_cast<void>(made->out());
  CHECK_OK(made->stop());
  static_cast<void>(loop->run(limit()));
  CHECK(end.has_value());
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
};

}  // namespace

std::span<const scenario> of_streams() { return all; }

}  // namespace torture
