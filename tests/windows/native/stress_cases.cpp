// Four threads with a loop each, and pipes whose other ends two more threads serve: anything in any order, every byte at its place.
// SPAWNPIPE_SEED in the environment repeats a run.
#include "seam.hpp"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>

namespace {

using namespace seam;

std::uint64_t the_seed() {
  const char* const given = std::getenv("SPAWNPIPE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

class dice {
 public:
  explicit dice(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t operator()(std::uint64_t sides) { return pattern::word(seed_ * 1'000'003 + count_++) % sides; }

 private:
  std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

// The other end of one pipe, which any thread may serve.
struct other_end {
  std::mutex lock;
  fake::pipe pipe;
  bool feeds = false;
  std::uint64_t fed = 0;
  std::string taken;

  void serve(dice& roll) {
    const std::lock_guard hold(lock);
    if (feeds && pipe.held() < 2000) {
      const auto count = 1 + roll(300);
      pipe.feed(pattern::make(count, fed));
      fed += count;
    }
    if (!feeds) taken += pipe.take(1 + roll(60'000));
    if (roll(20) == 0) pipe.withhold(true);
    if (roll(4) == 0) pipe.withhold(false);
    if (feeds && roll(50) == 0) pipe.complete(ERROR_SUCCESS, static_cast<DWORD>(roll(20)));
  }
};

struct failures {
  std::mutex lock;
  std::string first;

  void expect(bool holds, const std::string& what) {
    if (holds) return;
    const std::lock_guard hold(lock);
    if (first.empty()) first = what;
  }
};

// What all threads see.
struct world {
  failures failed;
  std::mutex lock;
  std::vector<std::shared_ptr<other_end>> ends;
  std::vector<platform::waker*> wakers;
  std::atomic<int> retired = 0;
  std::atomic<int> raced = 0;
  std::atomic<int> told = 0;
  std::atomic<bool> over = false;

  template <class Stream>
  std::shared_ptr<other_end> add(const Stream& stream, bool feeds) {
    auto made = std::make_shared<other_end>();
    made->pipe = stream.pipe;
    made->feeds = feeds;
    const std::lock_guard hold(lock);
    ends.push_back(made);
    return made;
  }
  void remove(const std::shared_ptr<other_end>& one) {
    const std::lock_guard hold(lock);
    std::erase(ends, one);
  }
  std::shared_ptr<other_end> any(dice& roll) {
    const std::lock_guard hold(lock);
    return ends.empty() ? nullptr : ends[roll(ends.size())];
  }
  void wake_any(dice& roll) {
    platform::waker* one = nullptr;
    {
      const std::lock_guard hold(lock);
      if (wakers.empty()) return;
      one = wakers[roll(wakers.size())];
      platform::waker_retain(one);
    }
    platform::loop_wake(one);
    platform::waker_release(one);
  }
};

// A reader with the books of R4.
class checked_reader {
 public:
  checked_reader(small_loop& loop, world& all) : all_(all), in_(loop), other_(all.add(in_, true)) {}
  checked_reader(const checked_reader&) = delete;
  checked_reader& operator=(const checked_reader&) = delete;
  ~checked_reader() {
    settle(true);
    all_.remove(other_);
    const std::lock_guard hold(other_->lock);
    other_->pipe.withhold(false);
    while (in_.pipe.held() > 0 && in_.begin(500)) account();
    all_.failed.expect(got_ == other_->fed,
                       "a reader got " + std::to_string(got_) + " of " + std::to_string(other_->fed));
  }

  void step(dice& roll, small_loop& loop) {
    if (in_.pending()) {
      if (roll(3) == 0) {
        static_cast<void>(in_.finish(roll(2) == 0, 1ms));
        if (!in_.pending()) ++all_.told;
      }
      settle(roll(4) == 0);
    } else if (begun_) {
      settle(false);
    } else if (in_.begin(1 + roll(400))) {
      account();
    } else {
      begun_ = true;
      if (roll(2) == 0) loop.arm();
    }
  }

 private:
  void account() {
    const std::string text = in_.text();
    all_.failed.expect(!pattern::first_difference(text, got_), "a reader got other bytes at " + std::to_string(got_));
    all_.failed.expect(!in_.outcome.error && !in_.outcome.end, "a reader was told an error");
    got_ += text.size();
    begun_ = false;
  }
  void settle(bool retire) {
    if (in_.pending() && retire) {
      static_cast<void>(in_.retire());
      ++all_.retired;
      if (in_.outcome.bytes > 0) ++all_.raced;
      account();
    } else if (!in_.pending() && begun_) {
      account();
    }
  }

  world& all_;
  reader in_;
  std::shared_ptr<other_end> other_;
  std::uint64_t got_ = 0;
  bool begun_ = false;
};

// A writer with the books of W8.
class checked_writer {
 public:
  checked_writer(small_loop& loop, world& all) : all_(all), out_(loop), other_(all.add(out_, false)) {}
  checked_writer(const checked_writer&) = delete;
  checked_writer& operator=(const checked_writer&) = delete;
  ~checked_writer() {
    if (!broken_) settle(true);
    all_.remove(other_);
    const std::lock_guard hold(other_->lock);
    while (out_.pipe.held() > 0) other_->taken += out_.pipe.take(100'000);
    const std::string& taken = other_->taken;
    all_.failed.expect(!pattern::first_difference(taken), "a writer's bytes arrived otherwise");
    all_.failed.expect(accepted_ == delivered_ + unknown_ + dropped_, "a writer's books do not balance");
    all_.failed.expect(
        delivered_ <= taken.size() && taken.size() <= delivered_ + unknown_,
        "a writer delivered " + std::to_string(delivered_) + " of which came " + std::to_string(taken.size()));
  }

  void step(dice& roll, small_loop& loop) {
    if (broken_) return;
    if (out_.pending()) {
      if (roll(3) == 0) static_cast<void>(out_.finish(roll(2) == 0, 1ms));
      settle(roll(12) == 0);
    } else if (begun_) {
      settle(false);
    } else {
      const std::string piece = pattern::make(1 + roll(roll(8) == 0 ? too_many : 3000), accepted_);
      accepted_ += piece.size();
      begun_ = true;
      if (out_.begin(piece)) {
        account();
      } else if (roll(2) == 0) {
        loop.arm();
      }
    }
  }
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  void account() {
    all_.failed.expect(!out_.outcome.error, "a writer was told an error");
    delivered_ += out_.outcome.bytes;
    all_.failed.expect(accepted_ == delivered_, "a write ended in part");
    begun_ = false;
  }
  void settle(bool retire) {
    if (out_.pending() && retire) {
      const auto said = out_.retire();
      ++all_.retired;
      if (said.bytes > 0) ++all_.raced;
      delivered_ += said.bytes;
      unknown_ += said.unknown;
      dropped_ += out_.from.size() - said.bytes - said.unknown;
      begun_ = false;
      broken_ = said.unknown > 0;  // it is not used again
    } else if (!out_.pending() && begun_) {
      account();
    }
  }

  world& all_;
  writer out_;
  std::shared_ptr<other_end> other_;
  std::uint64_t accepted_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t unknown_ = 0;
  std::uint64_t dropped_ = 0;
  bool begun_ = false;
  bool broken_ = false;
};

void live(world& all, std::uint64_t seed, int steps) {
  dice roll(seed);
  while (steps > 0) {
    small_loop loop;
    if (roll(3) == 0) all.failed.expect(loop.host_waits(), "the event of a loop");
    {
      const std::lock_guard hold(all.lock);
      all.wakers.push_back(loop.waker());
    }
    {
      const auto pairs = 2 + roll(2);
      std::vector<std::unique_ptr<checked_reader>> readers(pairs);
      std::vector<std::unique_ptr<checked_writer>> writers(pairs);
      for (auto life = 300 + roll(700); life > 0 && steps > 0; --life, --steps) {
        auto& in = readers[roll(pairs)];
        auto& out = writers[roll(pairs)];
        if (!in || roll(60) == 0) in = std::make_unique<checked_reader>(loop, all);
        if (!out || out->broken() || roll(60) == 0) out = std::make_unique<checked_writer>(loop, all);
        in->step(roll, loop);
        out->step(roll, loop);
        if (roll(5) == 0) loop.pass(roll(3) == 0 ? 1ms : 0ms);
        if (roll(20) == 0) all.wake_any(roll);
      }
    }
    const std::lock_guard hold(all.lock);
    std::erase(all.wakers, loop.waker());
  }
}

void stress(bool late) {
  harness::bound_case(60s);
  const std::uint64_t seed = the_seed();
  CAPTURE(seed);
  fake::unrest(seed | 1U);
  fake::late_callbacks(late);
  const int steps = std::getenv("SPAWNPIPE_SLOW") == nullptr ? 20'000 : 5'000;
  world all;
  std::vector<std::thread> loops;
  std::vector<std::thread> others;
  constexpr int threads = 4;
  for (int i = 0; i < threads; ++i) {
    loops.emplace_back([&all, seed, i, steps] { live(all, seed + static_cast<std::uint64_t>(i), steps / threads); });
  }
  for (std::uint64_t i = 0; i < 2; ++i) {
    others.emplace_back([&all, seed, i] {
      dice roll(seed + 100 + i);
      while (!all.over) {
        if (const auto one = all.any(roll)) one->serve(roll);
        if (roll(10) == 0) all.wake_any(roll);
        if (roll(3) == 0) std::this_thread::yield();
      }
    });
  }
  for (auto& each : loops) each.join();
  all.over = true;
  for (auto& each : others) each.join();
  CHECK_MESSAGE(all.failed.first.empty(), all.failed.first);
  CHECK(all.told > 0);
  CHECK(all.retired > steps / 200);
  CHECK(all.raced > 0);
  const auto misused = fake::misuse();
  CHECK_MESSAGE(misused.empty(), (misused.empty() ? "" : misused.front()));
}

TEST_CASE_FIXTURE(audit, "[R4][W8][C1] anything at any time, on four loops") { stress(false); }
TEST_CASE_FIXTURE(audit, "[R4][W8][C1] the same with callbacks that come late") { stress(true); }

}  // namespace
