// The environment block: sorted as Windows looks it up, each name once.
#include "windows_environment.hpp"

#include "harness.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_view_literals;

// The system's rule, as far as the cases need it: ASCII and Latin-1.
char16_t upcase(char16_t unit) {
  const bool small = (unit >= u'a' && unit <= u'z') || (unit >= 0xE0 && unit <= 0xFE && unit != 0xF7);
  return small ? static_cast<char16_t>(unit - 0x20) : unit;
}

std::u16string block(std::vector<std::u16string> variables) {
  return spawnpipe::detail::windows_environment_block(std::move(variables), upcase);
}

// doctest prints no UTF-16.
#define CHECK_BLOCK(given, expected) CHECK((block given == (expected)))

TEST_CASE("an empty block has two NULs") { CHECK_BLOCK(({}), u"\0\0"sv); }

TEST_CASE("each entry ends with NUL, and the block with one more") {
  CHECK_BLOCK(({u"A=1"}), u"A=1\0\0"sv);
  CHECK_BLOCK(({u"A=", u"B=x=y"}), u"A=\0B=x=y\0\0"sv);
}

TEST_CASE("the order is that of the upcased names") {
  CHECK_BLOCK(({u"b=1", u"C=2", u"a=3"}), u"a=3\0b=1\0C=2\0\0"sv);
  CHECK_BLOCK(({u"_A=1", u"ab=2", u"a=3", u"AA=4"}), u"a=3\0AA=4\0ab=2\0_A=1\0\0"sv);  // _ is above Z and below a
  CHECK_BLOCK(({u"A1=1", u"A-B=2", u"A=3"}), u"A=3\0A-B=2\0A1=1\0\0"sv);  // names are compared: = is not part of one
  CHECK_BLOCK(({u"\xE9t\xE9=1", u"\xC8=2", u"Z=3", u"\xEA=4"}), u"Z=3\0\xC8=2\0\xE9t\xE9=1\0\xEA=4\0\0"sv);
  CHECK_BLOCK(({u"\xE000=1", u"\xD83D\xDCA9=2", u"\xFFFD=3"}), u"\xD83D\xDCA9=2\0\xE000=1\0\xFFFD=3\0\0"sv);  // by unit
}

TEST_CASE("of several with one name the last counts") {
  CHECK_BLOCK(({u"Path=1", u"X=2", u"PATH=3"}), u"PATH=3\0X=2\0\0"sv);
  CHECK_BLOCK(({u"\xC9=1", u"\xE9=2"}), u"\xE9=2\0\0"sv);
  CHECK_BLOCK(({u"a=1", u"A=2", u"a="}), u"a=\0\0"sv);
}

TEST_CASE("the current directories of drives are kept") {
  CHECK_BLOCK(({u"A=1", u"=D:=D:\\x", u"=C:=C:\\y", u"9=2"}), u"9=2\0=C:=C:\\y\0=D:=D:\\x\0A=1\0\0"sv);
  CHECK_BLOCK(({u"=C:=C:\\x", u"=c:=C:\\y"}), u"=c:=C:\\y\0\0"sv);
  CHECK_BLOCK(({u"=ExitCode=00000001", u"=C:=C:\\y"}), u"=C:=C:\\y\0=ExitCode=00000001\0\0"sv);
}

TEST_CASE("what cannot be an entry is left out") {
  CHECK_BLOCK(({u""}), u"\0\0"sv);
  CHECK_BLOCK(({u"A=1", u"", u"B=2"}), u"A=1\0B=2\0\0"sv);
  CHECK_BLOCK(({std::u16string(u"A=1\0PATH=evil"sv), u"B=2"}), u"B=2\0\0"sv);
}

}  // namespace
