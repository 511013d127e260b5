// Paths as the build tool has them from JSON, from its arguments and for its messages: UTF-8. On Windows a path made of
// a std::string would be read in the code page of the user.
#ifndef EXAMPLES_UTF8_PATH_HPP
#define EXAMPLES_UTF8_PATH_HPP

#include <filesystem>
#include <string>
#include <string_view>

[[nodiscard]] inline std::filesystem::path path_of_utf8(std::string_view text) {
  return std::u8string(text.begin(), text.end());
}

[[nodiscard]] inline std::string utf8(const std::filesystem::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

#endif
