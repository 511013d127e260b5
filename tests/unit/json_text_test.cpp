// JSON strings: what has to be escaped, and bytes that are no text.
#include "harness.hpp"

#include "json_text.hpp"

#include <string>
#include <string_view>

namespace {

using namespace std::string_literals;

std::string json(std::string_view text) {
  std::string result;
  spawnpipe::detail::append_json(result, text);
  return result;
}

TEST_CASE("JSON text escapes quotes, backslashes and control characters, and nothing else") {
  CHECK(json("") == R"("")");
  CHECK(json("plain, </script> and 'more'") == R"("plain, </script> and 'more'")");
  CHECK(json(R"(a "quoted" \ back)") == R"("a \"quoted\" \\ back")");
  CHECK(json("\n\r\t\b\x1b\x1f\x7f"s) == "\"\\n\\r\\t\\u0008\\u001b\\u001f\x7f\"");
  CHECK(json("a\0b"s) == R"("a\u0000b")");
  CHECK(json("gr\xC3\xB6\xC3\x9F"
             "e \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "\"gr\xC3\xB6\xC3\x9F"
        "e \xE2\x82\xAC \xF0\x9F\x98\x80\"");
}

TEST_CASE("JSON text has U+FFFD for each byte that is no UTF-8") {
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(json("a\xFF"
             "b") == "\"a" + mark + "b\"");
  CHECK(json("\xC3") == '"' + mark + '"');             // cut off
  CHECK(json("\xC3\"") == '"' + mark + "\\\"\"");      // the quote is escaped all the same
  CHECK(json("\xC0\xAF") == '"' + mark + mark + '"');  // overlong
  CHECK(json("\xE0\x80\xAF") == '"' + mark + mark + mark + '"');
  CHECK(json("\xED\xA0\x80") == '"' + mark + mark + mark + '"');  // a surrogate
  CHECK(json("\xF4\x90\x80\x80") == '"' + mark + mark + mark + mark + '"');
  CHECK(json("\xF5") == '"' + mark + '"');
  CHECK(json("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF") == "\"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\"");
}

}  // namespace
