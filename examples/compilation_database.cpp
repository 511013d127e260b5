// Reads a compilation database, and refuses one that is not what it should be, with the entry's number and the reason.
#include "compilation_database.hpp"

#include "command_line.hpp"
#include "utf8_path.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <system_error>
#include <utility>

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// The reader of one entry: knows its number, for the messages.
class entry_reader {
 public:
  entry_reader(const json& entry, std::size_t number, const fs::path& folder)
      : entry_(entry), number_(number), folder_(folder) {}

  [[nodiscard]] compilation read() const {
    if (!entry_.is_object()) refuse("not an object");
    const fs::path directory = fs::absolute(folder_ / path_of_utf8(text(require("directory"), "directory")));
    std::string label = text(require("file"), "file");
    std::optional<fs::path> output;
    if (const json* declared = find("output")) {
      label = text(*declared, "output");
      output = directory / path_of_utf8(label);
    }

    std::string line;
    spawnpipe::command what = read_command(line);
    what.cwd(utf8(directory));
    what.in(spawnpipe::stdio::null{}).out(spawnpipe::stdio::pipe{}).err(spawnpipe::stdio::merge{});
    return {std::move(what), std::move(line), std::move(label), std::move(output)};
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw bad_database("entry " + std::to_string(number_) + ": " + reason);
  }

  [[nodiscard]] const json* find(const char* key) const {
    const auto found = entry_.find(key);
    return found == entry_.end() ? nullptr : &*found;
  }

  [[nodiscard]] const json& require(const char* key) const {
    const json* found = find(key);
    if (found == nullptr) refuse('"' + std::string(key) + "\" is missing");
    return *found;
  }

  [[nodiscard]] std::string text(const json& value, const char* key) const {
    const auto* found = value.get_ptr<const std::string*>();
    const std::string name = '"' + std::string(key) + '"';
    if (found == nullptr) refuse(name + " is not a string");
    if (found->empty()) refuse(name + " is empty");
    if (found->find('\0') != std::string::npos) refuse(name + " contains a NUL");
    return *found;
  }

  // "arguments" is the exact form, and wins where both are there.
  [[nodiscard]] spawnpipe::command read_command(std::string& line) const {
    if (const json* arguments = find("arguments")) return read_arguments(*arguments, line);
    const json* shell_line = find("command");
    if (shell_line == nullptr) refuse("neither \"command\" nor \"arguments\" is there");
    line = text(*shell_line, "command");
    return command_line::parse(line);
  }

  [[nodiscard]] spawnpipe::command read_arguments(const json& arguments, std::string& line) const {
    if (!arguments.is_array()) refuse("\"arguments\" is not an array");
    if (arguments.empty()) refuse("\"arguments\" is empty");
    std::vector<std::string> rest;
    for (const json& argument : arguments) {
      const auto* value = argument.get_ptr<const std::string*>();
      if (value == nullptr) refuse("\"arguments\" holds something that is not a string");
      if (value->find('\0') != std::string::npos) refuse("\"arguments\" contains a NUL");
      if (!line.empty()) line += ' ';
      line += command_line::quoted(*value);
      rest.push_back(*value);
    }
    std::string program = std::move(rest.front());
    rest.erase(rest.begin());
    return spawnpipe::command(std::move(program), std::move(rest));
  }

  const json& entry_;
  std::size_t number_;
  const fs::path& folder_;
};

}  // namespace

std::vector<compilation> read_compilation_database(const fs::path& path) {
  std::error_code ignored;
  const fs::path file = fs::is_directory(path, ignored) ? path / "compile_commands.json" : path;
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw bad_database(utf8(file) + ": " + std::generic_category().message(errno));
  return read_compilation_database(stream, file);
}

std::vector<compilation> read_compilation_database(std::istream& stream, const fs::path& path) {
  const auto refuse = [&path](const std::string& reason) -> bad_database {
    return bad_database(utf8(path) + ": " + reason);
  };
  json root;
  try {
    root = json::parse(stream);
  } catch (const json::exception& broken) {
    throw refuse(std::string("not valid JSON: ") + broken.what());
  }
  if (!root.is_array()) throw refuse("not a compilation database: the JSON is not an array of entries");

  const fs::path folder = path.parent_path();
  std::vector<compilation> entries;
  entries.reserve(root.size());
  try {
    for (const json& entry : root) entries.push_back(entry_reader(entry, entries.size() + 1, folder).read());
  } catch (const bad_database& bad) {
    throw refuse(bad.what());
  }
  return entries;
}
