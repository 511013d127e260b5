#include "cmd_prompt_line.hpp"

#include "ascii.hpp"
#include "batch_escape.hpp"
#include "utf8.hpp"
#include "windows_command_line.hpp"

#include <algorithm>
#include <variant>

namespace spawnpipe::detail {
namespace {

bool is_plain(char c) noexcept {
  return is_ascii_alphanumeric(c) || std::string_view("#$+-./:\\_").find(c) != std::string_view::npos;
}

// What can stand in a line.
std::string sayable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length =
        static_cast<unsigned char>(text.front()) < ' ' && text.front() != '\t' ? 0 : utf8_length(text);
    result += length > 0 ? text.substr(0, length) : utf8_replacement;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

// As cmd.exe reads it back where it sees no quotes.
std::string caret_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("\"&|<>()^!").find(c) != std::string_view::npos && !escaped.ends_with("%^")) escaped += '^';
    escaped += c;
    if (c == '%') escaped += '^';
  }
  return escaped;
}

std::string path_word(std::string_view path) {
  std::string text = sayable(path);
  while (text.find('"') != std::string::npos) text.replace(text.find('"'), 1, utf8_replacement);
  return quote_path_for_cmd(text);
}

std::string program_word(const std::string& program) {
  return !program.empty() && std::all_of(program.begin(), program.end(), is_plain) &&
                 program.find('/') == std::string::npos
             ? program  // cmd.exe would take what is behind a slash for an option
             : path_word(program);
}

std::string program_and_arguments(const command& what) {
  std::string line = program_word(what.program());
  if (what.is_shell_line() && !what.argv().empty()) {
    // The last is a line for another cmd.exe, in quotes that /s has it take away.
    for (std::size_t index = 1; index + 1 < what.argv().size(); ++index) line += ' ' + what.argv()[index];
    return line + ' ' + caret_escaped('"' + sayable(what.argv().back()) + '"');
  }
  const bool batch = is_batch_file(what.program());
  for (std::size_t index = 1; index < what.argv().size(); ++index) {
    const std::string argument = sayable(what.argv()[index]);
    line += ' ' + (batch ? quote_batch_argument(argument) : quote_prompt_argument(argument));
  }
  return line;
}

// ---- streams

std::string redirection_of_in(const command& what) {
  if (!what.in()) return {};
  if (std::holds_alternative<stdio::null>(*what.in())) return " < nul";
  const auto* file = std::get_if<stdio::from_file>(&*what.in());
  return file == nullptr ? std::string() : " < " + path_word(file->path);
}

template <class Stdio>
std::string redirection(const char* number, const Stdio& stream) {
  const std::string start = std::string(" ") + number;
  if (std::holds_alternative<stdio::null>(stream)) return start + "> nul";
  const auto* file = std::get_if<stdio::to_file>(&stream);
  if (file == nullptr) return {};
  return start + (file->mode == stdio::file_mode::append ? ">> " : "> ") + path_word(file->path);
}

template <class Stdio>
const stdio::to_file* file_of(const std::optional<Stdio>& stream) noexcept {
  return stream ? std::get_if<stdio::to_file>(&*stream) : nullptr;
}

std::string redirections_of_out_and_err(const command& what) {
  std::string text = what.out() ? redirection("", *what.out()) : std::string();
  if (!what.err()) return text;
  const auto* out = file_of(what.out());
  const auto* err = file_of(what.err());
  const bool same = out != nullptr && err != nullptr && out->path == err->path;
  if (same || std::holds_alternative<stdio::merge>(*what.err())) return text + " 2>&1";
  return text + redirection("2", *what.err());
}

// A file that is to be new: cmd.exe can but look whether it is there.
std::string condition(const stdio::to_file* file) {
  if (file == nullptr || file->mode != stdio::file_mode::create_new) return {};
  return "if not exist " + path_word(file->path) + ' ';
}

// ---- variables

std::string shown_name(std::string_view name) {
  std::string text = sayable(name);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return std::string_view("&|<>^%\"!").find(c) != std::string_view::npos; },
      '?');
  return text;
}

std::string remark(const environment& changes) {
  std::string text;
  for (const auto& [name, value] : changes.changes()) {
    text += (text.empty() ? "" : ", ") + shown_name(name) + (value ? " set" : " unset");
  }
  if (changes.cleared()) text += text.empty() ? "none" : ", and no others";
  return text.empty() ? text : " & rem variables: " + text;
}

}  // namespace

std::string quote_prompt_argument(std::string_view argument) {
  if (!argument.empty() && std::all_of(argument.begin(), argument.end(), is_plain)) return std::string(argument);
  const std::string quoted = always_quote_windows_argument(argument);
  return argument.find_first_of("\"%") == std::string_view::npos ? quoted : caret_escaped(quoted);
}

std::string cmd_prompt_line(const command& what) {
  std::string line = program_and_arguments(what);
  if (what.cwd()) line = "(pushd " + path_word(*what.cwd()) + " && (" + line + " & popd))";
  line += redirection_of_in(what) + redirections_of_out_and_err(what);
  const std::string new_files = condition(file_of(what.out())) + condition(file_of(what.err()));
  if (!new_files.empty()) line = new_files + '(' + line + ')';
  return line + remark(what.env());
}

}  // namespace spawnpipe::detail
