// Lines for batch files, read by the small cmd.exe of the tests: whatever the arguments, it sees no
// command in them, expands nothing, and hands them to the script.
#include "batch_escape.hpp"

#include "fuzz/models/cmd_exe.hpp"
#include "harness.hpp"
#include "random_text.hpp"
#include "windows_command_line.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using spawnpipe::errc;
using spawnpipe::stage;
using spawnpipe::detail::batch_command_line;
using spawnpipe::detail::is_batch_file;
using spawnpipe::detail::longest_cmd_line;
using spawnpipe::detail::split_windows_command_line;
using spawnpipe::detail::windows_splitting;
using strings = std::vector<std::string>;

constexpr std::string_view cmd_exe = R"(C:\Windows\System32\cmd.exe)";
constexpr std::string_view start = R"("C:\Windows\System32\cmd.exe" /d /e:ON /v:OFF /c )";
constexpr std::string_view script = R"(C:\x\run.bat)";

// What cmd.exe makes of a line.
model::cmd_reading read(std::string_view line, const model::cmd_variables& environment) {
  const auto what = model::cmd_read(line, start, environment);
  REQUIRE(what.has_value());
  return *what;
}

TEST_CASE("the model does what cmd.exe does") {
  strings expanded;
  const model::cmd_variables environment = {{"a", "1"}, {"cd", "C:\\"}};
  CHECK(model::expand("%a% %b% 100% %%a%% %a", environment, expanded) == "1 %b% 100% %1% %a");
  CHECK(model::expand("%%cd:~,%a%%cd:~,% %a:x=y% %a:~0,1%", environment, expanded) == "%a% 1 1");
  CHECK(expanded == strings{"%a%", "%a%", "%cd:~,%", "%cd:~,%", "%a:x=y%", "%a:~0,1%"});
  CHECK(model::special_characters(R"("a" & "b | c" ^ "")") == "&^");
  CHECK(model::special_characters("\"a\"\"&\"") == "");
  CHECK(model::special_characters("\"a\"b\"&") == "\"");
  CHECK(model::special_characters("a\"b\"&") == "&");
  CHECK(model::special_characters("\"a") == "\"");
  CHECK(model::parameters(R"("x y",a;b=c  "d""e f")") == strings{"\"x y\"", "a", "b", "c", "\"d\"\"e f\""});

  // What CVE-2024-24576 was about: quoting as for the C runtime.
  const auto naive = read(std::string(start) + R"(""C:\x\run.bat" "\"&calc.exe" %a%")", model::hostile_variables());
  CHECK(naive.special.find('&') != std::string::npos);
  CHECK(naive.expanded == strings{"%a%"});
}

TEST_CASE("batch files by name") {
  for (const std::string_view path : {"x.bat", "X.CMD", R"(C:\dir\x.Bat)", "x.bat.", "x.cmd ", "x.bat. . .",
                                      "x.exe.bat", ".bat", "dir/x.cmd", "x.bat::$DATA", "C:x.bat", "x.bat:stream",
                                      R"(\\?\C:\x.bat. )", R"(C:\a b\x.bAT ..)", R"(\\.\C:x.bat)", "x.exe:y.bat"}) {
    CAPTURE(path);
    CHECK(is_batch_file(path));
  }
  for (const std::string_view path : {"", ".", "bat", "x.exe", "x.bat.exe", "xbat", "x.ba", "x.batx", "x.bat\\y",
                                      "x.cmd/y.exe", "x.com", R"(C:\x.bat\y)", "x. bat", "x.bat\t"}) {
    CAPTURE(path);
    CHECK_FALSE(is_batch_file(path));
  }
}

TEST_CASE("a line as it is written") {
  struct row {
    strings arguments;
    std::string_view written;
  };
  for (const auto& each : {
           row{{}, R"(""C:\x\run.bat"")"},
           row{{"a", "", "b-1"}, R"(""C:\x\run.bat" a "" b-1")"},
           row{{"two words", "a,b"}, R"(""C:\x\run.bat" "two words" "a,b"")"},
           row{{R"(C:\dir\x)", R"(C:\dir\)"}, R"(""C:\x\run.bat" C:\dir\x "C:\dir\\"")"},
           row{{"\"&calc.exe"}, R"(""C:\x\run.bat" """&calc.exe"")"},
           row{{R"(a\"b)"}, R"(""C:\x\run.bat" "a\\""b"")"},
           row{{"100%"}, R"(""C:\x\run.bat" "100%%cd:~,%"")"},
           row{{"%PATH%"}, R"(""C:\x\run.bat" "%%cd:~,%PATH%%cd:~,%"")"},
           row{{"^!", "@a", "*", "/?", "\xC3\xA9"}, "\"\"C:\\x\\run.bat\" \"^!\" \"@a\" \"*\" \"/?\" \"\xC3\xA9\"\""},
       }) {
    CAPTURE(each.written);
    CHECK(*batch_command_line(cmd_exe, script, each.arguments) == std::string(start) + std::string(each.written));
  }
}

TEST_CASE("scripts that are run as they are") {
  struct row {
    std::string_view path;
    std::string_view opened;  // what cmd.exe makes of it
  };
  for (const auto& each : {
           row{R"(C:\a b\x.bat)", R"("C:\a b\x.bat")"},
           row{R"(C:\100% a%\x.cmd)", R"("C:\100% a%\x.cmd")"},
           row{R"(C:\%a%\x.cmd)", R"("C:\%a%\x.cmd")"},
           row{R"(C:\R&D (x86)\^!@,;=\x.bat)", R"("C:\R&D (x86)\^!@,;=\x.bat")"},
           row{R"(\\server\share\x.bat)", R"("\\server\share\x.bat")"},
           row{"c:/dir/x.bat", R"("c:\dir\x.bat")"},
           row{R"(C:\dir\x.BAT. .)", R"("C:\dir\x.BAT")"},
       }) {
    CAPTURE(each.path);
    const auto line = batch_command_line(cmd_exe, each.path, strings{"a"});
    REQUIRE(line);
    const model::cmd_reading what = read(*line, model::hostile_variables());
    CHECK(what.expanded.empty());
    CHECK(what.special == "");
    CHECK(what.params == strings{std::string(each.opened), "a"});
  }
}

TEST_CASE("what cannot be made safe is refused, and named") {
  const auto refused = [](std::string_view cmd, std::string_view file, const strings& arguments,
                          std::string_view said) {
    CAPTURE(said);
    const auto line = batch_command_line(cmd, file, arguments);
    REQUIRE_FALSE(line);
    CHECK(line.failed_with(errc::invalid_argument));
    CHECK(line.error().where == stage::command);
    CHECK(line.error().subject == said);
  };
  refused(cmd_exe, script, {"a\0b"s}, "argv[1] contains NUL");
  refused(cmd_exe, script, {"a", "b\nc"}, "argv[2] contains LF, where cmd.exe ends a line");
  refused(cmd_exe, script, {"a", "b", "\r"}, "argv[3] contains CR, which cmd.exe drops");
  refused(cmd_exe, script, {"\x1A"}, "argv[1] contains Ctrl-Z, which cmd.exe takes for an end");
  refused(cmd_exe, script, {"\xFF"}, "argv[1] is not UTF-8");
  refused(cmd_exe, "C:\\a\"b.bat", {}, "script contains a quote");
  refused(cmd_exe, "C:\\a\nb.bat", {}, "script contains a control character");
  refused(cmd_exe, "C:\\a\0.bat"sv, {}, "script contains a control character");
  refused(cmd_exe, "C:\\*.bat", {}, "script contains a character that no file name has");
  refused(cmd_exe, "C:\\x.bat:y.bat", {}, "script contains a character that no file name has");
  refused(cmd_exe, "C:\\\xC3.bat", {}, "script is not UTF-8");
  refused(cmd_exe, R"(C:\x.exe)", {}, R"(script "C:\x.exe" is not a batch file)");
  for (const std::string_view path :
       {"x.bat", R"(dir\x.bat)", R"(\x.bat)", "C:x.bat", R"(\\.\x.bat)", ".bat", "echo"}) {
    refused(cmd_exe, path, {}, "script \"" + std::string(path) + "\" is not a full path that cmd.exe takes");
  }
  refused(cmd_exe, R"(\\?\C:\x.bat)", {}, "script contains a character that no file name has");
  refused("cmd.exe", script, {}, R"(cmd.exe's path "cmd.exe" is not a full path)");
  refused("C:\\\"\\cmd.exe", script, {}, "cmd.exe's path contains a quote");
}

TEST_CASE("the length counts in UTF-16 units") {
  const std::size_t rest = batch_command_line(cmd_exe, script, strings{"a"})->size() - 1;
  const std::size_t room = longest_cmd_line - rest;
  CHECK(batch_command_line(cmd_exe, script, strings{std::string(room, 'a')}));
  const auto too_long = batch_command_line(cmd_exe, script, strings{std::string(room + 1, 'a')});
  CHECK(too_long.failed_with(std::errc::argument_list_too_long));
  CHECK(too_long.error().where == stage::exec);
  CHECK(too_long.error().subject == script);
  CHECK(too_long.error().hint.view() ==
        "the command line has 8192 UTF-16 units, 1 more than the 8191 that are possible");
  std::string wide;
  for (std::size_t count = 0; count < room - 2; ++count) wide += "\xE2\x82\xAC";
  CHECK(batch_command_line(cmd_exe, script, strings{wide}));
  CHECK(batch_command_line(cmd_exe, script, strings{wide + "a"}).failed_with(std::errc::argument_list_too_long));
}

TEST_CASE("any arguments arrive, and nothing else happens") {
  strings pieces = {"%%", "\"\"", "\\\"", "^\"", "cd", "%a%", "%cd%", "%1", "%*", "!a!", "/?", "%:~,", ":~0,", ":a=b"};
  for (const char c : R"(%%%""""\\&|<>^()!@ ,;=:~*ab1)"sv) pieces.emplace_back(1, c);
  for (const std::string_view piece : {"%cd:~,%", "& calc ", "\" & calc & \"", "\t", "\x01", "\x7F", "\xC3\xA9",
                                       "\xE3\x80\x80", "\xEF\xBC\x82"}) {  // a wide space and a wide quote
    pieces.emplace_back(piece);
  }
  unit::random_text random;
  CAPTURE_SEED();
  for (int round = 0; round < 20'000; ++round) {
    const strings arguments = random.list(pieces, 5, 10);
    const auto line = batch_command_line(cmd_exe, script, arguments);
    REQUIRE(line);
    CAPTURE(*line);
    const model::cmd_reading what = read(*line, model::hostile_variables());
    REQUIRE(what.expanded.empty());
    REQUIRE(what.special == "");
    REQUIRE(what.params.size() == arguments.size() + 1);
    REQUIRE(what.params.front() == '"' + std::string(script) + '"');

    // A program that gets %*, and one that gets %1.
    strings expected = arguments;
    expected.insert(expected.begin(), "program");
    const std::string rest = what.line.substr(what.params.front().size());
    REQUIRE(split_windows_command_line("program" + rest, windows_splitting::crt) == expected);
    for (std::size_t index = 0; index < arguments.size(); ++index) {
      const std::string& parameter = what.params[index + 1];
      REQUIRE(split_windows_command_line("program " + parameter, windows_splitting::crt) ==
              strings{"program", arguments[index]});
      // "%~1" in the script: still text. And exactly ours, where no quote and no backslash at the end is in it.
      const std::string bare = model::without_quotes(parameter);
      REQUIRE(model::special_characters('"' + bare + '"') == "");
      if (arguments[index].find('"') == std::string::npos && !arguments[index].ends_with('\\')) {
        REQUIRE(bare == arguments[index]);
      }
    }
  }
}

}  // namespace
