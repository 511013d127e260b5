// The command line of Windows: written once, and read the same by every reader.
#include "windows_command_line.hpp"

#include "harness.hpp"
#include "random_text.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using spawnpipe::errc;
using spawnpipe::stage;
using spawnpipe::detail::longest_windows_command_line;
using spawnpipe::detail::quote_windows_argument;
using spawnpipe::detail::split_windows_command_line;
using spawnpipe::detail::windows_command_line;
using spawnpipe::detail::windows_splitting;
using strings = std::vector<std::string>;

TEST_CASE("an argument is quoted where it needs it") {
  struct row {
    std::string_view argument;
    std::string_view quoted;
  };
  for (const auto& each : {
           row{"", R"("")"},
           row{"plain", "plain"},
           row{R"(C:\dir\)", R"(C:\dir\)"},
           row{R"(a\\b)", R"(a\\b)"},
           row{"--x=1,2;%PATH%&|<>^@!$~`", "--x=1,2;%PATH%&|<>^@!$~`"},
           row{"\xC3\xA9\xE2\x82\xAC", "\xC3\xA9\xE2\x82\xAC"},
           row{"two words", R"("two words")"},
           row{"a\tb", "\"a\tb\""},
           row{"a\nb", "\"a\nb\""},
           row{R"(C:\a b\)", R"("C:\a b\\")"},
           row{R"(C:\a b\\)", R"("C:\a b\\\\")"},
           row{R"(\\a b\c)", R"("\\a b\c")"},
           row{R"(")", R"("\"")"},
           row{R"("")", R"("\"\"")"},
           row{R"(say "hi")", R"("say \"hi\"")"},
           row{R"(a\"b)", R"("a\\\"b")"},
           row{R"(a\\"b\)", R"("a\\\\\"b\\")"},
           row{"*.cpp", R"("*.cpp")"},
           row{"it's", R"("it's")"},
       }) {
    CAPTURE(each.argument);
    CHECK(quote_windows_argument(each.argument) == each.quoted);
  }
}

TEST_CASE("a line of several") {
  CHECK(*windows_command_line(strings{R"(C:\Program Files\x.exe)", "a", "", "b c"}) ==
        R"("C:\Program Files\x.exe" a "" "b c")");
  CHECK(*windows_command_line(strings{R"(dir\)", "a"}) == R"("dir\" a)");
  CHECK(*windows_command_line(strings{""}) == R"("")");
}

TEST_CASE("what a line cannot say is refused, with its name") {
  struct row {
    strings argv;
    std::string_view subject;
  };
  for (const auto& each : {
           row{{}, "argv is empty"},
           row{{"a\"b"}, "argv[0] contains a quote"},
           row{{"a", "b\0c"s}, "argv[1] contains NUL"},
           row{{"a\0"s}, "argv[0] contains NUL"},
           row{{"a", "b", "\xFF"}, "argv[2] is not UTF-8"},
       }) {
    CAPTURE(each.subject);
    const auto line = windows_command_line(each.argv);
    CHECK(line.failed_with(errc::invalid_argument));
    CHECK(line.error().where == stage::command);
    CHECK(line.error().subject == each.subject);
  }
}

TEST_CASE("the length counts in UTF-16 units") {
  const std::size_t before = R"("x" )"sv.size();
  const std::size_t room = longest_windows_command_line - before;
  CHECK(windows_command_line(strings{"x", std::string(room, 'a')}));
  const auto too_long = windows_command_line(strings{"x", std::string(room + 1, 'a')});
  CHECK(too_long.failed_with(std::errc::argument_list_too_long));
  CHECK(too_long.error().where == stage::exec);
  CHECK(too_long.error().subject == "x");
  CHECK(too_long.error().hint.view() ==
        "the command line has 32767 UTF-16 units, 1 more than the 32766 that are possible");

  std::string wide;
  for (std::size_t count = 0; count < room; ++count) wide += "\xE2\x82\xAC";  // three bytes, one unit
  CHECK(windows_command_line(strings{"x", wide}));
  CHECK(windows_command_line(strings{"x", wide + "a"}).failed_with(std::errc::argument_list_too_long));
  wide.clear();
  for (std::size_t count = 0; count < room / 2; ++count) wide += "\xF0\x9F\x92\xA9";  // four bytes, two units
  CHECK(windows_command_line(strings{"x", wide}));
  CHECK(windows_command_line(strings{"x", wide + "ab"}).failed_with(std::errc::argument_list_too_long));
}

TEST_CASE("splitting: the examples of the documentation, and where the two differ") {
  struct row {
    std::string_view line;
    strings shell;
    strings crt;
  };
  for (const auto& each : {
           row{R"(p "a b c" d e)", {"p", "a b c", "d", "e"}, {"p", "a b c", "d", "e"}},
           row{R"(p "ab\"c" "\\" d)", {"p", "ab\"c", "\\", "d"}, {"p", "ab\"c", "\\", "d"}},
           row{R"(p a\\\b d"e f"g h)", {"p", R"(a\\\b)", "de fg", "h"}, {"p", R"(a\\\b)", "de fg", "h"}},
           row{R"(p a\\\"b c d)", {"p", R"(a\"b)", "c", "d"}, {"p", R"(a\"b)", "c", "d"}},
           row{R"(p a\\\\"b c" d e)", {"p", R"(a\\b c)", "d", "e"}, {"p", R"(a\\b c)", "d", "e"}},
           row{R"(p a"b"" c d)", {"p", "ab\"", "c", "d"}, {"p", "ab\" c d"}},
           row{R"(p """a b""")", {"p", "\"a", "b\""}, {"p", "\"a b\""}},
           row{R"(p """")", {"p", "\""}, {"p", "\""}},
           row{R"(p "" x)", {"p", "", "x"}, {"p", "", "x"}},
           row{"p  \t a\t b \t", {"p", "a", "b"}, {"p", "a", "b"}},
           row{"p a\nb", {"p", "a\nb"}, {"p", "a\nb"}},
           row{R"(p a"b c)", {"p", "ab c"}, {"p", "ab c"}},
           row{R"("a b"c d)", {"a b", "c", "d"}, {"a bc", "d"}},
           row{R"(a" b"c d)", {"a\"", "bc d"}, {"a bc", "d"}},
           row{R"("C:\dir\" x)", {R"(C:\dir\)", "x"}, {R"(C:\dir\)", "x"}},
           row{" x", {"", "x"}, {"", "x"}},
           row{"a\x01 b", {"a", "b"}, {"a\x01", "b"}},
           row{"", {""}, {""}},
           row{"p a\0b"sv, {"p", "a"}, {"p", "a"}},
       }) {
    CAPTURE(each.line);
    CHECK(split_windows_command_line(each.line, windows_splitting::shell) == each.shell);
    CHECK(split_windows_command_line(each.line, windows_splitting::crt) == each.crt);
  }
}

std::size_t unescaped_quotes(std::string_view text) {
  std::size_t quotes = 0;
  std::size_t backslashes = 0;
  for (const char c : text) {
    if (c == '"' && backslashes % 2 == 0) ++quotes;
    backslashes = c == '\\' ? backslashes + 1 : 0;
  }
  return quotes;
}

TEST_CASE("any arguments survive") {
  const strings pieces = {"\\", "\\", "\\\\", "\"", "\"", "\"\"", " ", "\t", "\n",   "%",        "^",
                          "&",  "!",  "'",    "*",  "a",  "bc",   "|", "\r", "\x01", "\xC3\xA9", "\xF0\x9F\x92\xA9"};
  const strings names = {"p", "\\", " ", "\t", "%", "\n", "'", "\xC3\xA9"};
  unit::random_text random;
  CAPTURE_SEED();
  for (int round = 0; round < 20'000; ++round) {
    strings argv = random.list(pieces, 6, 10);
    argv.insert(argv.begin(), random(names, 5));
    const auto line = windows_command_line(argv);
    REQUIRE(line);
    CAPTURE(*line);
    REQUIRE(split_windows_command_line(*line, windows_splitting::shell) == argv);
    REQUIRE(split_windows_command_line(*line, windows_splitting::crt) == argv);

    // Two quotes in a row inside quotes are read differently by old and new runtimes: none is written. The quotes that are
    // not escaped are the first and the last character.
    for (std::size_t index = 1; index < argv.size(); ++index) {
      const std::string quoted = quote_windows_argument(argv[index]);
      const std::size_t quotes = unescaped_quotes(quoted);
      REQUIRE(quotes == (quoted.starts_with('"') ? 2 : 0));
      if (quotes == 2) REQUIRE(quoted.ends_with('"'));
    }
  }
}

}  // namespace
