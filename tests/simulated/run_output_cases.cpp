// What run keeps of the output: up to a limit, and up to a time after the end.
#include "runs.hpp"
#include "simulation.hpp"

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(on_a_thread,
                  "[P7] the end of the output is awaited so long after the exit, and what arrived is kept") {
  within([&] {
    auto& script = sim.next_child();
    script.pipes_held();
    sim.after(1s, [&] {
      script.out.feed("at exit ");
      script.exit();
    });
    sim.after(1100ms, [&] { script.out.feed("after"); });
    sim.after(1300ms, [&] { script.out.feed("too late"); });
    const auto began = sim.now();
    const auto done = must(run(command("program")));
    CHECK(done.drain_limited);
    CHECK(done.why == ended_by::itself);
    CHECK(done.out == "at exit after");
    CHECK(done.status.success());
    CHECK(sim.now() - began == 1250ms);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P7] an output that ends in time does not make the call wait longer") {
  within([&] {
    auto& script = sim.next_child();
    script.pipes_held();
    script.exit();
    sim.after(100ms, [&] { script.out.end(); });
    sim.after(200ms, [&] {
      script.err.feed("last");
      script.err.end();
    });
    const auto began = sim.now();
    const auto done = must(run(command("program")));
    CHECK_FALSE(done.drain_limited);
    CHECK(done.success());
    CHECK(done.err == "last");
    CHECK(sim.now() - began == 200ms);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P7] drain_limit is the caller's: zero takes what is there; an hour waits an hour") {
  for (const auto limit : {0ms, 1ms, 3'600'000ms}) {
    CAPTURE(limit);
    within([&] {
      auto& script = sim.next_child();
      script.pipes_held();
      script.out.feed("there");
      script.exit();
      const auto began = sim.now();
      const auto done = must(run(command("program"), {.drain_limit = limit}));
      CHECK(done.drain_limited);
      CHECK(done.out == "there");
      CHECK(sim.now() - began == limit);
    });
  }
}

TEST_CASE_FIXTURE(on_a_thread, "[P7][T6] the deadline bounds the awaiting of output too") {
  within([&] {
    auto& script = sim.next_child();
    script.pipes_held();
    sim.after(900ms, [&] {
      script.out.feed("kept");
      script.exit();
    });
    const auto began = sim.now();
    const auto done = must(run(command("program"), {.until = 1s, .drain_limit = 10s}));
    CHECK(done.drain_limited);
    CHECK(done.out == "kept");
    CHECK(done.status.success());
    CHECK(sim.now() - began == 1s);
    CHECK(script.signals().empty());
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P7][T7] a cancellation ends the awaiting of output, and what arrived is kept") {
  within([&] {
    auto& script = sim.next_child();
    script.pipes_held();
    script.exit(exit_status::exited(3));
    interrupter interrupted;
    sim.after(1s, [&] {
      script.out.feed("kept");
      interrupted.interrupt();
    });
    const auto began = sim.now();
    const auto done = must(run(command("program"), {.cancel = interrupted, .drain_limit = 10s}));
    CHECK(sim.now() - began == 1s);
    CHECK(done.out == "kept");
    CHECK(done.drain_limited);
    CHECK(done.status == exit_status::exited(3));
    CHECK(script.signals().empty());
  });
}

TEST_CASE_FIXTURE(on_a_thread,
                  "[P7][R5][R3][R7] what the pipe holds at the drain limit is taken, whatever it answers first") {
  within([&] {
    auto& script = sim.next_child();
    script.pipes_held();
    script.exit();
    script.out.hold();
    script.err.hold();
    script.out.empty_completion();
    script.out.feed("one ");
    script.out.fail(make_error_code(std::errc::operation_canceled));
    script.out.feed("two");
    sim.after(250ms, [&] {
      script.out.release();
      script.err.release();
    });
    const auto done = must(run(command("program")));
    CHECK(done.drain_limited);
    CHECK(done.out == "one two");
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P10] capture policies: error, keep_head, keep_head_and_tail") {
  const std::string text = pattern::make(1000);
  const auto run_with = [&](capture_limit limit, scripted_child& script) {
    std::optional<completed> done;
    within([&] {
      for (std::size_t at = 0; at < text.size(); at += 37) {
        sim.when_idle([&, at] {
          script.out.feed(std::string_view(text).substr(at, 37));
          if (at + 37 >= text.size()) script.exit();
        });
      }
      done = must(run(command("program"), {.capture = limit}));
    });
    return *std::move(done);
  };
  {
    auto& script = sim.next_child();
    const auto done = run_with({.bytes = 100, .on_overflow = overflow::error}, script);
    CHECK(done.why == ended_by::output_limit);
    CHECK(done.status == exit_status::signalled(9));
    CHECK(done.out == text.substr(0, 100));
    CHECK(done.out_dropped > 0);
    CHECK_FALSE(done.success());
    CHECK(script.signals().size() == 1);
  }
  {
    auto& script = sim.next_child();
    const auto done = run_with({.bytes = 100, .on_overflow = overflow::keep_head}, script);
    CHECK(done.why == ended_by::itself);
    CHECK(done.status.success());
    CHECK(done.out == text.substr(0, 100));
    CHECK(done.out_dropped == 900);
    CHECK_FALSE(done.success());
    CHECK(script.signals().empty());
  }
  for (const std::size_t limit : {0U, 1U, 2U, 3U, 99U, 100U, 999U, 1000U, 1001U}) {
    CAPTURE(limit);
    auto& script = sim.next_child();
    const auto done = run_with({.bytes = limit, .on_overflow = overflow::keep_head_and_tail}, script);
    const std::size_t kept = std::min<std::size_t>(limit, text.size());
    CHECK(done.out_dropped == text.size() - kept);
    REQUIRE(done.out.size() == kept);
    if (limit >= text.size()) {
      CHECK(done.out == text);
      CHECK(done.success());
    } else {
      const std::size_t tail = limit / 2;
      CHECK(done.out.substr(0, limit - tail) == text.substr(0, limit - tail));
      CHECK(done.out.substr(limit - tail) == text.substr(text.size() - tail));
    }
  }
}

// A child that writes `text` in pieces, and ends.
void write_in_pieces(simulated::script& sim, scripted_child& child, const std::string& text) {
  for (std::size_t at = 0; at < text.size(); at += 37) {
    sim.when_idle([&child, &text, at] {
      child.out.feed(std::string_view(text).substr(at, 37));
      if (at + 37 >= text.size()) child.exit();
    });
  }
}

TEST_CASE_FIXTURE(on_a_thread, "[P10] spilled output is in its file from the first byte on, and none is dropped") {
  const std::string text = pattern::make(1000);
  for (const std::size_t limit : {0U, 1U, 36U, 37U, 500U, 999U, 1000U, 1001U}) {
    CAPTURE(limit);
    within([&] {
      write_in_pieces(sim, sim.next_child(), text);
      const auto done = must(
          run(command("program"), {.capture = {.bytes = limit, .on_overflow = overflow::spill, .spill_to = "x."}}));
      const bool over = limit < text.size();
      CHECK(done.success());
      CHECK(done.out == text.substr(0, limit));
      CHECK(done.out_file == (over ? "x.out" : ""));
      CHECK(done.err_file.empty());
      const auto files = sim.files();
      REQUIRE(files.size() == (over ? 1 : 0));
      if (over) CHECK(files.at("x.out") == text);
      CHECK(sim.objects().files == 0);
    });
    sim.reset();
  }
}

TEST_CASE_FIXTURE(on_a_thread, "[P10] a file that cannot be made or written is said, and what was lost is counted") {
  const std::string text = pattern::make(1000);
  const capture_limit spilling = {.bytes = 100, .on_overflow = overflow::spill, .spill_to = "x."};
  within([&] {
    sim.fail_file_create({std::make_error_code(std::errc::permission_denied), stage::redirect, "x.out"});
    write_in_pieces(sim, sim.next_child(), text);
    const auto done = must(run(command("program"), {.capture = spilling}));
    REQUIRE(done.output_error);
    CHECK(*done.output_error == std::errc::permission_denied);
    CHECK(done.status.success());
    CHECK_FALSE(done.success());
    CHECK(done.out == text.substr(0, 100));
    CHECK(done.out_dropped >= 900);
  });
  sim.reset();
  within([&] {
    sim.file_room(500);
    write_in_pieces(sim, sim.next_child(), text);
    const auto done = must(run(command("program"), {.capture = spilling}));
    REQUIRE(done.output_error);
    CHECK(*done.output_error == std::errc::no_space_on_device);
    CHECK(done.output_error->subject == "x.out");
    CHECK(done.out_dropped == 1000 - sim.files().at("x.out").size());
    CHECK(sim.objects().files == 0);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P10] a job shows what it has captured so far") {
  within([&] {
    auto& child = sim.next_child();
    auto loop = must(event_loop::create());
    std::optional<completed> done;
    auto work = must(run_async(loop, command("program"),
                               {.capture = {.bytes = 10, .on_overflow = overflow::keep_head_and_tail}},
                               [&](completed what) { done = std::move(what); }));
    CHECK(work.out().empty());
    child.out.feed("0123456789");
    child.err.feed("oops");
    static_cast<void>(loop.run(deadline::now()));
    CHECK(work.out() == "0123456789");
    CHECK(work.err() == "oops");
    child.out.feed("abc");
    static_cast<void>(loop.run(deadline::now()));
    CHECK(work.out() == "0123489abc");
    child.exit();
    CHECK(loop.run(1s));
    REQUIRE(done);
    CHECK(done->out == "0123489abc");
    CHECK(work.out().empty());
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P10] a limit that is met exactly is not exceeded; each stream has its own") {
  within([&] {
    auto& script = sim.next_child();
    script.out.feed("0123456789");
    script.err.feed("0123456789");
    script.exit();
    const auto done = must(run(command("program"), {.capture = {.bytes = 10}}));
    CHECK(done.success());
    CHECK(done.out.size() == 10);
    CHECK(done.err.size() == 10);
    auto& second = sim.next_child();
    second.out.feed("0123456789");
    second.err.feed("0123456789A");
    const auto over = must(run(command("program"), {.capture = {.bytes = 10}}));
    CHECK(over.why == ended_by::output_limit);
    CHECK(over.out == "0123456789");
    CHECK(over.err == "0123456789");
    CHECK(over.out_dropped == 0);
    CHECK(over.err_dropped == 1);
  });
}

TEST_CASE_FIXTURE(on_a_thread,
                  "[P10][T6] a child that goes beyond the limit is stopped by the policy, and read on meanwhile") {
  within([&] {
    auto& script = sim.next_child();
    script.ignore_terminate();
    script.out.feed("0123456789");
    script.on_terminate([&] {
      script.out.feed("and on");
      sim.after(50ms, [&] {
        script.out.feed("and on");
        script.exit(exit_status::exited(0));
      });
    });
    const auto done = must(run(command("program"), {.capture = {.bytes = 5}, .policy = {.terminate = 100ms}}));
    CHECK(done.why == ended_by::output_limit);
    CHECK(done.phase == stop_phase::terminate);
    CHECK(done.status == exit_status::exited(0));
    CHECK(done.out == "01234");
    CHECK(done.out_dropped == 17);
  });
}

}  // namespace
