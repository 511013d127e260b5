// What the cases of this folder share, beside the harness.
#ifndef SPAWNPIPE_TESTS_CONTRACT_CASES_HPP
#define SPAWNPIPE_TESTS_CONTRACT_CASES_HPP

#include "children.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace cases {

using namespace std::chrono_literals;

using harness::must;
using harness::patience;
using harness::scaled;
using spawnpipe::cancellation;
using spawnpipe::child;
using spawnpipe::deadline;
using spawnpipe::errc;
using spawnpipe::event_loop;
using spawnpipe::pipe_reader;
using spawnpipe::pipe_writer;

constexpr std::size_t usual = spawnpipe::stdio::pipe::default_capacity;

// A command for the helper with pipes for in, out and err, of these capacities on our side.
struct capacities {
  std::size_t in = usual;
  std::size_t out = usual;
  std::size_t err = usual;
};
template <class... Arguments>
[[nodiscard]] spawnpipe::command piped(capacities of, std::string_view verb, const Arguments&... arguments) {
  using spawnpipe::stdio::pipe;
  return harness::command(verb, arguments...).in(pipe{of.in}).out(pipe{of.out}).err(pipe{of.err});
}
template <class... Arguments>
[[nodiscard]] spawnpipe::command piped(std::string_view verb, const Arguments&... arguments) {
  return piped(capacities{}, verb, arguments...);
}

// The same, started on this thread's own loop.
template <class... Arguments>
[[nodiscard]] child start(std::string_view verb, const Arguments&... arguments) {
  return must(spawnpipe::spawn(piped(verb, arguments...)));
}

class stopwatch {
 public:
  using clock = std::chrono::steady_clock;
  [[nodiscard]] clock::duration elapsed() const { return clock::now() - began_; }

 private:
  clock::time_point began_ = clock::now();
};

// Does something on a thread of its own, a little later: most likely while this thread is inside the call that follows. The
// cases hold whichever comes first.
class later {
 public:
  explicit later(std::function<void()> what, std::chrono::milliseconds delay = 20ms)
      : thread_([what = std::move(what), delay] {
          std::this_thread::sleep_for(delay);
          what();
        }) {}
  later(const later&) = delete;
  later& operator=(const later&) = delete;
  ~later() { thread_.join(); }

 private:
  std::thread thread_;
};

// Takes a line for a thing of its own: the view of read_line lives only until the next call.
[[nodiscard]] inline std::string line_of(pipe_reader& from, const char* file = __builtin_FILE(),
                                         int line = __builtin_LINE()) {
  return std::string(must(from.read_line(patience()), file, line));
}

// Lets this thread's loop make passes until `holds()`, bounded. A wait for a child that has ended makes none, and its end may be heard
// of before the bytes that it wrote.
template <class Condition>
void pass_until(Condition holds) {
  for (const auto limit = patience(); !holds() && !limit.passed();) {
    CHECK(must(spawnpipe::run(harness::command("exit"), {.until = patience()})).success());
  }
}

// Everything to the end of the stream.
[[nodiscard]] inline std::string rest_of(pipe_reader& from, std::string so_far = {}) {
  REQUIRE_OK(from.read_all(so_far, std::size_t{1} << 30, patience()));
  return so_far;
}

[[nodiscard]] inline bool balanced(const spawnpipe::write_books& books) {
  return books.accepted == books.delivered + books.unsent + books.dropped + books.unknown;
}

// Gives the writer the pattern until neither pipe nor queue take more of it; how many bytes they took. The child reads nothing.
inline std::size_t fill(pipe_writer& to) {
  std::size_t position = 0;
  for (;;) {
    const std::size_t taken = must(to.write(pattern::make(4096, position)));
    position += taken;
    if (taken == 0) return position;
  }
}

// What the helper's "checksum" answered: how many bytes it read, and whether they were the pattern.
struct sum {
  std::uint64_t count = 0;
  bool good = false;
};
[[nodiscard]] inline sum checksum_of(std::string_view answer) {
  return {.count = std::strtoull(std::string(answer).c_str(), nullptr, 10), .good = answer.ends_with(" -\n")};
}

// Numbers that look random and are the same on every system. Costs nothing to make: each thing that is to be repeated may have one of its
// own.
class dice {
 public:
  explicit dice(std::uint64_t seed) : seed_(pattern::word(seed)) {}
  // 0 to below - 1.
  std::size_t operator()(std::size_t below) {
    return static_cast<std::size_t>(pattern::word(seed_ + count_++) % below);
  }
  // From 1 on; small numbers are as likely as large ones.
  std::size_t size(std::size_t most) {
    const std::size_t top = std::size_t{1} << (*this)(static_cast<std::size_t>(std::bit_width(most)));
    return 1 + (*this)(std::min(top, most));
  }

 private:
  std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

// SPAWNPIPE_SEED of the environment, or any. Printed, so that the run can be repeated.
[[nodiscard]] inline std::uint64_t the_seed() {
  const char* const given = std::getenv("SPAWNPIPE_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("SPAWNPIPE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);  // it may be the last that is heard of this program
  return seed;
}

}  // namespace cases

#endif
