// Lines for batch files, read by a small cmd.exe that was written for this test alone: whatever the arguments, it sees no
// command in them, expands nothing, and hands them to the script.
#include "batch_escape.hpp"

#include "harness.hpp"
#include "random_text.hpp"
#include "windows_command_line.hpp"

#include <map>
#include <optional>
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

// ---- A model of cmd.exe ----
// After "How does the Windows Command Interpreter (CMD.EXE) parse scripts?" (Stack Overflow), for a command line with
// extensions on and delayed expansion off.

using variables = std::map<std::string, std::string>;

// Phase 1: %NAME%, %NAME:~a,b% and %NAME:a=b%, quotes or not. What is no such thing, or no variable, stays as it is.
// `expanded` collects what was replaced.
std::string expand(std::string_view line, const variables& environment, strings& expanded) {
  std::string result;
  std::size_t at = 0;
  while (at < line.size()) {
    const auto keep = [&] { result += line[at++]; };
    if (line[at] != '%') {
      keep();
      continue;
    }
    std::size_t end = line.find_first_of("%:", at + 1);
    if (end != std::string_view::npos && line.substr(end).starts_with(":%")) ++end;
    if (end == std::string_view::npos) {
      keep();
      continue;
    }
    const auto variable = environment.find(std::string(line.substr(at + 1, end - at - 1)));
    const std::size_t close = line.find('%', end);
    if (variable == environment.end() || close == std::string_view::npos) {
      keep();
      continue;
    }
    const std::string_view change = line.substr(end, close - end);
    if (!change.empty() && !change.starts_with(":~") && change.find('=') == std::string_view::npos) {
      keep();
      continue;
    }
    if (change != ":~,")
      result += variable->second;  // that one is of length 0; of the others it is enough that they are one
    expanded.emplace_back(line.substr(at, close + 1 - at));
    at = close + 1;
  }
  return result;
}

// Phase 2: a quote switches the special characters off and on. Those that are seen while they are on.
std::string special_characters(std::string_view line) {
  std::string seen;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == '\n' || (!quoted && "&|<>()^@!%\r"sv.find(c) != std::string_view::npos)) seen += c;
  }
  if (quoted) seen += '"';
  return seen;
}

// %0, %1 and so on: split at delimiters outside quotes, quotes kept.
strings parameters(std::string_view line) {
  strings found;
  bool quoted = false;
  bool inside = false;
  for (const char c : line) {
    if (!quoted && " \t,;=\v\f"sv.find(c) != std::string_view::npos) {
      inside = false;
      continue;
    }
    if (!inside) found.emplace_back();
    inside = true;
    found.back() += c;
    if (c == '"') quoted = !quoted;
  }
  return found;
}

// %~1
std::string without_quotes(std::string_view parameter) {
  if (parameter.starts_with('"')) parameter.remove_prefix(1);
  if (parameter.ends_with('"')) parameter.remove_suffix(1);
  return std::string(parameter);
}

// What cmd.exe does with the whole line.
struct reading {
  std::string line;     // after phase 1
  strings expanded;     // other than the deliberate one
  std::string special;  // characters that were seen as syntax
  strings params;       // %0 and up
};

reading read(std::string_view line, const variables& environment) {
  reading what;
  REQUIRE(line.starts_with(start));
  std::string_view command = line.substr(start.size());
  // /c: the first character is a quote: drop it, and the last quote of the line.
  REQUIRE(command.starts_with("\"\""));
  command.remove_prefix(1);
  const std::size_t last = command.rfind('"');
  const std::string rest = std::string(command.substr(0, last)) + std::string(command.substr(last + 1));

  strings all;
  what.line = expand(rest, environment, all);
  for (const std::string& expansion : all) {
    if (expansion != "%cd:~,%") what.expanded.push_back(expansion);
  }
  what.special = special_characters(what.line);
  what.params = parameters(what.line);
  return what;
}

const variables hostile_environment = {
    {"cd", R"(C:\here & now)"},
    {"a", "\" & calc & \""},
    {"c", "|"},
    {"d", "\""},
    {"^", "&"},
    {"!", ">"},
    {"\"", "<"},
    {" ", "\"&"},
    {"&", "\"\""},
    {"1", "^"},
    {"*", "%"},
    {"~,", "\"&\""},
    {"cd:~,", "\"&\""},
};

TEST_CASE("the model does what cmd.exe does") {
  strings expanded;
  const variables environment = {{"a", "1"}, {"cd", "C:\\"}};
  CHECK(expand("%a% %b% 100% %%a%% %a", environment, expanded) == "1 %b% 100% %1% %a");
  CHECK(expand("%%cd:~,%a%%cd:~,% %a:x=y% %a:~0,1%", environment, expanded) == "%a% 1 1");
  CHECK(expanded == strings{"%a%", "%a%", "%cd:~,%", "%cd:~,%", "%a:x=y%", "%a:~0,1%"});
  CHECK(special_characters(R"("a" & "b | c" ^ "")") == "&^");
  CHECK(special_characters("\"a\"\"&\"") == "");
  CHECK(special_characters("\"a\"b\"&") == "\"");
  CHECK(special_characters("a\"b\"&") == "&");
  CHECK(special_characters("\"a") == "\"");
  CHECK(parameters(R"("x y",a;b=c  "d""e f")") == strings{"\"x y\"", "a", "b", "c", "\"d\"\"e f\""});

  // What CVE-2024-24576 was about: quoting as for the C runtime.
  const auto naive = read(std::string(start) + R"(""C:\x\run.bat" "\"&calc.exe" %a%")", hostile_environment);
  CHECK(naive.special.find('&') != std::string::npos);
  CHECK(naive.expanded == strings{"%a%"});
}

TEST_CASE("batch files by name") {
  for (const std::string_view path :
       {"x.bat", "X.CMD", R"(C:\dir\x.Bat)", "x.bat.", "x.cmd ", "x.bat. . .", "x.exe.bat", ".bat", "dir/x.cmd",
        "x.bat::$DATA", "C:x.bat", "x.bat:stream", R"(\\?\C:\x.bat. )", R"(C:\a b\x.bAT ..)"}) {
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
    const reading what = read(*line, hostile_environment);
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
    const reading what = read(*line, hostile_environment);
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
      const std::string bare = without_quotes(parameter);
      REQUIRE(special_characters('"' + bare + '"') == "");
      if (arguments[index].find('"') == std::string::npos && !arguments[index].ends_with('\\')) {
        REQUIRE(bare == arguments[index]);
      }
    }
  }
}

}  // namespace
