// A child that does nothing, and each call on it that blocks.
#ifndef SPAWNPIPE_TESTS_CONTRACT_BLOCKED_CHILD_HPP
#define SPAWNPIPE_TESTS_CONTRACT_BLOCKED_CHILD_HPP

#include "cases.hpp"

#include <cstddef>
#include <span>
#include <system_error>
#include <vector>

namespace cases {

// It neither reads nor writes, its stdin is full, and it does not end when asked to. On a loop of its own, which waits for its
// end. Beside it is one for `stop` alone: where a child cannot be asked to end, its stdin is closed, which spoils the other calls.
struct blocked_child {
  explicit blocked_child(event_loop on = must(event_loop::create())) : loop(std::move(on)) {
    running = must(spawnpipe::spawn(loop, piped({.in = 1000}, "ignore-terminate")));
    CHECK(line_of(running.out()) == "ready");
    filled = fill(running.in());
    running.on_exit([](child&, const spawnpipe::exit_status&) {});
    stubborn = must(spawnpipe::spawn(loop, piped("ignore-terminate").err(spawnpipe::stdio::null{})));
    CHECK(line_of(stubborn.out()) == "ready");
  }

  event_loop loop;
  child running;
  child stubborn;
  std::size_t filled = 0;
};

// A call that would block for ever, and what it said; no code for success.
struct blocking_call {
  const char* name;
  std::function<std::error_code(deadline, const cancellation&)> call;
};

template <class T>
[[nodiscard]] std::error_code code_of(const spawnpipe::result<T>& outcome) {
  return outcome ? std::error_code() : outcome.error().code;
}

[[nodiscard]] inline std::vector<blocking_call> blocking_calls(blocked_child& on) {
  child& running = on.running;
  return {
      {"read_some",
       [&](deadline until, const cancellation& cancel) {
         std::byte one{};
         return code_of(running.out().read_some({&one, 1}, until, cancel));
       }},
      {"read_line",
       [&](deadline until, const cancellation& cancel) { return code_of(running.out().read_line(until, cancel)); }},
      {"read_until",
       [&](deadline until, const cancellation& cancel) {
         return code_of(running.err().read_until('\0', until, cancel));
       }},
      {"read_all to a string",
       [&](deadline until, const cancellation& cancel) {
         std::string all;
         return code_of(running.err().read_all(all, 100, until, cancel));
       }},
      {"read_all to a vector",
       [&](deadline until, const cancellation& cancel) {
         std::vector<std::byte> all;
         return code_of(running.out().read_all(all, 100, until, cancel));
       }},
      {"write_all of text",
       [&](deadline until, const cancellation& cancel) {
         std::string_view rest = "x";
         const std::error_code said = code_of(running.in().write_all(rest, until, cancel));
         CHECK(rest == "x");
         return said;
       }},
      {"write_all of bytes",
       [&](deadline until, const cancellation& cancel) {
         const std::byte one{};
         std::span<const std::byte> rest(&one, 1);
         const std::error_code said = code_of(running.in().write_all(rest, until, cancel));
         CHECK(rest.size() == 1);
         return said;
       }},
      {"flush", [&](deadline until, const cancellation& cancel) { return code_of(running.in().flush(until, cancel)); }},
      {"wait", [&](deadline until, const cancellation& cancel) { return code_of(running.wait(until, cancel)); }},
      {"stop without kill",
       [&](deadline until, const cancellation& cancel) {
         return code_of(on.stubborn.stop({.terminate = 1h, .kill = false}, until, cancel));
       }},
      {"run of the loop",
       [&](deadline until, const cancellation& cancel) { return code_of(on.loop.run(until, cancel)); }},
  };
}

}  // namespace cases

#endif
