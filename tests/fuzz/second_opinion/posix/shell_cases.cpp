// Shells, asked what they make of arguments that were quoted for them.
#include "../opinions.hpp"

#include "command_line.hpp"

#include <cstddef>
#include <string>

namespace {

using opinions::strings;

// All of them, as the shell passes them on to one of its own commands.
std::optional<strings> passed_on(const spawnpipe::command& shell, const strings& arguments,
                                 std::string (*quoted)(std::string_view)) {
  std::string line = "printf '%s\\0'";
  for (const std::string& each : arguments) line += ' ' + quoted(each);
  const auto out = opinions::output_of(spawnpipe::command(shell).arg("-c").arg(line));
  if (!out) return std::nullopt;
  return opinions::without_nuls(*out);
}

void ask(const spawnpipe::command& shell, std::string (*quoted)(std::string_view)) {
  harness::bound_case(std::chrono::seconds(120));
  CAPTURE_SEED();
  unit::random_text random;
  std::size_t asked = 0;
  for (int round = 0; round < 40; ++round) {
    strings arguments = random.list(opinions::hostile_pieces(), 300, 12);
    arguments.emplace_back();
    const auto passed = passed_on(shell, arguments, quoted);
    if (!passed) SKIP_CASE("there is no " + shell.program());
    REQUIRE(passed->size() == arguments.size());
    for (std::size_t index = 0; index < arguments.size(); ++index) {
      INFO(quoted(arguments[index]));
      REQUIRE((*passed)[index] == arguments[index]);
      ++asked;
    }
  }
  CHECK(asked > 1000);
}

TEST_CASE("/bin/sh reads a quoted argument as it was") { ask({"/bin/sh"}, command_line::quoted); }
TEST_CASE("bash reads a quoted argument as it was") { ask({"bash", "--norc"}, command_line::quoted); }
TEST_CASE("busybox reads a quoted argument as it was") { ask({"busybox", "sh"}, command_line::quoted); }
TEST_CASE("zsh reads a quoted argument as it was") { ask({"zsh", "-f"}, command_line::quoted); }

}  // namespace
