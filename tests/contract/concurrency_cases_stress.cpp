// Many operations in any order on several children of one loop, against a model of what must come of them. SPAWNPIPE_SEED in the
// environment repeats a run.
#include "cases.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <vector>

namespace {

using namespace cases;
using spawnpipe::exit_status;
using spawnpipe::stop_policy;

// A child that copies its input, and what is known of it. Both directions are the pattern from its beginning.
class player {
 public:
  player(event_loop& loop, dice& any, spawnpipe::interrupter& cancel)
      : player(loop, any, cancel, {any.size(100'000), any.size(100'000), any.size(70'000)}) {}

  // One operation. False when this child's play is over.
  bool step() {
    switch (any_(16)) {
      case 0:
      case 1: write(); break;
      case 2: write_all(); break;
      case 3: note(running_.in().flush(time(), cancel_)); break;
      case 4:
      case 5: read_some(); break;
      case 6: read_until(); break;
      case 7: read_all(); break;
      case 8: drain(); break;
      case 9: look(); break;
      case 10: stop_or_resume(); break;
      case 11: note(running_.wait(time(), cancel_)); break;
      case 12: move_about(); break;
      case 13:
        callbacks_on_ = !callbacks_on_;
        set_callbacks();
        break;
      case 14:
        if (any_(20) == 0) end_input();
        break;
      default:
        if (any_(20) == 0) return end();
    }
    check();
    return true;
  }

  // All that was accepted comes back, where nothing was stopped.
  void finish() {
    CHECK_OK(running_.in().close());
    CHECK_OK(running_.out().resume());
    std::string all;
    const auto rest = running_.out().read_all(all, std::size_t{1} << 30, patience());
    CHECK_OK(rest);
    take(all);
    check();
    const auto books = running_.in().books();
    CHECK(books.unsent == 0);
    CHECK(read_ >= books.delivered);
    CHECK(read_ <= books.delivered + books.unknown);
    if (!input_stopped_) CHECK(read_ == accepted_);
    CHECK(must(running_.wait(patience())).success());
  }

 private:
  // The capacities of the two pipes, and how much the child reads and writes at once.
  struct sizes {
    std::size_t in;
    std::size_t out;
    std::size_t block;
  };

  player(event_loop& loop, dice& any, spawnpipe::interrupter& cancel, sizes of)
      : any_(any),
        cancel_(cancel),
        running_(must(spawnpipe::spawn(loop, piped({.in = of.in, .out = of.out}, "cat", of.block)))),
        most_(std::min<std::size_t>(60'000, 100 * std::min({of.in, of.out, of.block}))) {
    set_callbacks();
  }

  [[nodiscard]] std::chrono::microseconds time() { return std::chrono::microseconds(any_(3) == 0 ? 0 : any_(400)); }

  // Only the answers that a healthy child may give.
  template <class T>
  void note(const spawnpipe::result<T>& said) {
    if (said) return;
    const bool expected = said.failed_with(errc::timed_out) || said.failed_with(errc::cancelled) ||
                          said.failed_with(errc::output_stalled) || said.failed_with(errc::line_too_long) ||
                          said.failed_with(errc::limit_reached) ||
                          (said.failed_with(errc::stopped) && (reader_stopped_ || input_stopped_)) ||
                          (said.failed_with(errc::closed) && input_over_) ||
                          (said.failed_with(errc::end_of_stream) && input_over_);
    CHECK_MESSAGE(expected, said.error().message());
  }

  void take(std::string_view bytes) {
    REQUIRE_FALSE(pattern::first_difference(bytes, read_));
    read_ += bytes.size();
  }

  void check() {
    const auto books = running_.in().books();
    REQUIRE(balanced(books));
    REQUIRE(books.accepted == accepted_);
    REQUIRE(books.unsent == running_.in().unsent());
    REQUIRE(read_ + running_.out().available().size() <= books.delivered + books.unknown);
  }

  void write() {
    std::string piece = pattern::make(any_.size(most_), accepted_);
    const std::size_t size = piece.size();
    if (any_(2) == 0) {
      const auto taken = running_.in().write(piece);
      note(taken);
      accepted_ += taken.value_or(0);
    } else {
      const auto taken = running_.in().write_owned(piece);
      note(taken);
      accepted_ += taken.value_or(false) ? size : 0;
    }
  }

  void write_all() {
    const std::string piece = pattern::make(any_.size(most_), accepted_);
    std::string_view rest = piece;
    note(running_.in().write_all(rest, time(), cancel_));
    accepted_ += piece.size() - rest.size();
  }

  void read_some() {
    std::vector<std::byte> some(any_.size(60'000));
    const auto got = running_.out().read_some(some, time(), cancel_);
    note(got);
    if (got) take({reinterpret_cast<const char*>(some.data()), *got});
  }

  void read_until() {
    const char delimiter = static_cast<char>(any_(256));
    const auto line = running_.out().read_until(delimiter, time(), cancel_);
    note(line);
    if (!line) return;
    take(*line);
    if (!running_.out().at_end() || pattern::byte_at(read_) == delimiter) {
      CHECK(pattern::byte_at(read_) == delimiter);
      if (read_ < running_.in().books().delivered) ++read_;
    }
  }

  void read_all() {
    std::string all;
    note(running_.out().read_all(all, any_.size(60'000), time(), cancel_));
    take(all);
  }

  void drain() {
    std::string all;
    note(running_.out().drain(all, any_.size(60'000)));
    take(all);
  }

  void look() {
    const std::string_view all = running_.out().available_text();
    const std::size_t part = any_(all.size() + 1);
    take(all.substr(0, part));
    running_.out().consume(part);
  }

  void stop_or_resume() {
    CHECK_OK(running_.out().stop());
    reader_stopped_ = any_(2) == 0;
    if (!reader_stopped_) CHECK_OK(running_.out().resume());
  }

  void move_about() {
    if (any_(2) == 0) {
      pipe_writer in = std::move(running_.in());
      pipe_reader out = std::move(running_.out());
      running_.in() = std::move(in);
      running_.out() = std::move(out);
    } else {
      child other = std::move(running_);
      running_ = std::move(other);
    }
  }

  void end_input() {
    if (any_(2) == 0) {
      CHECK_OK(running_.in().close());
    } else {
      input_stopped_ = input_stopped_ || !input_over_ || running_.in().unsent() > 0;
      CHECK_OK(running_.in().stop());
    }
    input_over_ = true;
  }

  // Ends the child in one of the ways there are.
  bool end() {
    switch (any_(4)) {
      case 0: finish(); break;
      case 1: CHECK_OK(running_.stop(stop_policy::immediate(), patience())); break;
      case 2: CHECK_OK(running_.stop(stop_policy::graceful(1ms), patience())); break;
      default: break;  // the destructor does it
    }
    return false;
  }

  void set_callbacks() {
    if (!callbacks_on_) {
      running_.out().on_readable({});
      running_.in().on_written({});
      return;
    }
    running_.out().on_readable([this](pipe_reader& out) {
      CHECK_FALSE(reader_stopped_);
      CHECK(&out == &running_.out());
      look();
    });
    running_.in().on_written([this](pipe_writer& in) {
      CHECK(&in == &running_.in());
      CHECK(balanced(in.books()));
    });
  }

  dice& any_;
  spawnpipe::interrupter& cancel_;
  child running_;
  std::size_t
      most_;  // to write at once: a hundred pieces of what goes through at once, or each would be a call of its own for minutes
  std::uint64_t accepted_ = 0;
  std::uint64_t read_ = 0;
  bool callbacks_on_ = true;
  bool reader_stopped_ = false;
  bool input_over_ = false;
  bool input_stopped_ = false;
};

TEST_CASE(
    "[W8][R4][T5][T7][C1] thousands of operations in any order on several children leave books and pattern as they "
    "should "
    "be") {
  harness::leak_check nothing_left;
  harness::bound_case(70s);
  const char* const given = std::getenv("SPAWNPIPE_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("SPAWNPIPE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  CAPTURE(seed);
  dice any(seed);
  event_loop loop = must(event_loop::create());
  spawnpipe::interrupter cancel;
  // Wakes and cancellations come in at any moment.
  std::atomic<bool> over = false;
  std::thread disturbs([&] {
    for (dice when(seed + 1); !over; std::this_thread::sleep_for(std::chrono::microseconds(when(800)))) {
      when(2) == 0 ? loop.wake() : cancel.interrupt();
    }
  });
  std::array<std::unique_ptr<player>, 5> players;
  std::size_t ended = 0;
  const char* const wanted = std::getenv("SPAWNPIPE_OPERATIONS");
  const int operations = wanted != nullptr ? std::atoi(wanted) : 20'000;
  for (int operation = 0; operation < operations; ++operation) {
    auto& each = players[any(players.size())];
    if (!each) each = std::make_unique<player>(loop, any, cancel);
    if (any(8) == 0) cancel.reset();
    if (any(12) == 0) {
      const auto ran = loop.run(std::chrono::microseconds(any(400)), cancel);
      if (!ran) CHECK((ran.failed_with(errc::timed_out) || ran.failed_with(errc::cancelled)));
    }
    if (!each->step()) {
      each.reset();
      ++ended;
    }
  }
  over = true;
  disturbs.join();
  for (auto& each : players) {
    if (each) each->finish();
  }
  CHECK(ended > static_cast<std::size_t>(operations) / 2000);
}

}  // namespace
