// What the cases on the simulated back end stand on: a script that starts anew for each, an event loop, and the proof
// at the end that the library kept to the rules of the seam and left nothing behind.
#ifndef SPAWNPIPE_TESTS_SIMULATED_SIMULATION_HPP
#define SPAWNPIPE_TESTS_SIMULATED_SIMULATION_HPP

#include "harness.hpp"
#include "pattern.hpp"

#include "simulated/script.hpp"

#include <array>
#include <exception>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace simulation {

using namespace std::chrono_literals;
using namespace spawnpipe;
using harness::must;
using simulated::duration;
using simulated::scripted_child;
using simulated::time_point;

// Declared before everything that a case makes: looks at the books when all of that is gone.
class audit {
 public:
  audit() { sim.reset(); }
  audit(const audit&) = delete;
  audit& operator=(const audit&) = delete;
  ~audit() {
    for (const auto& what : sim.misuse()) FAIL_CHECK("misuse of the seam: " << what);
    CHECK(sim.deadlocks() == 0);
    CHECK(sim.unexpected_spawns() == 0);
    const auto left = sim.objects();
    CHECK(left.streams == 0);
    CHECK(left.processes == 0);
    CHECK(left.loops == 0);
    CHECK(left.wakers == 0);
  }

  simulated::script& sim = simulated::script::get();
};

// A case with an event loop of its own.
class on_a_loop : public audit {
 public:
  event_loop loop = must(event_loop::create());

  // A child with three pipes, as the script prepared it.
  [[nodiscard]] child start(std::size_t capacity = stdio::pipe::default_capacity) {
    return must(spawn(loop, piped(capacity)));
  }
  [[nodiscard]] static command piped(std::size_t capacity = stdio::pipe::default_capacity) {
    command what("program");
    what.in(stdio::pipe{capacity}).out(stdio::pipe{capacity}).err(stdio::pipe{capacity});
    return what;
  }
};

// Runs the body on a thread of its own, whose default loop ends with it.
template <class Body>
void on_own_thread(Body body) {
  std::exception_ptr thrown;
  std::thread([&] {
    try {
      body();
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (thrown) std::rethrow_exception(thrown);
}

[[nodiscard]] inline std::error_code system_code(int number) { return {number, std::system_category()}; }
// One of the system's numbers that means this; where the standard library knows of none, the meaning itself.
[[nodiscard]] inline std::error_code system_code(std::errc code) {
  for (int number = 1; number < 2000; ++number) {
    if (system_code(number) == code) return system_code(number);
  }
  return std::make_error_code(code);
}

// Numbers that systems answer reads and writes with. They mean different things to different systems; what counts here
// is that each of them gets through to the user as it is.
inline constexpr std::array error_numbers{5, 6, 8, 14, 87, 109, 232, 233, 1450, 1816};

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}
[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// One read_some as text.
[[nodiscard]] inline result<std::string> read_text(pipe_reader& from, std::size_t most, deadline until,
                                                   const cancellation& cancel = {}) {
  std::vector<std::byte> into(most);
  const auto count = from.read_some(into, until, cancel);
  if (!count) return count.error();
  return std::string(as_text(std::span(into).first(*count)));
}

[[nodiscard]] inline bool balanced(const write_books& books) {
  return books.accepted == books.delivered + books.unsent + books.dropped + books.unknown;
}

}  // namespace simulation

namespace doctest {

template <>
struct StringMaker<spawnpipe::write_books> {
  static String convert(const spawnpipe::write_books& value) {
    const auto text = [](std::uint64_t number) { return std::to_string(number); };
    return ("accepted " + text(value.accepted) + " delivered " + text(value.delivered) + " unsent " +
            text(value.unsent) + " dropped " + text(value.dropped) + " unknown " + text(value.unknown))
        .c_str();
  }
};

}  // namespace doctest

#endif
