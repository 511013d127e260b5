// The helper program on Windows, where it could be wrong about what it was given.
#include "children.hpp"

#include <string>
#include <vector>

namespace {

using harness::command;
using harness::patience;

spawnpipe::completed finish(const spawnpipe::command& what) {
  return harness::must(spawnpipe::run(what, {.until = patience()}));
}

TEST_CASE("the helper takes its command line apart as the system does") {
  harness::leak_check nothing_left;
  const std::vector<std::string> hostile = {
      "",           " ",     "a b",     "tail ",     "\t",    "\"",  "\\",
      "\\\\",       "\\\"",  "\\\\\"",  "a\\",       "a b\\", "''",  "\"\"",
      "a\"b",       "a\"\"", "a\"\"b",  "\"a\" \"b", "^&|",   "%x%", "\u017elu\u0165",
      "\U0001F600", "/?",    "\\\\s\\p"};
  const auto ours = finish(command("args").args(hostile));
  const auto theirs = finish(command("args-by-system").args(hostile));
  CHECK(theirs.success());
  CHECK(ours.out == theirs.out);
  std::string expected;
  for (const std::string& each : hostile) (expected += each) += '\0';
  CHECK(ours.out == expected);
}

TEST_CASE("half of a surrogate pair comes through, in an argument and in a variable") {
  harness::leak_check nothing_left;
  const std::string high = "a\xED\xA0\x80z";  // U+D800, as WTF-8 has it
  const std::string low = "\xED\xB0\x80";     // U+DC00
  CHECK(finish(command("args", high, low)).out == high + '\0' + low + '\0');
  CHECK(finish(command("env", "SPAWNPIPE_TEST_HALF").env("SPAWNPIPE_TEST_HALF", high)).out ==
        "SPAWNPIPE_TEST_HALF=" + high + '\0');
}

TEST_CASE("[P4] exit codes have 32 bits, and 259 is one of them") {
  harness::leak_check nothing_left;
  for (const std::uint32_t code : {259U, 256U, 0x7FFFFFFFU, 0x80000000U, 0xC0000005U, 0xC0000135U, 0xFFFFFFFFU}) {
    CAPTURE(code);
    const auto done = finish(command("exit-code", code));
    CHECK(done.status == spawnpipe::exit_status::exited(code));
    CHECK(done.why == spawnpipe::ended_by::itself);
    CHECK_FALSE(done.success());
  }
}

}  // namespace
