// A reader on the simulated back end, through any history: lines and bytes come out as they went in, whatever the pieces, the limits
// and the delimiters, and each answer is the one that follows from what the child has written so far.
#include "fuzz.hpp"
#include "input.hpp"

#include "simulated/script.hpp"

#include <spawnpipe/spawnpipe.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace spawnpipe;

const std::error_code broken(5, std::system_category());

// The reader, and beside it all that the child wrote in one string.
class history {
 public:
  history(pipe_reader& reader, simulated::source& pipe, std::size_t capacity)
      : reader_(reader), pipe_(pipe), capacity_(capacity), line_limit_(capacity - 1) {}

  void run(fuzz::input& from) {
    while (!from.empty()) step(from);
    flush({});
    EXPECT(reader_.resume().has_value());
    stopped_ = false;
    read_all(written_.size() + 1);
    EXPECT(taken_ == written_.size());
    EXPECT(reader_.close().has_value());
    EXPECT(pipe_.closed() && !pipe_.in_flight());
  }

 private:
  // Letters are what the child writes, signs are what happens then. | ends a piece of what it writes.
  void step(fuzz::input& from) {
    const char sign = static_cast<char>(from.byte());
    if (std::string_view(R"(|.!~^?/<=,[]_*&)").find(sign) == std::string_view::npos) {
      piece_ += sign;
      return;
    }
    if (sign == '!' || sign == '^') {
      const std::string bytes = std::exchange(piece_, {});
      flush({.bytes = bytes, .error = sign == '!' ? broken : std::make_error_code(std::errc::operation_canceled)});
      odd_ = true;
      return;
    }
    flush({.bytes = std::exchange(piece_, {})});
    switch (sign) {
      case '.': flush({.end = true}); break;
      case '~':
        pipe_.empty_completion();
        odd_ = true;
        break;
      case '?': read_until('\n'); break;
      case '/': read_until(static_cast<char>(from.byte())); break;
      case '<': read_some(from.number() % 20); break;
      case '=': consume(from.number() % 20); break;
      case ',':
        line_limit_ = from.number() % 20;
        reader_.line_limit(line_limit_);
        break;
      case '[':
        EXPECT(reader_.stop().has_value());
        stopped_ = true;
        break;
      case ']':
        EXPECT(reader_.resume().has_value());
        stopped_ = false;
        break;
      case '_': drain(from.number() % 40); break;
      case '*': read_all(from.number() % 40); break;
      case '&': pipe_.eager(eager_ = !eager_); break;
      default: break;
    }
    const std::optional<error> failed = reader_.error();
    EXPECT(!failed || (ended_by_ && failed->code == *ended_by_));
    EXPECT(!reader_.at_end() || (over_ && !ended_by_ && left().empty()));
  }

  void flush(const simulated::arrival& what) {
    if (what.bytes.empty() && !what.error && !what.end) return;
    pipe_.feed(what);
    if (over_) return;  // nobody will see it
    written_ += what.bytes;
    over_ = what.end || what.error == broken;
    if (what.error == broken) ended_by_ = broken;
  }

  // What the child wrote and the reader has not given yet.
  [[nodiscard]] std::string_view left() const { return std::string_view(written_).substr(taken_); }

  // The same as far as it can be read: a reader that is stopped gives what it has.
  [[nodiscard]] std::string readable() { return std::string(stopped_ ? reader_.available_text() : left()); }

  // The answers where nothing is left to read.
  void expect_no_more(const error& why) {
    if (stopped_) {
      EXPECT(why == errc::stopped || (over_ && (ended_by_ ? why.code == *ended_by_ : why == errc::end_of_stream)));
    } else if (over_) {
      EXPECT(ended_by_ ? why.code == *ended_by_ : why == errc::end_of_stream);
    } else {
      EXPECT(why == errc::timed_out);
    }
  }

  void expect_taken(std::string_view bytes) {
    EXPECT(left().starts_with(bytes));
    taken_ += bytes.size();
  }

  void read_until(char delimiter) {
    const std::string text = readable();
    const std::size_t limit = std::min(line_limit_, capacity_ - 1);
    const std::size_t end = text.find(delimiter);
    const auto line = reader_.read_until(delimiter, 1s);
    if (std::min(end, text.size()) > limit) {
      EXPECT(line.failed_with(errc::line_too_long));
    } else if (end != std::string::npos) {
      EXPECT(line && *line == std::string_view(text).substr(0, end));
      taken_ += end + 1;
    } else if (line) {
      EXPECT(over_ && !text.empty() && text == left() && *line == text);
      taken_ += text.size();
    } else {
      EXPECT(text.empty() || !over_ || stopped_);
      expect_no_more(line.error());
    }
  }

  void read_some(std::size_t most) {
    const std::string text = readable();
    std::vector<std::byte> into(most);
    const auto count = reader_.read_some(into, 1s);
    if (most == 0) {
      EXPECT(count && *count == 0);
    } else if (text.empty()) {
      EXPECT(!count);
      expect_no_more(count.error());
    } else {
      EXPECT(count && *count >= 1 && *count <= std::min(most, text.size()));
      expect_taken({reinterpret_cast<const char*>(into.data()), *count});
    }
  }

  void consume(std::size_t count) {
    const std::string there(reader_.available_text());
    EXPECT(there.size() <= capacity_);
    EXPECT(left().starts_with(there));
    reader_.consume(count);
    taken_ += std::min(count, there.size());
  }

  void read_all(std::size_t limit) {
    const std::string text = readable();
    std::string all;
    const auto done = reader_.read_all(all, limit, 1s);
    EXPECT(all == text.substr(0, limit));
    expect_taken(all);
    if (done) {
      EXPECT(over_ && !ended_by_ && left().empty());
    } else if (done.failed_with(errc::limit_reached)) {
      EXPECT(all.size() == limit && !left().empty());
    } else {
      expect_no_more(done.error());
    }
  }

  void drain(std::size_t limit) {
    const std::size_t there = left().size();
    std::string all;
    const auto count = reader_.drain(all, limit);
    EXPECT(count && *count == all.size() && all.size() <= limit);
    // Where a read came to nothing, what lies behind it may be left for later.
    if (!odd_ && !stopped_) EXPECT(all.size() == std::min(there, limit));
    expect_taken(all);
  }

  pipe_reader& reader_;
  simulated::source& pipe_;
  std::size_t capacity_;
  std::size_t line_limit_;
  std::string piece_;    // not yet in the pipe
  std::string written_;  // before its end
  std::size_t taken_ = 0;
  bool over_ = false;
  std::optional<std::error_code> ended_by_;
  bool stopped_ = false;
  bool eager_ = false;
  bool odd_ = false;  // a read came to nothing, or will
};

}  // namespace

void fuzz::targets::reader_lines(std::string_view bytes) {
  input from(bytes);
  auto& script = simulated::script::get();
  script.reset();
  {
    const std::size_t capacity = 1 + from.number() % 24;
    auto loop = event_loop::create();
    auto& played = script.next_child();
    auto running = spawn(*loop, command("program").in(stdio::null{}).out(stdio::pipe{capacity}).err(stdio::null{}));
    EXPECT(running.has_value());
    history(running->out(), played.out, capacity).run(from);
    played.exit();
    EXPECT(running->wait(1s).has_value());
  }
  EXPECT(script.misuse().empty());
  EXPECT(script.deadlocks() == 0);
  EXPECT(script.objects() == simulated::object_counts{});
}
