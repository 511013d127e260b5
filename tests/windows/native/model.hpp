// What the model of the hand-over between the owner thread and the others is made of: the back end's own code on the fake system, driven
// by the scheduler (schedule.hpp) through every order of steps. In small: one or two pipes, a few bytes, two or three threads beside
// those of the pool.
//
// A cancel is a wish here, as on Windows: the system answers it later, on a thread of its own, and what was cancelled may end with data
// until then.
#ifndef SPAWNPIPE_TESTS_WINDOWS_NATIVE_MODEL_HPP
#define SPAWNPIPE_TESTS_WINDOWS_NATIVE_MODEL_HPP

#include "schedule.hpp"
#include "seam.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace model {

using namespace std::chrono_literals;
using namespace spawnpipe;
using harness::must;
using platform::io_outcome;
using seam::audit;
using seam::too_many;
namespace schedule = fake::schedule;
using schedule::expect;

// A loop whose owner waits for ever where it waits: a wake that is lost is a deadlock.
class endless_loop {
 public:
  endless_loop() : os_(must(platform::loop_open({.completions = &inbox_}, nullptr))) {}
  endless_loop(const endless_loop&) = delete;
  endless_loop& operator=(const endless_loop&) = delete;
  ~endless_loop() { platform::loop_close(os_); }

  bool pass(bool waits, platform::completion* hint = nullptr) {
    const bool woken =
        platform::loop_wait(os_, waits ? platform::time_point::max() : platform::time_point::min(), hint);
    while (platform::completion* const done = inbox_.pop()) done->handle(done->owner);
    return woken;
  }
  // From now on a host waits for the loop: all that is in flight is in the pool.
  void host_waits() { native_ = reinterpret_cast<HANDLE>(platform::loop_native(os_).value); }
  [[nodiscard]] HANDLE native() const { return native_; }
  // To be told: its event is set exactly while there is something to take.
  void expect_nothing() const {
    expect(native_ == nullptr || !fake::is_set(native_), "the host's event is set for nothing");
  }

  [[nodiscard]] platform::loop* os() const { return os_; }
  [[nodiscard]] platform::inbox& inbox() { return inbox_; }

 private:
  platform::inbox inbox_;
  platform::loop* os_;
  HANDLE native_ = nullptr;
};

// Our end of a pipe; its other end is there for as long as somebody has it.
class end {
 public:
  end(endless_loop& loop, platform::direction which) : loop_(loop) {
    auto ends = must(platform::make_pipe(nullptr, which, "pipe"));
    pipe = fake::pipe::of(ends.ours.get());
    theirs_ = std::move(ends.theirs);
    answer_cancels();
    stream_ = platform::stream_open(*loop.os(), std::move(ends.ours), which);
    done.owner = this;
    done.handle = [](void* self) { static_cast<end*>(self)->completed(); };
  }
  end(const end&) = delete;
  end& operator=(const end&) = delete;
  ~end() { close(); }

  void close() {
    if (stream_ == nullptr) return;
    if (done.posted) loop_.inbox().remove(done);
    platform::stream_close(std::exchange(stream_, nullptr));
    *open_ = false;
  }

  [[nodiscard]] bool in_flight() const { return in_flight_; }
  [[nodiscard]] std::shared_ptr<const bool> is_open() const { return open_; }
  [[nodiscard]] platform::stream* stream() const { return stream_; }

  fake::pipe pipe;
  platform::completion done;

 protected:
  virtual void account(const io_outcome& outcome) = 0;

  void began(const std::optional<io_outcome>& at_once) {
    in_flight_ = !at_once;
    if (at_once) account(*at_once);
  }
  void retired() {
    in_flight_ = false;
    expect(!pipe.in_flight(), "retired, and in flight still");
  }

  bool in_flight_ = false;

 private:
  void completed() {
    expect(in_flight_, "a completion of what is not in flight");
    in_flight_ = false;
    account(done.outcome);
  }
  // A cancel is accepted, and answered later.
  void answer_cancels() {
    const auto wanted = std::make_shared<bool>(false);
    pipe.on_begin([wanted](DWORD) {
      *wanted = false;  // what was to be cancelled has ended
      return std::nullopt;
    });
    pipe.on_cancel([wanted, pipe = pipe]() -> DWORD {
      if (!pipe.in_flight()) return ERROR_NOT_FOUND;
      *wanted = true;
      return ERROR_SUCCESS;
    });
    const auto something = [wanted, open = open_] { return *wanted || !*open; };
    schedule::beside(
        "system",
        [wanted, something, open = open_, pipe = pipe] {
          while (*open) {
            if (std::exchange(*wanted, false)) pipe.complete(ERROR_OPERATION_ABORTED);
            static_cast<void>(schedule::wait("waits for a cancel", something, false));
          }
        },
        something);
  }

  endless_loop& loop_;
  platform::unique_handle theirs_;
  platform::stream* stream_ = nullptr;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

// A reader whose bytes are the pattern, each once and in order.
class reader final : public end {
 public:
  explicit reader(endless_loop& loop) : end(loop, platform::direction::from_child) {}
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;
  ~reader() { close(); }

  void begin() { began(platform::read_begin(stream(), buffer_, done)); }
  // While one is in flight: refused, and that one goes on.
  void begin_another() {
    const auto said = platform::read_begin(stream(), buffer_, done);
    expect(said && said->error == std::errc::device_or_resource_busy, "a second operation was not refused");
  }
  void retire() {
    const io_outcome said = platform::read_retire(stream());
    retired();
    account(said);
  }
  [[nodiscard]] std::size_t got() const { return got_; }

 private:
  void account(const io_outcome& outcome) override {
    expect(!outcome.error && !outcome.end, "a read was told an error");
    const std::string_view bytes(reinterpret_cast<const char*>(buffer_.data()), outcome.bytes);
    expect(!pattern::first_difference(bytes, got_), "a byte was lost, doubled or moved");
    got_ += outcome.bytes;
  }

  std::array<std::byte, 2> buffer_ = {};
  std::size_t got_ = 0;
};

// A writer whose books balance.
class writer final : public end {
 public:
  explicit writer(endless_loop& loop) : end(loop, platform::direction::to_child) {}
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  ~writer() { close(); }

  // So much that it does not fit.
  void begin() {
    const std::array spans = {std::as_bytes(std::span(text_))};
    began(platform::write_begin(stream(), spans, done));
  }
  void retire() {
    const auto said = platform::write_retire(stream());
    retired();
    delivered_ += said.bytes;
    unknown_ += said.unknown;
  }
  [[nodiscard]] std::size_t size() const { return text_.size(); }
  [[nodiscard]] std::size_t delivered() const { return delivered_; }
  [[nodiscard]] std::size_t unknown() const { return unknown_; }

 private:
  void account(const io_outcome& outcome) override {
    expect(!outcome.error, "a write was told an error");
    delivered_ += outcome.bytes;
  }

  std::string text_ = std::string(too_many, 'w');
  std::size_t delivered_ = 0;
  std::size_t unknown_ = 0;
};

// Explores it, and says how far that went. SPAWNPIPE_DEEPER in the environment is added to the bound.
inline void explore(const char* name, int bound, const std::function<void()>& body) {
  if (const char* const deeper = std::getenv("SPAWNPIPE_DEEPER")) bound += std::atoi(deeper);
  harness::bound_case(std::chrono::minutes(10));
  const auto all = schedule::explore(name, bound, body);
  std::printf("model: %s: %llu schedules, %llu steps, up to %zu steps and %zu threads in one, bound %d\n", name,
              static_cast<unsigned long long>(all.schedules), static_cast<unsigned long long>(all.points), all.longest,
              all.threads, bound);
  CHECK_MESSAGE(!all.failure, all.failure.value_or(""));
  CHECK(all.schedules > 1);
}

}  // namespace model

#endif
