// run, communicate and run_async: no deadlock, no wait for a grandchild, and capture within bounds.
#include "cases.hpp"

#include <memory>
#include <vector>

namespace {

using namespace cases;
using spawnpipe::completed;
using spawnpipe::ended_by;
using spawnpipe::overflow;

constexpr std::size_t sizes[] = {0, 1, 4096, 65535, 65536, 65537, 4 << 20};

TEST_CASE("[P3] no deadlock, whoever writes or reads first, at any size") {
  harness::leak_check nothing_left;
  harness::bound_case(60s);
  for (const std::size_t given : sizes) {
    const std::string input = pattern::make(given);
    for (const std::size_t wanted : {std::size_t{0}, std::size_t{65537}, std::size_t{4} << 20}) {
      for (const char* verb : {"read-then-write", "write-then-read"}) {
        CAPTURE(verb);
        CAPTURE(given);
        CAPTURE(wanted);
        const completed done =
            must(spawnpipe::run(harness::command(verb, wanted), {.input = input, .until = patience()}));
        CHECK(done.success());
        CHECK(done.out.size() == wanted);
        CHECK(done.err.size() == wanted);
        CHECK_FALSE(pattern::first_difference(done.out));
        CHECK_FALSE(pattern::first_difference(done.err));
        CHECK(done.unread_input == 0);
      }
    }
    for (const std::size_t block : {997U, 65536U}) {
      const completed done =
          must(spawnpipe::run(harness::command("cat", block, "both"), {.input = input, .until = patience()}));
      CHECK(done.success());
      CHECK((done.out == input));
      CHECK((done.err == input));
    }
  }
}

TEST_CASE("[P3][W6] children that close their streams early, or end with input unread") {
  harness::leak_check nothing_left;
  const std::string signals = host_os::signal_state();
  const std::string input = pattern::make(4 << 20);
  const completed partly =
      must(spawnpipe::run(harness::command("read", 100'000, 6), {.input = input, .until = patience()}));
  CHECK(partly.status.code() == 6U);
  CHECK(partly.why == ended_by::itself);
  CHECK(partly.out == "closed\n");
  CHECK(partly.unread_input > 0);
  CHECK(partly.unread_input <= input.size() - 100'000);

  const completed none = must(spawnpipe::run(harness::command("exit", 7), {.input = input, .until = patience()}));
  CHECK(none.status.code() == 7U);
  CHECK(none.unread_input > 0);

  const completed no_output =
      must(spawnpipe::run(harness::command("close-out", 8), {.input = input, .until = patience()}));
  CHECK(no_output.status.code() == 8U);
  CHECK(no_output.unread_input == 0);
  CHECK(no_output.out.empty());
  CHECK(host_os::signal_state() == signals);
}

TEST_CASE("[P7] with no time to drain, what the pipe holds is taken all the same, through a buffer of any size") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = 50'000;  // the pipe holds it, so that the child's end does not wait for us
  for (const std::size_t capacity : {std::size_t{7}, std::size_t{50}, std::size_t{65536}}) {
    CAPTURE(capacity);
    const completed done = must(spawnpipe::run(harness::command("write", size).out(spawnpipe::stdio::pipe{capacity}),
                                               {.until = patience(), .drain_limit = 0ms}));
    CHECK(done.success());
    CHECK((done.out == pattern::make(size)));
    CHECK_FALSE(done.drain_limited);
  }
}

TEST_CASE("[P3] communicate goes on from wherever the streams are") {
  harness::leak_check nothing_left;
  const std::string input = pattern::make(host_os::small_pieces_are_slow() ? 200'000 : 2 << 20);
  child running = must(spawnpipe::spawn(piped({.in = 700, .out = 900, .err = 50}, "cat", 5000, "both")));
  // Begun by hand: some written, some read, a reader stopped.
  std::string_view rest = input;
  REQUIRE_FALSE(running.in().write_all(rest, 50ms));  // the child is stuck on its full stderr
  std::string head(100, ' ');
  CHECK(must(running.out().read_some(std::as_writable_bytes(std::span(head)), patience())) == 100);
  CHECK_OK(running.err().stop());
  const completed done = must(spawnpipe::communicate(running, {.input = rest, .until = patience()}));
  CHECK(done.success());
  CHECK((head + done.out == input));
  CHECK((done.err == input));
  CHECK(done.unread_input == 0);
  CHECK(must(running.wait(deadline::now())).success());
  CHECK(spawnpipe::communicate(running, {.until = patience()}).has_value());  // used up, but no error

  child empty;
  CHECK(spawnpipe::communicate(empty, {.until = patience()}).failed_with(errc::closed));
}

TEST_CASE("[P3] communicate closes stdin when there is no input, and takes only what is piped") {
  harness::leak_check nothing_left;
  child no_input = start("until-eof", 3);
  CHECK(must(spawnpipe::communicate(no_input, {.until = patience()})).status.code() == 3U);
  child out_only = must(spawnpipe::spawn(harness::command("write", 100'000)
                                             .in(spawnpipe::stdio::null{})
                                             .out(spawnpipe::stdio::pipe{})
                                             .err(spawnpipe::stdio::null{})));
  const completed done = must(spawnpipe::communicate(out_only, {.until = patience()}));
  CHECK(done.success());
  CHECK(done.out.size() == 100'000);
  CHECK(done.err.empty());
}

TEST_CASE("[P3][C1] many runs at once on one loop, all with much input and output") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  std::vector<spawnpipe::job> jobs;
  std::size_t good = 0;
  for (std::size_t each = 0; each < 24; ++each) {
    const std::size_t size = 50'000 * each;
    jobs.push_back(must(spawnpipe::run_async(loop, harness::command("cat", 4096 + each, "both"),
                                             {.input = pattern::make(size), .until = patience()},
                                             [&, size, each](const completed& done) {
                                               good += done.success() && done.out.size() == size &&
                                                       done.err == done.out && !pattern::first_difference(done.out);
                                               CHECK_FALSE(jobs[each].running());
                                             })));
    CHECK(jobs.back().running());
    CHECK(jobs.back().id() > 0);
  }
  CHECK_OK(loop.run(patience()));
  CHECK(good == 24);
}

TEST_CASE("[P7] a grandchild that keeps the pipe delays run by the drain limit only; what arrived is kept") {
  harness::leak_check nothing_left;
  for (const auto limit : {0ms, 1ms, 100ms, 250ms}) {
    CAPTURE(limit);
    const stopwatch watch;
    const completed done =
        must(spawnpipe::run(harness::command("grandchild", "hang"), {.until = patience(), .drain_limit = limit}));
    const harness::end_at_exit grandchild(std::strtoll(done.out.c_str(), nullptr, 10));
    CHECK(watch.elapsed() >= limit);
    CHECK(watch.elapsed() < limit + scaled(2s));
    CHECK(done.drain_limited);
    CHECK(done.why == ended_by::itself);
    CHECK(done.status.success());
    CHECK(done.out.ends_with("\n"));
    CHECK(host_os::running(std::strtoll(done.out.c_str(), nullptr, 10)));
  }
  const stopwatch watch;
  const completed usual = must(spawnpipe::run(harness::command("grandchild", "hang")));
  const harness::end_at_exit grandchild(std::strtoll(usual.out.c_str(), nullptr, 10));
  CHECK(usual.drain_limited);
  CHECK(watch.elapsed() >= 250ms);
  CHECK(watch.elapsed() < scaled(2s));
}

TEST_CASE("[P7] what a grandchild writes within the drain limit is kept, to its end") {
  harness::leak_check nothing_left;
  const completed done = must(spawnpipe::run(harness::command("grandchild", "write", 1'000'000, 65536, "err"),
                                             {.until = patience(), .drain_limit = 10s}));
  CHECK_FALSE(done.drain_limited);
  CHECK(done.success());
  CHECK(done.err.size() == 1'000'000);
  CHECK_FALSE(pattern::first_difference(done.err));
  // One that never stops writing is left at the limit too.
  const stopwatch watch;
  const completed endless = must(spawnpipe::run(harness::command("grandchild", "yes", "y", "err"),
                                                {.until = patience(), .drain_limit = scaled(300ms)}));
  const harness::end_at_exit grandchild(std::strtoll(endless.out.c_str(), nullptr, 10));
  CHECK(endless.drain_limited);
  CHECK(endless.err.size() > 0);
  CHECK(watch.elapsed() < scaled(3s));
}

TEST_CASE("[P7] with the drain limit at zero, what the pipe holds when the child has ended is kept") {
  harness::leak_check nothing_left;
  for (int rounds = 0; rounds < 30; ++rounds) {
    const completed done = must(
        spawnpipe::run(harness::command("write", 60'000, 60'000, "both"), {.until = patience(), .drain_limit = 0ms}));
    CHECK(done.status.success());
    CHECK(done.out.size() == 60'000);
    CHECK(done.err.size() == 60'000);
  }
}

TEST_CASE("[P10] the three policies of capture, around the limit") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = 200'000;
  const std::string whole = pattern::make(size);
  for (const std::size_t limit : {0U, 1U, 7U, 65536U, 199'999U, 200'000U, 200'001U}) {
    const bool over = limit < size;
    for (const auto policy : {overflow::error, overflow::keep_head, overflow::keep_head_and_tail}) {
      CAPTURE(limit);
      CAPTURE(static_cast<int>(policy));
      const completed done =
          must(spawnpipe::run(harness::command("write", size, 4096, "both"),
                              {.until = patience(), .capture = {.bytes = limit, .on_overflow = policy}}));
      const std::size_t kept = over ? limit : size;
      CHECK(done.success() == !over);
      if (policy == overflow::error && over) {
        CHECK(done.why == ended_by::output_limit);
        CHECK(done.out.size() <= kept);
        CHECK(done.err.size() <= kept);
        CHECK_FALSE(pattern::first_difference(done.out));
        continue;
      }
      CHECK(done.why == ended_by::itself);
      CHECK(done.status.success());
      CHECK(done.out.size() == kept);
      CHECK(done.out == done.err);
      CHECK(done.out_dropped == size - kept);
      CHECK(done.err_dropped == size - kept);
      if (policy == overflow::keep_head_and_tail && over) {
        const std::size_t tail = kept / 2;
        const std::size_t head = kept - tail;
        CHECK((done.out == whole.substr(0, head) + whole.substr(size - tail)));
      } else {
        CHECK((done.out == whole.substr(0, kept)));
      }
    }
  }
}

TEST_CASE("[P10] output beyond the limit is spilled to files that have all of it") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  constexpr std::size_t size = 3'000'000;
  const std::string whole = pattern::make(size);
  const std::string prefix = folder / "sch\xC3\xB6n.";
  for (const std::size_t limit : {std::size_t{0}, std::size_t{65536}, size - 1, size}) {
    CAPTURE(limit);
    const bool over = limit < size;
    const completed done = must(spawnpipe::run(
        harness::command("write", size, 4096, "both"),
        {.until = patience(), .capture = {.bytes = limit, .on_overflow = overflow::spill, .spill_to = prefix}}));
    CHECK(done.success());
    CHECK((done.out == whole.substr(0, limit)));
    CHECK((done.err == done.out));
    CHECK(done.out_dropped == 0);
    CHECK(done.out_file == (over ? prefix + "out" : ""));
    CHECK(done.err_file == (over ? prefix + "err" : ""));
    if (!over) continue;
    CHECK((harness::read_file(done.out_file) == whole));
    CHECK((harness::read_file(done.err_file) == whole));
  }
}

TEST_CASE("[P10] a spill that cannot be written is said; its name is checked before") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const auto spill_to = [](std::string prefix) {
    return spawnpipe::run(
        harness::command("write", 100'000),
        {.until = patience(), .capture = {.bytes = 10, .on_overflow = overflow::spill, .spill_to = std::move(prefix)}});
  };
  const completed done = must(spill_to(folder / "no such folder/x."));
  REQUIRE(done.output_error);
  CHECK(*done.output_error == std::errc::no_such_file_or_directory);
  CHECK(done.output_error->subject == done.out_file);
  CHECK(done.status.success());
  CHECK_FALSE(done.success());
  CHECK(done.out.size() == 10);
  CHECK(done.out_dropped > 0);
  CHECK(spill_to("").failed_with(errc::invalid_argument));
  CHECK(spill_to(std::string("x\0y", 3)).failed_with(errc::invalid_argument));
}

TEST_CASE("[P10] a job shows what it has captured so far") {
  harness::leak_check nothing_left;
  auto loop = must(spawnpipe::event_loop::create());
  std::optional<completed> done;
  auto work =
      must(spawnpipe::run_async(loop, harness::command("yes", "y", "out"),
                                {.until = patience(), .capture = {.bytes = 1000, .on_overflow = overflow::keep_head}},
                                [&](completed what) { done = std::move(what); }));
  const auto until = patience();
  while (work.out().size() < 1000 && !until.passed()) static_cast<void>(loop.run(10ms));
  REQUIRE_FALSE(done);
  const std::string seen = work.out();
  CHECK(seen.size() == 1000);
  CHECK(work.err().empty());
  REQUIRE_OK(work.stop());
  CHECK(loop.run(patience()));
  REQUIRE(done);
  CHECK(done->out == seen);
  CHECK(work.out().empty());
}

TEST_CASE("[P10] a stream over its limit ends a child that writes for ever") {
  harness::leak_check nothing_left;
  for (const char* to : {"out", "err"}) {
    const completed done = must(spawnpipe::run(
        harness::command("yes", "y", to),
        {.until = patience(), .capture = {.bytes = 1000}, .policy = spawnpipe::stop_policy::graceful(10ms)}));
    CHECK(done.why == ended_by::output_limit);
    CHECK_FALSE(done.status.success());
    CHECK(done.phase != spawnpipe::stop_phase::none);
    CHECK((done.out + done.err).size() == 1000);
  }
}

TEST_CASE("[P10] memory stays within the limit, however much is captured and dropped") {
  harness::leak_check nothing_left;
  for (const auto policy : {overflow::keep_head, overflow::keep_head_and_tail}) {
    const auto before = host_os::resident_bytes();
    const completed done =
        must(spawnpipe::run(harness::command("write", 64 << 20),
                            {.until = patience(), .capture = {.bytes = 100'000, .on_overflow = policy}}));
    CHECK(done.status.success());
    CHECK(done.out.size() == 100'000);
    CHECK(done.out_dropped == (64 << 20) - 100'000);
    if (before) CHECK(host_os::resident_bytes().value() <= *before + 2'000'000);
  }
}

}  // namespace
