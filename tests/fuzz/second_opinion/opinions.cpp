#include "opinions.hpp"

#include <cstddef>

constinit const harness::column harness::this_column = {
    .program = "opinions",
    .back_end = "",
    .broken = {},
    .not_here = {},
};

namespace opinions {

const strings& hostile_pieces() {
  static const strings pieces = [] {
    strings all = {"\\\\", "\\\"", "\"\"",   "'\\''", "$(",    "${x}",   "$x",      "`x`",       "&&",
                   "||",   "2>&1", "*.*",    "~root", "a b",   "-n",     "--",      "/?",        "\\n",
                   "^\"",  "!!",   "%PATH%", "%cd%",  "a=\"b", "\u00e9", "\u20ac3", "\U0001F600"};
    for (char c = 1; c > 0 && c < 0x7F; ++c) all.emplace_back(1, c);
    for (const char c : std::string_view(R"(\\\"""'''   $`%^&|)")) all.emplace_back(1, c);  // more often
    return all;
  }();
  return pieces;
}

std::string with_nuls(const strings& texts) {
  std::string bytes;
  for (const std::string& each : texts) (bytes += each) += '\0';
  return bytes;
}

strings without_nuls(std::string_view bytes) {
  strings texts;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\0');
    texts.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  }
  return texts;
}

std::optional<std::string> output_of(const spawnpipe::command& what, std::string_view bytes) {
  const auto done = spawnpipe::run(what, {.input = bytes, .until = harness::scaled(std::chrono::seconds(60))});
  if (done.failed_with(std::errc::no_such_file_or_directory)) return std::nullopt;
  REQUIRE_OK(done);
  INFO(done->err);
  REQUIRE(done->success());
  return done->out;
}

}  // namespace opinions
