// WTF-8 and UTF-16: what is valid goes there and back, what is not is refused.
#include "utf.hpp"

#include "harness.hpp"
#include "random_text.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
using spawnpipe::detail::utf16_of;
using spawnpipe::detail::wtf8_of;

struct pair {
  std::string_view bytes;
  std::u16string_view units;
};

TEST_CASE("UTF-8 becomes UTF-16, and UTF-16 becomes it again") {
  for (const auto& each : {
           pair{"", u""},
           pair{"a\0b"sv, u"a\0b"sv},
           pair{"\x7F\xC2\x80\xDF\xBF", u"\x007F\x0080\x07FF"},
           pair{"\xE0\xA0\x80\xED\x9F\xBF", u"\x0800\xD7FF"},
           pair{"\xEE\x80\x80\xEF\xBF\xBD\xEF\xBF\xBF", u"\xE000\xFFFD\xFFFF"},
           pair{"\xF0\x90\x80\x80", u"\xD800\xDC00"},
           pair{"x\xF0\x9F\x92\xA9y", u"x\xD83D\xDCA9y"},
           pair{"\xF4\x8F\xBF\xBF", u"\xDBFF\xDFFF"},
       }) {
    CAPTURE(each.bytes);
    CHECK(utf16_of(each.bytes) == std::u16string(each.units));
    CHECK(wtf8_of(each.units) == each.bytes);
  }
}

TEST_CASE("a surrogate without its partner passes") {
  for (const auto& each : {
           pair{"\xED\xA0\x80", u"\xD800"},
           pair{"\xED\xAF\xBF", u"\xDBFF"},
           pair{"\xED\xB0\x80", u"\xDC00"},
           pair{"\xED\xBF\xBF", u"\xDFFF"},
           pair{"a\xED\xA0\x80z", u"a\xD800z"},
           pair{"\xED\xB0\x80\xED\xA0\x80", u"\xDC00\xD800"},
           pair{"\xED\xA0\x80\xED\xA0\x80", u"\xD800\xD800"},
           pair{"\xED\xA0\x80\xF0\x90\x80\x80\xED\xB0\x80", u"\xD800\xD800\xDC00\xDC00"},
       }) {
    CAPTURE(each.bytes);
    CHECK(utf16_of(each.bytes) == std::u16string(each.units));
    CHECK(wtf8_of(each.units) == each.bytes);
  }
}

TEST_CASE("what is neither UTF-8 nor WTF-8 is refused") {
  for (const std::string_view bytes : {
           "\x80"sv,
           "a\xBF"sv,
           "\xC2\xA9\xA9"sv,  // continuation without a lead
           "\xC2"sv,
           "\xE2\x82"sv,
           "\xE2"sv,
           "\xF0\x9F\x92"sv,
           "\xF0"sv,
           "\xC2z"sv,  // cut short
           "\xE2\x82z"sv,
           "\xE2z\x82"sv,
           "\xF0\x9F\x92z"sv,
           "\xC0\x80"sv,
           "\xC1\xBF"sv,
           "\xE0\x80\x80"sv,
           "\xE0\x9F\xBF"sv,  // overlong
           "\xF0\x80\x80\x80"sv,
           "\xF0\x8F\xBF\xBF"sv,
           "\xF4\x90\x80\x80"sv,
           "\xF7\xBF\xBF\xBF"sv,  // beyond U+10FFFF
           "\xF8\x88\x80\x80\x80"sv,
           "\xFE"sv,
           "\xFF"sv,
           "\xED\xA0\x80\xED\xB0\x80"sv,
           "\xED\xA0\xBD\xED\xB2\xA9"sv,  // a pair in two pieces
       }) {
    CAPTURE(bytes);
    CHECK_FALSE(utf16_of(bytes));
    CHECK_FALSE(utf16_of("valid \xC3\xA9 " + std::string(bytes)));
  }
}

TEST_CASE("any units survive") {
  unit::random_text random;
  CAPTURE_SEED();
  constexpr char16_t edges[] = {0,      u'"',   0x7F,   0x80,   0x7FF,  0x800, 0xD7FF,
                                0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFF};
  for (int round = 0; round < 20'000; ++round) {
    std::u16string units;
    for (std::size_t count = random.number(12); count > 0; --count) {
      units += random.number(3) == 0 ? static_cast<char16_t>(random.number(0x10000))
                                     : edges[random.number(std::size(edges))];
    }
    REQUIRE(utf16_of(wtf8_of(units)) == units);
  }
}

TEST_CASE("any bytes are refused or survive") {
  unit::random_text random;
  CAPTURE_SEED();
  int accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string bytes;
    for (std::size_t count = 1 + random.number(6); count > 0; --count) {
      constexpr unsigned char leads[] = {0x00, 0xC0, 0xE0, 0xED, 0xF0, 0xF4};
      const auto high = random.number(3) == 0 ? leads[random.number(std::size(leads))] : 0x80U;
      bytes += static_cast<char>(high + random.number(0x40));
    }
    CAPTURE(bytes);
    if (const auto units = utf16_of(bytes)) {
      ++accepted;
      REQUIRE(wtf8_of(*units) == bytes);
    }
  }
  CHECK(accepted > 1000);
}

}  // namespace
