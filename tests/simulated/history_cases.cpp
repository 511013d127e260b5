// All orders of short histories of a reader and a writer, not some.
#include "simulation.hpp"

#include <algorithm>

namespace {

using namespace simulation;

// Calls `visit` with every sequence of up to four numbers below `kinds`, and with every sequence of five of those in
// `core`.
template <class Visit>
void all_histories(int kinds, std::span<const int> core, Visit visit) {
  std::vector<int> history;
  std::vector<int> all;
  for (int kind = 0; kind < kinds; ++kind) all.push_back(kind);
  const auto extend = [&](const auto& self, std::span<const int> from, std::size_t shortest,
                          std::size_t longest) -> void {
    if (history.size() >= shortest) visit(std::span<const int>(history));
    if (history.size() == longest) return;
    for (const int next : from) {
      history.push_back(next);
      self(self, from, shortest, longest);
      history.pop_back();
    }
  };
  extend(extend, all, 1, 4);
  extend(extend, core, 5, 5);
}

std::string as_letters(std::span<const int> history) {
  std::string letters;
  for (const auto step : history) letters += static_cast<char>('a' + step);
  return letters;
}

TEST_CASE_FIXTURE(on_a_loop, "[W2][W5][W8] a writer through every short history") {
  // What a user and a system may do, in every order.
  constexpr int kinds = 11;
  constexpr std::array core{0, 1, 2, 3, 4, 6, 7, 8};
  harness::bound_case(60s);
  bool failed = false;
  int tried = 0;
  all_histories(kinds, core, [&](std::span<const int> history) {
    if (failed) return;
    auto& script = sim.next_child();
    auto running = start(6);
    auto& in = running.in();
    std::string sent;
    bool known = true;
    bool sound = true;
    const auto expect = [&](bool holds) { sound = sound && holds; };
    bool open = true;   // no stop, close or failure so far
    bool clean = true;  // no stop or failure so far
    for (const auto step : history) {
      const std::string piece = pattern::make(4, sent.size());
      switch (step) {
        case 0: {
          const auto taken = in.write(piece);
          expect(taken.has_value() == (open && clean) || !clean);
          sent += piece.substr(0, taken.value_or(0));
          break;
        }
        case 1: script.in.room(1); break;
        case 2: script.in.room(5); break;
        case 3:
          script.in.fail(system_code(5), 1);
          clean = false;
          break;
        case 4: static_cast<void>(running.wait(deadline::now())); break;
        case 5: {
          const bool flushed = in.flush(deadline::now()).has_value();
          if (flushed) expect(in.unsent() == 0 && script.in.received() == sent);
          break;
        }
        case 6:
          script.in.next_retire(2);
          expect(in.stop().has_value());
          clean = false;
          break;
        case 7:
          if (script.in.in_flight()) known = false;
          script.in.next_retire(3, false);
          expect(in.stop().has_value());
          clean = false;
          break;
        case 8:
          expect(in.close().has_value());
          open = false;
          break;
        case 9: script.in.hold(); break;
        default: script.in.release(); break;
      }
      const auto books = in.books();
      expect(balanced(books));
      expect(books.accepted == sent.size());
      expect(books.unsent == in.unsent());
      expect(books.unsent <= 6);
      expect(known ? script.in.received() == sent.substr(0, static_cast<std::size_t>(books.delivered))
                   : sent.starts_with(script.in.received()));
      expect(books.unknown == 0 || !known);
    }
    script.in.release();
    script.in.room_for_all();
    const bool flushed = in.flush(1s).has_value();
    if (clean) expect(flushed && script.in.received() == sent);
    expect(in.stop().has_value());
    expect(script.in.closed());
    expect(in.books().unsent == 0 && balanced(in.books()));
    if (!sound) {
      failed = true;
      FAIL_CHECK("history " << as_letters(history));
    }
    if (!sim.misuse().empty()) {
      failed = true;
      FAIL_CHECK("history " << as_letters(history) << ": " << sim.misuse().front());
    }
    script.exit();
    static_cast<void>(running.wait(deadline::never()));
    if (++tried % 1000 == 0) sim.forget_ended();
  });
  CHECK(tried > 40'000);
  CHECK_FALSE(failed);
}

TEST_CASE_FIXTURE(on_a_loop, "[R2][R4][R6] a reader through every short history") {
  constexpr int kinds = 12;
  constexpr std::array core{1, 3, 4, 5, 6, 7, 8, 9};
  harness::bound_case(60s);
  bool failed = false;
  int tried = 0;
  all_histories(kinds, core, [&](std::span<const int> history) {
    if (failed) return;
    auto& script = sim.next_child();
    auto running = start(4);
    auto& out = running.out();
    std::string sent;
    std::string got;
    std::string behind;  // what was fed behind an end or an error, and is not to be seen
    bool over = false;
    bool sound = true;
    const auto expect = [&](bool holds) { sound = sound && holds; };
    const auto feed = [&](std::size_t size) {
      std::string piece = pattern::make(size, sent.size());
      std::ranges::replace(piece, '\n', 'n');
      if (!over) sent += piece;
      return piece;
    };
    for (const auto step : history) {
      switch (step) {
        case 0: script.out.feed(feed(1)); break;
        case 1: script.out.feed(feed(5)); break;
        case 2: script.out.empty_completion(); break;
        case 3: script.out.fail(make_error_code(std::errc::operation_canceled), feed(1)); break;
        case 4:
          script.out.fail(system_code(5), feed(1));
          over = true;
          break;
        case 5:
          script.out.end();
          over = true;
          break;
        case 6: static_cast<void>(running.wait(deadline::now())); break;
        case 7: got += read_text(out, 3, deadline::now()).value_or(""); break;
        case 8: expect(out.stop().has_value()); break;
        case 9: expect(out.resume().has_value()); break;
        case 10: {
          got += out.available_text().substr(0, 1);
          out.consume(1);
          break;
        }
        default: expect(!out.read_line(deadline::now()).has_value() || over || out.at_end()); break;
      }
      expect(out.available().size() <= 4);
      expect(sent.starts_with(got));
      expect((got + std::string(out.available_text())) == sent.substr(0, got.size() + out.available().size()));
    }
    // A last line may have been taken by read_line: then it is gone from `got`, and the histories with one do not go
    // on.
    const bool took_a_line = std::ranges::find(history, kinds - 1) != history.end();
    if (!took_a_line) {
      expect(out.resume().has_value());
      const auto rest = out.read_all(got, 1000, 1s);
      expect(got == sent);
      if (over) expect(rest.has_value() || rest.error().code == system_code(5));
      if (!over) expect(rest.failed_with(errc::timed_out));
    }
    expect(out.close().has_value());
    expect(script.out.closed() && !script.out.in_flight());
    if (!sound) {
      failed = true;
      FAIL_CHECK("history " << as_letters(history));
    }
    if (!sim.misuse().empty()) {
      failed = true;
      FAIL_CHECK("history " << as_letters(history) << ": " << sim.misuse().front());
    }
    script.exit();
    static_cast<void>(running.wait(deadline::never()));
    if (++tried % 1000 == 0) sim.forget_ended();
  });
  CHECK(tried > 40'000);
  CHECK_FALSE(failed);
}

}  // namespace
