// A host of its own for a case: the test program starts itself anew, does there what would spoil the others (closes 0 to 2,
// ignores SIGCHLD, gives up its rights, forks), and reports. The host has one thread, and no doctest.
//
//   HOST_SCENARIO(closed_streams, "a host with 0 to 2 closed") {
//     close(0);
//     auto done = spawnpipe::run(harness::command("exit", 3));
//     EXPECT(done);
//     EXPECT(done->status.code() == 3);
//   }
//   TEST_CASE("[G6] a host with 0 to 2 closed") { PLAY_SCENARIO("a host with 0 to 2 closed"); }
//
// SKIP_SCENARIO("reason") leaves it, and makes the case that plays it a skipped one. A scenario without an EXPECT fails.
#ifndef SPAWNPIPE_TESTS_SCENARIO_HPP
#define SPAWNPIPE_TESTS_SCENARIO_HPP

#include "harness.hpp"

#include <optional>
#include <string>

namespace harness {

class scenario {
 public:
  scenario(const char* name, void (*act)()) noexcept;

  // What main() returns where the command line asks for a scenario.
  [[nodiscard]] static std::optional<int> main(int argc, char** argv);

  static void expect(bool holds, const char* what, const char* file, int line);
  static void skip(const char* reason);

 private:
  const char* name_;
  void (*act_)();
  scenario* next_;
};

// Plays it and asserts that it went well. A reason, where it was skipped.
[[nodiscard]] std::optional<std::string> play(const std::string& name);

}  // namespace harness

#define HOST_SCENARIO(identifier, name)                                       \
  static void identifier();                                                   \
  static const ::harness::scenario identifier##_registered{name, identifier}; \
  static void identifier()

#define EXPECT(...) ::harness::scenario::expect(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

#define SKIP_SCENARIO(reason)          \
  do {                                 \
    ::harness::scenario::skip(reason); \
    return;                            \
  } while (false)

#define PLAY_SCENARIO(name)                                              \
  do {                                                                   \
    if (const auto skipped = ::harness::play(name)) SKIP_CASE(*skipped); \
  } while (false)

#endif
