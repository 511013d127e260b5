// Every call that can block, so that what is promised of all of them is asked of each.
#ifndef SPAWNPIPE_TESTS_SIMULATED_BLOCKING_CALLS_HPP
#define SPAWNPIPE_TESTS_SIMULATED_BLOCKING_CALLS_HPP

#include "simulation.hpp"

namespace simulation {

// Every call that can block, with nothing to come to it. Each takes until `until`, and then says that it timed out.
struct blocking_call {
  std::string name;
  std::function<std::optional<error>(child&, event_loop&, deadline, const cancellation&)> call;
};

template <class T>
std::optional<error> error_of(const result<T>& outcome) {
  if (outcome) return std::nullopt;
  return outcome.error();
}

inline const std::vector<blocking_call>& blocking_calls() {
  static const std::vector<blocking_call> all{
      {"read_some", [](child& c, event_loop&, deadline until,
                       const cancellation& cancel) { return error_of(read_text(c.out(), 9, until, cancel)); }},
      {"read_line", [](child& c, event_loop&, deadline until,
                       const cancellation& cancel) { return error_of(c.out().read_line(until, cancel)); }},
      {"read_until", [](child& c, event_loop&, deadline until,
                        const cancellation& cancel) { return error_of(c.err().read_until('x', until, cancel)); }},
      {"read_all",
       [](child& c, event_loop&, deadline until, const cancellation& cancel) {
         std::string bytes;
         return error_of(c.err().read_all(bytes, 9, until, cancel));
       }},
      {"write_all",
       [](child& c, event_loop&, deadline until, const cancellation& cancel) {
         std::string_view rest = "more than the queue holds";
         return error_of(c.in().write_all(rest, until, cancel));
       }},
      {"flush",
       [](child& c, event_loop&, deadline until, const cancellation& cancel) {
         static_cast<void>(c.in().write("x"));
         return error_of(c.in().flush(until, cancel));
       }},
      {"wait", [](child& c, event_loop&, deadline until,
                  const cancellation& cancel) { return error_of(c.wait(until, cancel)); }},
      {"stop",
       [](child& c, event_loop&, deadline until, const cancellation& cancel) {
         return error_of(c.stop({.terminate = std::chrono::milliseconds::max(), .kill = false}, until, cancel));
       }},
      {"event_loop::run",
       [](child& c, event_loop& loop, deadline until, const cancellation& cancel) {
         c.on_exit([](child&, const exit_status&) {});
         return error_of(loop.run(until, cancel));
       }},
  };
  return all;
}

class idle_child : public on_a_loop {
 public:
  scripted_child& script = prepare();
  child running = start(4);

 private:
  scripted_child& prepare() {
    auto& prepared = sim.next_child();
    prepared.ignore_terminate();
    return prepared;
  }
};

}  // namespace simulation

#endif
