// Many operations in any order, on several children of each of several loops, which run side by side in threads of their own; against a
// model of what must come of them (player.hpp). SPAWNPIPE_OPERATIONS in the environment says how many.
//
// What is done depends on the seed, the loop and the number of the operation alone, whatever came of those before: SPAWNPIPE_SEED in the
// environment repeats a run. When bytes come and when a time is over is the system's own.
#include "player.hpp"

#include <atomic>
#include <cstdio>
#include <list>
#include <memory>
#include <vector>

namespace {

using namespace cases;

// A loop with some children, and what is done on it.
class table {
 public:
  table(std::uint64_t seed, int operations) : seed_(seed), operations_(operations) {}
  table(const table&) = delete;
  table& operator=(const table&) = delete;
  ~table() = default;

  // On a thread of its own.
  void play() {
    CAPTURE(seed_);
    loop_ = must(event_loop::create());
    open_ = true;
    for (int operation = 0; operation < operations_; ++operation) {
      dice any(seed_ + static_cast<std::uint64_t>(operation));
      one(any);
    }
    for (auto& each : players_) {
      if (each) each->finish();
      each.reset();
    }
    REQUIRE_OK(loop_.run(patience()));  // the jobs
    CHECK(jobs_.empty());
    while (disturbing_.exchange(true)) std::this_thread::yield();
    open_ = false;
    loop_ = event_loop();
  }

  // From another thread, at any moment.
  void disturb(dice& any) {
    if (disturbing_.exchange(true)) return;
    if (open_) any(2) == 0 ? loop_.wake() : cancel_.interrupt();
    disturbing_ = false;
  }

  [[nodiscard]] const tally& all() const { return all_; }

 private:
  void one(dice& any) {
    auto& each = players_[any(players_.size())];
    if (!each) {
      each = std::make_unique<player>(loop_, seed_ + any(1U << 30U), cancel_, all_,
                                      [this](dice& which) { return players_[which(players_.size())].get(); });
    }
    if (any(8) == 0) cancel_.reset();
    if (any(12) == 0) run(any);
    if (any(150) == 0) begin_job(any);
    if (!each->step(any)) each.reset();
  }

  void run(dice& any) {
    const auto ran = loop_.run(std::chrono::microseconds(any(400)), cancel_);
    if (!ran) CHECK((ran.failed_with(errc::timed_out) || ran.failed_with(errc::cancelled)));
    all_.count(deed::run_loop);
  }

  void begin_job(dice& any) {
    const std::size_t size = any.size(200'000);
    const std::string input = pattern::make(size);
    spawnpipe::run_options options{.input = input};
    const bool in_time = any(2) == 0;
    if (!in_time) options.until = std::chrono::microseconds(any(3000));
    jobs_.emplace_back();
    const auto place = std::prev(jobs_.end());
    auto begun =
        spawnpipe::run_async(loop_, harness::command("cat"), options, [=, this](const spawnpipe::completed& done) {
          CHECK_FALSE(pattern::first_difference(done.out));
          CHECK(done.out.size() <= size);
          if (in_time) CHECK(done.success());
          if (in_time) CHECK(done.out.size() == size);
          all_.count(deed::job);
          jobs_.erase(place);
        });
    if (begun) {
      *place = *std::move(begun);
    } else {
      CHECK((begun.failed_with(errc::timed_out) && !in_time));  // it had come before the child was started
      jobs_.erase(place);
    }
  }

  std::uint64_t seed_;
  int operations_;
  event_loop loop_;
  spawnpipe::interrupter cancel_;
  tally all_;
  std::array<std::unique_ptr<player>, 5> players_;
  std::list<spawnpipe::job> jobs_;
  std::atomic<bool> open_ = false;
  std::atomic<bool> disturbing_ = false;  // or closed
};

// So many loops side by side. False where one of them ended early.
bool round(std::uint64_t seed, std::size_t loops, int operations, tally& all) {
  std::vector<std::unique_ptr<table>> tables;
  std::vector<std::thread> threads;
  std::atomic<std::size_t> good = 0;
  for (std::size_t i = 0; i < loops; ++i) {
    tables.push_back(std::make_unique<table>(seed + (loops << 48U) + (i << 44U), operations / static_cast<int>(loops)));
  }
  for (const auto& each : tables) {
    threads.emplace_back([&each, &good] {
      try {
        each->play();
        ++good;
      } catch (...) {  // a REQUIRE, which has been told
      }
    });
  }
  std::atomic<bool> over = false;
  std::thread disturbs([&] {
    for (dice when(seed + 1); !over; std::this_thread::sleep_for(std::chrono::microseconds(when(800)))) {
      tables[when(tables.size())]->disturb(when);
    }
  });
  for (std::thread& each : threads) each.join();
  over = true;
  disturbs.join();
  for (const auto& each : tables) all.add(each->all());
  return good == loops;
}

TEST_CASE(
    "[W8][R4][T5][T7][C1][C3] thousands of operations in any order on several children of several loops leave books "
    "and "
    "pattern as they should be") {
  const char* const wanted = std::getenv("SPAWNPIPE_OPERATIONS");
  const int usual = host_os::small_pieces_are_slow() ? 4'000 : 20'000;
  const int operations = wanted != nullptr ? std::atoi(wanted) : usual;
  harness::bound_case(60s + std::chrono::milliseconds(operations / 2));
  const std::uint64_t seed = the_seed();
  CAPTURE(seed);
  harness::leak_check nothing_left;
  tally all;
  // Some kinds are rare: a flush that waits behind a full pipe, an end in a callback.
  constexpr int enough_for_all = 50'000;
  // A share for each number of loops.
  constexpr std::size_t most_loops = 8;
  for (std::size_t loops = 1; loops <= most_loops; ++loops) {
    CAPTURE(loops);
    REQUIRE(round(seed, loops, operations / static_cast<int>(most_loops), all));
  }
  std::printf("%d operations; with effect:", operations);
  for (std::size_t i = 0; i < all.done.size(); ++i) {
    const auto each = static_cast<deed>(i);
    std::printf("%s %s %llu", i > 0 ? "," : "", name_of(each), static_cast<unsigned long long>(all.done[i]));
    const bool never = each == deed::terminate && host_os::no_polite_end();
    if (!never && operations >= enough_for_all)
      CHECK_MESSAGE(all.done[i] > 0, (std::string(name_of(each)) + " never had an effect"));
  }
  std::printf("; %llu MB written, %llu MB read\n", static_cast<unsigned long long>(all.written / 1'000'000),
              static_cast<unsigned long long>(all.read / 1'000'000));
}

}  // namespace
