// Compilation databases, as bytes of any kind and as entries of any text: a database is read as what it says or refused in one line,
// and nothing else happens.
#include "compilation_database.hpp"

#include "command_line.hpp"
#include "fuzz.hpp"
#include "input.hpp"
#include "models/wtf8.hpp"
#include "utf8_path.hpp"
#include "words.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using fuzz::strings;

const std::filesystem::path& database() {
  static const std::filesystem::path path = std::filesystem::absolute("folder") / "compile_commands.json";
  return path;
}

std::vector<compilation> read(const std::string& json) {
  std::istringstream stream(json);
  return read_compilation_database(stream, database());
}

// In the form `style` of the four that JSON has for most characters.
std::string json_string(std::string_view text, std::size_t style) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const unsigned value = static_cast<unsigned char>(c);
    if (value < 0x20 || (style == 1 && value < 0x80)) {
      result += "\\u00";
      result += digits[value / 16];
      result += digits[value % 16];
    } else if (c == '"' || c == '\\' || (style == 2 && c == '/')) {
      result += '\\';
      result += c;
    } else {
      result += c;
    }
  }
  return result + '"';
}

void expect_sound(const compilation& entry) {
  EXPECT(!entry.command.argv().empty());
  EXPECT(!entry.label.empty());
  EXPECT(entry.command.cwd() && path_of_utf8(*entry.command.cwd()).is_absolute());
  EXPECT(!entry.output || entry.output->is_absolute());
  for (const std::string& argument : entry.command.argv()) EXPECT(argument.find('\0') == std::string::npos);
}

}  // namespace

void fuzz::targets::compilation_database(std::string_view input) {
  try {
    for (const compilation& entry : read(std::string(input))) expect_sound(entry);
  } catch (const bad_database& refused) {
    const std::string_view message = refused.what();
    EXPECT(message.starts_with(utf8(database()) + ": "));
    EXPECT(message.find_first_of("\r\n") == std::string_view::npos);
  }
}

// How texts are written, then a list: the directory, the file, the output, and the arguments.
void fuzz::targets::compilation_entries(std::string_view bytes) {
  input from(bytes);
  const std::size_t style = from.number() % 3;
  strings list = from.list();
  list.resize(std::max<std::size_t>(list.size(), 4));
  const strings arguments(list.begin() + 3, list.end());
  const auto text = [&](const std::string& value) { return json_string(value, style); };

  std::string json = R"([{"directory":)" + text(list[0]) + R"(,"file":)" + text(list[1]) + R"(,"arguments":[)";
  for (const std::string& argument : arguments) json += (json.ends_with('[') ? "" : ",") + text(argument);
  json += "]";
  if (!list[2].empty()) json += R"(, "output" : )" + text(list[2]);
  json += "}]";

  bool possible = !list[0].empty() && !list[1].empty();
  for (const std::string& each : list) {
    possible = possible && each.find('\0') == std::string::npos && model::is_utf8(each);
  }
  try {
    const auto entries = read(json);
    EXPECT(possible);
    EXPECT(entries.size() == 1);
    const compilation& entry = entries.front();
    expect_sound(entry);
    EXPECT(entry.command.argv() == arguments);
    EXPECT(entry.label == (list[2].empty() ? list[1] : list[2]));
    EXPECT(entry.output.has_value() == !list[2].empty());
    EXPECT(*entry.command.cwd() == utf8(database().parent_path() / path_of_utf8(list[0])));
    // What a person is shown means these arguments, as the system takes a line apart.
    EXPECT(fuzz::words_of(entry.line) == arguments);
  } catch (const bad_database& refused) {
    EXPECT(!possible);
  }
}
