// What the callback of a reader is told, and when.
#include "simulation.hpp"

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(on_a_loop, "[R2] callbacks get what came, keep what they leave, and see the end once") {
  auto& script = sim.next_child();
  auto running = start();
  std::vector<std::string> seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen.push_back(std::string(out.available_text()) + (out.at_end() ? "$" : ""));
    if (out.available_text().size() >= 4) out.consume(3);
  });
  sim.when_idle([&] { script.out.feed("ab"); });
  sim.when_idle([&] { script.out.feed("cd"); });
  sim.when_idle([&] { script.out.feed("e"); });
  sim.when_idle([&] { script.out.end(); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == std::vector<std::string>{"ab", "abcd", "de", "de"});
  CHECK(running.out().available_text() == "de");
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen.size() == 4);
}

TEST_CASE_FIXTURE(on_a_loop, "[R2][R6] the callback sees an error once, behind the bytes") {
  auto& script = sim.next_child();
  auto running = start();
  std::vector<std::string> seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen.push_back(std::string(out.available_text()) + (out.error() ? "!" : ""));
    out.consume(100);
  });
  sim.when_idle([&] { script.out.feed("ab"); });
  sim.when_idle([&] { script.out.fail(system_code(5), "cd"); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == std::vector<std::string>{"ab", "cd!"});
}

TEST_CASE_FIXTURE(on_a_loop, "[R4] no callback runs between stop and resume; what came is told then") {
  auto& script = sim.next_child();
  auto running = start();
  std::string seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen += out.available_text();
    out.consume(100);
  });
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
  script.out.next_retire({.bytes = "raced "});
  CHECK_OK(running.out().stop());
  script.out.feed("later");
  CHECK_OK(loop.run(10ms));
  CHECK(seen == "");
  CHECK_OK(running.out().resume());
  CHECK(loop.run(10ms).failed_with(errc::timed_out));
  CHECK(seen == "raced later");
}

TEST_CASE_FIXTURE(on_a_loop, "[R4] a callback that stops its reader is not called again") {
  auto& script = sim.next_child();
  auto running = start(4);
  int calls = 0;
  script.out.feed("0123456789");
  running.out().on_readable([&](pipe_reader& out) {
    ++calls;
    out.consume(1);
    CHECK_OK(out.stop());
  });
  CHECK_OK(loop.run(10ms));
  CHECK(calls == 1);
  CHECK_FALSE(script.out.in_flight());
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] a callback that is set late hears of what came before") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.feed("early");
  script.out.end();
  CHECK(running.wait(1ms).failed_with(errc::timed_out));
  std::string seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen += out.available_text();
    out.consume(100);
  });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == "early");
  CHECK(running.out().at_end());
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] a callback that is taken back, or replaces itself") {
  auto& script = sim.next_child();
  auto running = start();
  std::string seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen += "1" + std::string(out.available_text());
    out.consume(100);
    out.on_readable([&](pipe_reader& again) {
      seen += "2" + std::string(again.available_text());
      again.consume(100);
      again.on_readable({});
    });
  });
  sim.when_idle([&] { script.out.feed("a"); });
  sim.when_idle([&] { script.out.feed("b"); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == "1a2b");
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] a reader that moves keeps its stream, its bytes and its callback") {
  auto& script = sim.next_child();
  auto running = start();
  pipe_reader* called = nullptr;
  running.out().on_readable([&](pipe_reader& out) {
    called = &out;
    out.consume(100);
  });
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
  pipe_reader moved = std::move(running.out());
  pipe_reader again;
  again = std::move(moved);
  script.out.feed("abc");
  script.out.end();
  CHECK_OK(loop.run(deadline::never()));
  CHECK(called == &again);
  CHECK(again.at_end());
}

TEST_CASE_FIXTURE(on_a_loop, "[R2][R3] what a call took out of the cancel of another is told to the callback") {
  // A form that does not wait, inside another object's callback, takes back the read in flight; it leaves bytes and an
  // end.
  for (const bool by_drain : {false, true}) {
    CAPTURE(by_drain);
    auto& script = sim.next_child();
    auto& other = sim.next_child();
    auto running = start();
    auto helper = start();
    std::string seen;
    running.out().on_readable([&](pipe_reader& out) {
      seen += std::string(out.available_text()) + (out.at_end() ? "$" : "");
      out.consume(100);
      seen += out.at_end() ? "." : "";
    });
    helper.on_exit([&](child&, const exit_status&) {
      script.out.next_retire({.bytes = "abcde", .end = true});
      if (by_drain) {
        CHECK(must(running.out().drain(seen, 2)) == 2);
      } else {
        seen += must(read_text(running.out(), 2, deadline::now()));
      }
    });
    sim.when_idle([&] { other.exit(); });
    CHECK_OK(loop.run(1s));
    CHECK(seen == "abcde.");
  }
}

}  // namespace
