// Lines for the prompt of cmd.exe, as text; tests/windows has them read back by cmd.exe itself.
#include "cmd_prompt_line.hpp"

#include "harness.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace {

using spawnpipe::command;
using spawnpipe::detail::cmd_prompt_line;
using spawnpipe::detail::quote_prompt_argument;
namespace stdio = spawnpipe::stdio;

TEST_CASE("an argument at the prompt of cmd.exe") {
  const std::pair<std::string_view, std::string_view> arguments[] = {
      {"plain", "plain"},
      {"-j4", "-j4"},
      {R"(C:\dir\)", R"(C:\dir\)"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {R"(a b\)", R"("a b\\")"},
      {"a&b", R"("a&b")"},
      {"a^b", R"("a^b")"},
      {"a;b", R"("a;b")"},
      {"*", R"("*")"},
      {R"(say "hi")", R"(^"say \^"hi\^"^")"},
      {R"("&calc)", R"(^"\^"^&calc^")"},
      {"%PATH%", R"(^"%^PATH%^")"},
      {"100%", R"(^"100%^")"},
      {"%%", R"(^"%^%^")"},
      {"%^", R"(^"%^^^")"},
      {"%a|b", R"(^"%^a^|b^")"},
  };
  for (const auto& each : arguments) {
    const std::string given(each.first);
    CAPTURE(given);
    CHECK(quote_prompt_argument(each.first) == each.second);
  }
}

TEST_CASE("a command as a line for the prompt of cmd.exe") {
  CHECK(cmd_prompt_line(command("make", {"-j4", "a b"})) == R"(make -j4 "a b")");
  CHECK(cmd_prompt_line(command(R"(C:\Program Files\x.exe)", {"y"})) == R"("C:\Program Files\x.exe" y)");
  CHECK(cmd_prompt_line(command("./tool")) == R"("./tool")");
  CHECK(cmd_prompt_line(command(R"(C:\50%\x.exe)")) == R"("C:\50%%cd:~,%\x.exe")");
  CHECK(cmd_prompt_line(
            command("make").cwd("src").in(stdio::null{}).out(stdio::to_file{"build.log"}).err(stdio::merge{})) ==
        R"((pushd "src" && (make & popd)) < nul > "build.log" 2>&1)");
  CHECK(cmd_prompt_line(command("x")
                            .in(stdio::from_file{"a b"})
                            .out(stdio::null{})
                            .err(stdio::to_file{"e", stdio::file_mode::append})) == R"(x < "a b" > nul 2>> "e")");
  CHECK(cmd_prompt_line(command("x").out(stdio::to_file{"n", stdio::file_mode::create_new})) ==
        R"(if not exist "n" (x > "n"))");
  CHECK(cmd_prompt_line(command("x").in(stdio::pipe{}).out(stdio::pipe{}).err(stdio::pipe{})) == "x");
  // A batch file reads its arguments by other rules.
  CHECK(cmd_prompt_line(command("show.bat", {R"(a"b)"})) == R"(show.bat "a""b")");
}

TEST_CASE("a line for a shell is read by two of them") {
  const auto shell = command::shell("echo 50% & exit");
  const std::string line = cmd_prompt_line(shell);
  CAPTURE(line);
  CHECK(line.ends_with(' ' + shell.argv().end()[-2] + R"( ^"echo 50%^ ^& exit^")"));
}

TEST_CASE("what cmd.exe cannot say is shown as what it is not") {
  CHECK(cmd_prompt_line(command("x", {"a\nb", "\xFF", "\x1A"})) ==
        "x \"a\xEF\xBF\xBD"
        "b\" \"\xEF\xBF\xBD\" \"\xEF\xBF\xBD\"");
}

TEST_CASE("a line for cmd.exe has the names of variables, and never a value") {
  command what("make");
  what.env("TOKEN", "s3cret").env("A&B", "s3cret");
  what.env().unset("DEBUG");
  CHECK(cmd_prompt_line(what) == "make & rem variables: A?B set, DEBUG unset, TOKEN set");
  what.env().clear();
  CHECK(cmd_prompt_line(what) == "make & rem variables: none");
  what.env("LANG", "s3cret");
  CHECK(cmd_prompt_line(what) == "make & rem variables: LANG set, and no others");
}

}  // namespace
