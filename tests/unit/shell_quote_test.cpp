// Words and lines for /bin/sh, as text; tests/posix has them read back by the shell itself.
#include "shell_quote.hpp"

#include "harness.hpp"
#include "sh_line.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace {

using spawnpipe::command;
using spawnpipe::detail::quote_for_shell;
using spawnpipe::detail::sh_line;
using spawnpipe::detail::utf8_length;
namespace stdio = spawnpipe::stdio;

TEST_CASE("a word for a shell has quotes where it needs them") {
  const std::pair<std::string_view, std::string_view> words[] = {
      {"plain", "plain"},
      {"-j4", "-j4"},
      {"a/b.c:d,e@f%g+h_i", "a/b.c:d,e@f%g+h_i"},
      {"NAME=value", "NAME=value"},
      {"", "''"},
      {"two words", "'two words'"},
      {"it's", "'it'\\''s'"},
      {"'", "\\'"},
      {"''", "\\'\\'"},
      {"\"$HOME\"", "'\"$HOME\"'"},
      {"`id`", "'`id`'"},
      {"$(id)", "'$(id)'"},
      {"a\\b", "'a\\b'"},
      {"!", "'!'"},
      {"*", "'*'"},
      {"~", "'~'"},
      {"a=~/b", "'a=~/b'"},
      {"=ls", "'=ls'"},
      {"#", "'#'"},
      {"{a,b}", "'{a,b}'"},
      {"a\nb", "'a\nb'"},
      {"\n", "'\n'"},
      {"\xC3\xA9", "'\xC3\xA9'"},
      {"\x1B[31m", "\"$(printf '\\033')\"'[31m'"},
      {"a\tb\x7F", "'a'\"$(printf '\\011')\"'b'\"$(printf '\\177')\""},
      {"\r\n", "\"$(printf '\\015')\"'\n'"},
      {"\xFF\xFE", "\"$(printf '\\377\\376')\""},
      {"\xC2\x9B", "\"$(printf '\\302\\233')\""},
      {"\xC3", "\"$(printf '\\303')\""},
  };
  for (const auto& each : words) {
    const std::string given(each.first);
    CAPTURE(given);
    CHECK(quote_for_shell(each.first) == each.second);
  }
}

TEST_CASE("a word for a shell is text, whatever is in it") {
  for (int first = 1; first < 256; ++first) {
    for (const int second : {0x01, 0x27, 0x41, 0x80, 0x9B, 0xBF, 0xFF}) {
      const std::string given = {static_cast<char>(first), static_cast<char>(second)};
      const std::string word = quote_for_shell(given);
      CAPTURE(first);
      CAPTURE(second);
      bool text = true;
      for (std::string_view rest = word; !rest.empty();) {
        const std::size_t length = utf8_length(rest);
        const auto code = static_cast<unsigned char>(rest.front());
        text = text && length > 0 && (code >= ' ' || code == '\n') && code != 0x7F;
        rest.remove_prefix(std::max<std::size_t>(length, 1));
      }
      CHECK(text);
    }
  }
}

TEST_CASE("the length of a character") {
  const std::pair<std::string_view, std::size_t> all[] = {{"a", 1},
                                                          {"\xC3\xA9", 2},
                                                          {"\xE6\xBC\xA2x", 3},
                                                          {"\xF0\x9F\x98\x80", 4},
                                                          {"\x80", 0},
                                                          {"\xC0\x80", 0},
                                                          {"\xC1\xBF", 0},
                                                          {"\xE0\x80\x80", 0},
                                                          {"\xE0\x9F\xBF", 0},
                                                          {"\xED\xA0\x80", 0},
                                                          {"\xF0\x8F\xBF\xBF", 0},
                                                          {"\xF4\x90\x80\x80", 0},
                                                          {"\xF5\x80\x80\x80", 0},
                                                          {"\xE6\xBC", 0},
                                                          {"\xC3x", 0},
                                                          {"\xED\x9F\xBF", 3},
                                                          {"\xEF\xBF\xBF", 3},
                                                          {"\xF4\x8F\xBF\xBF", 4}};
  for (const auto& each : all) {
    const std::string given(each.first);
    CAPTURE(given);
    CHECK(utf8_length(each.first) == each.second);
  }
}

TEST_CASE("a command as a line for a shell") {
  CHECK(sh_line(command("make", {"-j4", "a b"})) == "make -j4 'a b'");
  CHECK(sh_line(command("make").cwd("src")) == "(cd ./src && make)");
  CHECK(sh_line(command("make").cwd("/a b")) == "(cd '/a b' && make)");
  CHECK(sh_line(command("make").cwd("-")) == "(cd ./- && make)");
  CHECK(sh_line(command("make").cwd("..")) == "(cd .. && make)");
  CHECK(sh_line(command("make").cwd(".git")) == "(cd ./.git && make)");
  CHECK(sh_line(command("make").in(stdio::null{}).out(stdio::to_file{"log"}).err(stdio::merge{})) ==
        "make < /dev/null > log 2>&1");
  CHECK(sh_line(command("sort").in(stdio::from_file{"a b"}).out(stdio::to_file{"log", stdio::file_mode::append})) ==
        "sort < 'a b' >> log");
  CHECK(sh_line(command("x").out(stdio::null{}).err(stdio::to_file{"errors"})) == "x > /dev/null 2> errors");
  CHECK(sh_line(command("x").out(stdio::to_file{"both"}).err(stdio::to_file{"both"})) == "x > both 2>&1");
  CHECK(sh_line(command("x").cwd("d").out(stdio::to_file{"log"})) == "(cd ./d && x) > log");
  CHECK(sh_line(command("x").in(stdio::pipe{}).out(stdio::pipe{}).err(stdio::pipe{})) == "x");
  CHECK(sh_line(command("x").out(stdio::pipe{}).err(stdio::merge{})) == "x 2>&1");
  CHECK(sh_line(command("x").cwd("d").in(stdio::null{}).out(stdio::to_file{"log", stdio::file_mode::create_new})) ==
        "(set -C && exec > log && cd ./d && x) < /dev/null");
  CHECK(sh_line(command("x").out(stdio::to_file{"a", stdio::file_mode::create_new}).err(stdio::to_file{"b"})) ==
        "(set -C && exec > a 2>| b && x)");
}

TEST_CASE("a program's name is none of the shell's own words") {
  CHECK(sh_line(command("echo", {"x"})) == "env echo x");
  CHECK(sh_line(command("if")) == "env if");
  CHECK(sh_line(command("!")) == "env '!'");
  CHECK(sh_line(command("/bin/echo", {"x"})) == "/bin/echo x");
  CHECK(sh_line(command("-x")) == "env -- -x");
  CHECK(sh_line(command("a=b")) == "'a=b'");
  CHECK(sh_line(command("%1")) == "'%1'");
  CHECK(sh_line(command("a=b").env("N", "v")) == "env N=\"${N?}\" sh -c 'exec \"$0\" \"$@\"' 'a=b'");
}

TEST_CASE("a line for a shell has the names of variables, and never a value") {
  command what("make");
  what.env("TOKEN", "s3cret").env("PATH", "/s3cret").env("A-B", "s3cret").env("1x", "s3cret");
  what.env().unset("DEBUG").unset("a b");
  const std::string line = sh_line(what);
  CHECK(line == "env -u DEBUG -u 'a b' 1x=... A-B=... PATH=\"${PATH?}\" TOKEN=\"${TOKEN?}\" make");
  what.env().clear().set("LANG", "s3cret").unset("DEBUG");
  CHECK(sh_line(what) == "env -i LANG=\"${LANG?}\" make");
  what.env().clear();
  CHECK(sh_line(what) == "env -i make");
}

}  // namespace
