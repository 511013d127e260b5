// What the cases stand on: the proof at the end that the fake system was used by its rules and nothing is left in it, a loop with the
// smallest inbox that can be, and ends of pipes on it.
#ifndef SPAWNPIPE_TESTS_WINDOWS_NATIVE_SEAM_HPP
#define SPAWNPIPE_TESTS_WINDOWS_NATIVE_SEAM_HPP

#include "fake_system.hpp"
#include "harness.hpp"
#include "pattern.hpp"

#include "platform.hpp"
#include "windows/error.hpp"
#include "windows/loop.hpp"
#include "windows/named_pipe.hpp"
#include "windows/stream.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace seam {

using namespace std::chrono_literals;
using namespace spawnpipe;
using fake::call;
using harness::must;
using harness::scaled;
using platform::io_outcome;

// Declared before everything that a case makes.
class audit {
 public:
  audit() { fake::reset(); }
  audit(const audit&) = delete;
  audit& operator=(const audit&) = delete;
  ~audit() {
    for (const auto& what : fake::misuse()) FAIL_CHECK("misuse of the system: " << what);
    const auto left = fake::objects();
    CHECK(left.handles == 0);
    CHECK(left.pools == 0);
    CHECK(left.waits == 0);
    CHECK(left.in_flight == 0);
    fake::reset();
  }
};

// A loop that counts on nobody: what is in its inbox is taken out and noted.
class small_loop {
 public:
  // With the event for a host's own loop, which shows whether there is something to take; or without, as most loops are.
  explicit small_loop(bool shows = true)
      : os_(must(platform::loop_open({.completions = &inbox_}, nullptr))), event_(fake::last_handle()) {
    if (shows) static_cast<void>(os_->queue.native());
  }
  small_loop(const small_loop&) = delete;
  small_loop& operator=(const small_loop&) = delete;
  ~small_loop() { platform::loop_close(os_); }

  // One wait, and what came by it is handed to its end. Whether it was woken.
  bool pass(std::chrono::milliseconds most = 0ms, platform::completion* hint = nullptr) {
    const auto until = most == 0ms ? platform::time_point::min() : platform::clock_now() + most;
    const bool woken = platform::loop_wait(os_, until, hint);
    while (platform::completion* const done = inbox_.pop()) done->handle(done->owner);
    return woken;
  }
  [[nodiscard]] platform::loop* os() const { return os_; }
  [[nodiscard]] platform::inbox& inbox() { return inbox_; }
  // A pass that waits hands to the pool whatever is in flight.
  void arm() { pass(1ms); }
  // From now on a host waits on the loop's event; it is the one known already. All that is awaited is armed then.
  [[nodiscard]] bool host_waits() const {
    return platform::loop_native(os_).value == reinterpret_cast<std::intptr_t>(event_);
  }
  [[nodiscard]] bool event_is_set() const { return fake::is_set(event_); }
  [[nodiscard]] platform::waker* waker() const { return platform::loop_waker(os_); }

 private:
  platform::inbox inbox_;
  platform::loop* os_;
  HANDLE event_;
};

// Our end of a pipe, with the other end in the hands of the case.
class end {
 public:
  end(small_loop& loop, platform::direction which) : loop_(loop) {
    auto ends = must(platform::make_pipe(nullptr, which, "pipe"));
    pipe = fake::pipe::of(ends.ours.get());
    theirs = std::move(ends.theirs);
    stream_ = platform::stream_open(*loop.os(), std::move(ends.ours), which);
    REQUIRE(stream_ != nullptr);
    done.owner = this;
    done.handle = [](void* self) {
      auto& one = *static_cast<end*>(self);
      one.pending_ = false;
      one.outcome = one.done.outcome;
      ++one.completions;
    };
  }
  end(const end&) = delete;
  end& operator=(const end&) = delete;
  ~end() { close(); }

  void close() {
    if (stream_ == nullptr) return;
    if (done.posted) loop_.inbox().remove(done);
    platform::stream_close(std::exchange(stream_, nullptr));
  }
  [[nodiscard]] bool pending() const { return pending_; }
  [[nodiscard]] platform::stream* stream() const { return stream_; }

  // Passes until what is in flight has ended, by waits of its own or with the others.
  std::optional<io_outcome> finish(bool direct, std::chrono::milliseconds most = scaled(5s)) {
    const auto until = platform::clock_now() + most;
    while (pending_ && platform::clock_now() < until) loop_.pass(50ms, direct ? &done : nullptr);
    return pending_ ? std::nullopt : std::optional(outcome);
  }

  fake::pipe pipe;
  platform::unique_handle theirs;
  platform::completion done;
  io_outcome outcome;
  int completions = 0;  // that came through the inbox

 protected:
  // True where it ended at once.
  bool note(const std::optional<io_outcome>& at_once) {
    pending_ = !at_once;
    if (at_once) outcome = *at_once;
    return !pending_;
  }
  void retired() {
    pending_ = false;
    if (done.posted) loop_.inbox().remove(done);
  }

  small_loop& loop_;
  platform::stream* stream_ = nullptr;
  bool pending_ = false;
};

class reader : public end {
 public:
  explicit reader(small_loop& loop) : end(loop, platform::direction::from_child) {}
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;
  ~reader() { close(); }  // while the buffer is there

  bool begin(std::size_t most = 16) {
    outcome = {};
    buffer.assign(most, std::byte{0});
    return note(platform::read_begin(stream_, buffer, done));
  }
  io_outcome retire() {
    const io_outcome posted = done.posted ? done.outcome : io_outcome();
    const bool was_posted = done.posted;
    const io_outcome said = platform::read_retire(stream_);
    retired();
    outcome = was_posted ? posted : said;
    return outcome;
  }
  // What the last outcome brought.
  [[nodiscard]] std::string text() const { return {reinterpret_cast<const char*>(buffer.data()), outcome.bytes}; }

  std::vector<std::byte> buffer;
};

class writer : public end {
 public:
  explicit writer(small_loop& loop) : end(loop, platform::direction::to_child) {}
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  ~writer() { close(); }

  bool begin(std::string text) {
    outcome = {};
    from = std::move(text);
    const std::array spans = {std::as_bytes(std::span(from))};
    return note(platform::write_begin(stream_, spans, done));
  }
  platform::write_retired retire() {
    const bool was_posted = done.posted;
    auto said = platform::write_retire(stream_);
    if (was_posted) said.bytes = done.outcome.bytes;
    retired();
    return said;
  }

  std::string from;
};

class on_a_loop : public audit {
 public:
  small_loop loop;
};

// Runs it on a thread, and waits for its end; CHECK works there, REQUIRE does not.
template <class Body>
void on_own_thread(Body body) {
  std::thread(std::move(body)).join();
}

// So many bytes that a write of them does not fit into a pipe.
inline constexpr std::size_t too_many = platform::pipe_quota + 1000;

}  // namespace seam

#endif
