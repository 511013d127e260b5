// The text of a trace, event by event. That it is JSON, and what viewers make of it, is seen by tests/run timeline.
#include "simulation.hpp"

#include <algorithm>

namespace {

using namespace simulation;

class traced : public on_a_loop {
 public:
  std::string text;
  int pieces = 0;
  trace_events trace = trace_events::create([this](std::string_view piece) {
    ++pieces;
    text += piece;
  });
  observation watching = must(observation::begin(trace.sink(), loop));

  // The lines that hold all of that.
  template <class... Parts>
  [[nodiscard]] std::vector<std::string> with(const Parts&... parts) const {
    std::vector<std::string> found;
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string line = text.substr(begin, end - begin);
      if (((line.find(parts) != line.npos) && ...)) found.push_back(line);
      begin = end + 1;
    }
    return found;
  }
};

TEST_CASE_FIXTURE(traced, "[P4] a child is a bar from its start to its end, with all that is known of it") {
  auto& script = sim.next_child();
  script.used({.user = 1234567us, .system = 5ms, .peak_memory = 4096});
  script.in.room_for_all();
  sim.advance(1500us);
  auto running =
      must(spawn(loop, on_a_loop::piped().args({"with space", "\"quoted\"", "", "it's"}).cwd("some/folder")));
  sim.after(250ms, [&] {
    script.out.feed("abc");
    script.exit(exit_status::exited(3));
  });
  CHECK(must(communicate(running, {.input = "input"})).out == "abc");
  const auto bars = with("\"ph\":\"X\"");
  REQUIRE(bars.size() == 1);
  const std::string& bar = bars[0];
  CAPTURE(bar);
  const auto says = [&](std::string_view part) { return bar.find(part) != bar.npos; };
  CHECK(says("\"tid\":1,\"name\":\"program\",\"ts\":1500.000,\"dur\":250000.000,\"cat\":\"failed\""));
  CHECK(says(R"("command":"program 'with space' '\"quoted\"' '' 'it'\\''s'")"));
  CHECK(says("\"directory\":\"some/folder\""));
  CHECK(says("\"process\":" + std::to_string(script.id())));
  CHECK(says("\"status\":\"exited with code 3\""));
  CHECK(says("\"user_ms\":1234.567"));
  CHECK(says("\"system_ms\":5.000"));
  CHECK(says("\"peak_memory_bytes\":4096"));
  CHECK(says("\"in_bytes\":5"));
  CHECK(says("\"out_bytes\":3"));
  CHECK(with("\"ph\":\"C\"", "\"ts\":1500.000", "\"children\":1").size() == 1);
  CHECK(with("\"ph\":\"C\"", "\"ts\":251500.000", "\"children\":0").size() == 1);
  CHECK_OK(trace.close());
  CHECK(text.starts_with("[\n{"));
  CHECK(text.ends_with("}\n]\n"));
  CHECK(std::ranges::count(text, '[') == 1);
}

TEST_CASE_FIXTURE(traced,
                  "[R1] a bar says how often a stream was paused because nobody took its bytes, and for how long") {
  auto& script = sim.next_child();
  auto running = start(4);
  script.out.feed("more than four");
  CHECK(running.wait(100ms).failed_with(errc::timed_out));
  script.exit();
  std::string all;
  CHECK_OK(running.out().read_all(all, 100, 1s));
  CHECK(all == "more than four");
  CHECK_OK(running.wait(1s));
  running = child();
  const auto bars = with("\"ph\":\"X\"");
  REQUIRE(bars.size() == 1);
  CAPTURE(bars[0]);
  CHECK(bars[0].find("\"out_bytes\":14,\"out_pauses\":") != std::string::npos);
  CHECK(bars[0].find("\"out_paused_ms\":100.000") != std::string::npos);
  CHECK(bars[0].find("err_pauses") == std::string::npos);
}

TEST_CASE_FIXTURE(traced,
                  "rows are taken from the lowest that is free, so that there are no more than children at once") {
  std::vector<scripted_child*> scripts;
  for (int i = 0; i < 5; ++i) scripts.push_back(&sim.next_child());
  std::vector<child> all;
  for (int i = 0; i < 3; ++i) all.push_back(must(spawn(loop, command("first"))));
  scripts[1]->exit();
  CHECK_OK(all[1].wait(1s));
  all.push_back(must(spawn(loop, command("second"))));
  all.push_back(must(spawn(loop, command("third"))));
  for (auto* each : scripts) {
    if (!each->exited()) each->exit();
  }
  for (auto& each : all) CHECK_OK(each.wait(1s));
  CHECK(with("\"ph\":\"X\"", "\"name\":\"second\"", "\"tid\":2").size() == 1);
  CHECK(with("\"ph\":\"X\"", "\"name\":\"third\"", "\"tid\":4").size() == 1);
  CHECK(with("thread_name").size() == 4);
  CHECK(with("process_name").size() == 1);
  CHECK(with("\"children\":4").size() == 1);
}

TEST_CASE_FIXTURE(traced, "[P1][P5] a failed start and the phases of a stop are marks") {
  auto& script = sim.next_child();
  script.fail_spawn(error{errc::not_supported, stage::exec, "gti"});
  CHECK_FALSE(spawn(loop, command("gti")).has_value());
  CHECK(with("\"ph\":\"i\"", "\"name\":\"not started: gti\"", R"("error":"exec: \"gti\": )").size() == 1);
  sim.next_child().ignore_terminate();
  auto running = start();
  CHECK_OK(running.stop({.terminate = 10ms}));
  running = child();
  CHECK(with("\"ph\":\"i\"", "\"name\":\"stop: terminate\"", "\"tid\":1").size() == 1);
  CHECK(with("\"ph\":\"i\"", "\"name\":\"stop: kill\"").size() == 1);
  CHECK(with("\"ph\":\"X\"", "\"status\":\"ended by signal 9 (SIGKILL)\"").size() == 1);
}

TEST_CASE_FIXTURE(traced, "what still runs when a trace is closed is in it; what comes after is not") {
  auto& script = sim.next_child();
  auto running = start();
  sim.advance(5ms);
  CHECK_OK(trace.close());
  CHECK(with("\"ph\":\"X\"", "\"dur\":5000.000", "\"status\":\"still running\"").size() == 1);
  const auto before = text;
  script.exit();
  CHECK_OK(running.wait(1s));
  running = child();
  CHECK_OK(trace.close());
  CHECK(text == before);
  static_cast<void>(pieces);
}

TEST_CASE("a trace of nothing is empty JSON, and a trace that moves goes on") {
  std::string text;
  auto trace = trace_events::create([&](std::string_view piece) { text += piece; });
  observer* const sink = &trace.sink();
  trace_events moved = std::move(trace);
  CHECK(&moved.sink() == sink);
  moved = trace_events::create([](std::string_view) {});
  CHECK(text == "[\n]\n");
}

TEST_CASE_FIXTURE(traced, "bars are named by the program without its folder, by the line of a shell, or as one likes") {
  CHECK(trace_events::default_name(command("/usr/bin/cc", {"-c"})) == "cc");
  CHECK(trace_events::default_name(command("C:\\bin\\cc.exe")) == "cc.exe");
  CHECK(trace_events::default_name(command::shell("a | b")) == "a | b");
  std::string named;
  auto other = trace_events::create([&](std::string_view piece) { named += piece; },
                                    [](const command& what) { return what.argv().back(); });
  auto also = must(observation::begin(other.sink(), loop));
  static_cast<void>(sim.next_child());
  { auto running = must(spawn(loop, command("cc", {"file.c"}))); }
  CHECK(named.find("\"name\":\"file.c\"") != named.npos);
  CHECK(with("\"name\":\"cc\"").size() == 1);
}

TEST_CASE_FIXTURE(audit, "[P1] a file that cannot be created or written is an error, and the first one sticks") {
  sim.fail_file_create(error{errc::not_supported, stage::redirect, "a file"});
  CHECK(trace_events::create("a file").failed_with(errc::not_supported));
  sim.file_room(4);
  auto loop = must(event_loop::create());
  auto trace = must(trace_events::create("trace"));
  auto watching = must(observation::begin(trace.sink(), loop));
  static_cast<void>(sim.next_child());
  { auto running = must(spawn(loop, command("program"))); }
  const auto closed = trace.close();
  REQUIRE_FALSE(closed.has_value());
  CHECK(closed.error().where == stage::write);
  CHECK(trace.close().error().code == closed.error().code);
  CHECK(sim.files().at("trace").size() <= 4);
  watching = observation();
}

}  // namespace
