#include "sh_line.hpp"

#include "ascii.hpp"
#include "joined.hpp"
#include "shell_quote.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <variant>

namespace spawnpipe::detail {
namespace {

// Reserved words and builtins of the usual shells, those of the latter that are programs too among them.
constexpr std::string_view own_words[] = {
    "!",       ".",     ":",       "[",        "alias",    "bg",       "bind",     "break",   "builtin", "caller",
    "case",    "cd",    "command", "compgen",  "complete", "continue", "coproc",   "declare", "dirs",    "disown",
    "do",      "done",  "echo",    "elif",     "else",     "enable",   "esac",     "eval",    "exec",    "exit",
    "export",  "false", "fc",      "fg",       "fi",       "for",      "function", "getopts", "hash",    "help",
    "history", "if",    "in",      "jobs",     "kill",     "let",      "local",    "logout",  "popd",    "printf",
    "pushd",   "pwd",   "read",    "readonly", "return",   "select",   "set",      "shift",   "source",  "test",
    "then",    "time",  "times",   "trap",     "true",     "type",     "typeset",  "ulimit",  "umask",   "unalias",
    "unset",   "until", "wait",    "which",    "while",    "{",        "}"};

bool is_own_word(std::string_view program) {
  return std::find(std::begin(own_words), std::end(own_words), program) != std::end(own_words);
}

bool is_variable(std::string_view name) noexcept {
  return !name.empty() && !is_ascii_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_ascii_alphanumeric(c) || c == '_'; });
}

// Starts with a slash or a dot: cd takes it for a path, and for nothing that CDPATH, - or an option could mean.
std::string directory_word(const std::string& path) {
  const bool clear =
      path.starts_with('/') || path == "." || path == ".." || path.starts_with("./") || path.starts_with("../");
  return quote_for_shell(clear || path.empty() ? path : "./" + path);
}

// `env` and what it is to change, with a space behind it; nothing where it is not needed.
std::string changes_before(const command& what) {
  const environment& changes = what.env();
  std::string text;
  if (changes.cleared()) text += "-i ";
  for (const auto& [name, value] : changes.changes()) {
    if (!value && !changes.cleared()) text += "-u " + quote_for_shell(name) + ' ';
  }
  if (what.program().starts_with('-')) text += "-- ";
  for (const auto& [name, value] : changes.changes()) {
    if (!value) continue;
    text += is_variable(name) ? joined({name, "=\"${", name, "?}\" "}) : quote_for_shell(name + "=...") + ' ';
  }
  return text.empty() && !is_own_word(what.program()) ? text : "env " + text;
}

std::string program_and_arguments(const command& what) {
  const std::string before = changes_before(what);
  std::string line = before;
  const std::string& program = what.program();
  const bool assignment = program.find('=') != std::string::npos;
  // Both env and the shell take a word with = for a variable; quotes tell the shell that it is none.
  if (assignment && !before.empty()) line += "sh -c 'exec \"$0\" \"$@\"' ";
  const std::string word = quote_for_shell(program);
  const bool quoted = word.find_first_of("'\"\\") != std::string::npos;
  line += quoted || !(assignment || program.starts_with('%')) ? word : '\'' + word + '\'';
  for (std::size_t index = 1; index < what.argv().size(); ++index) line += ' ' + quote_for_shell(what.argv()[index]);
  return line;
}

// What a stream is redirected to, with a space before it; nothing where a shell cannot say it, or need not.
class redirections {
 public:
  explicit redirections(const command& what) : what_(what) {
    const auto* out = what.out() ? std::get_if<stdio::to_file>(&*what.out()) : nullptr;
    const auto* err = what.err() ? std::get_if<stdio::to_file>(&*what.err()) : nullptr;
    anew_ = (out != nullptr && out->mode == stdio::file_mode::create_new) ||
            (err != nullptr && err->mode == stdio::file_mode::create_new);
    same_ = out != nullptr && err != nullptr && out->path == err->path;
  }

  // Whether a file is to be new, which takes an option of the shell.
  [[nodiscard]] bool anew() const noexcept { return anew_; }

  [[nodiscard]] std::string in() const {
    if (!what_.in()) return {};
    if (std::holds_alternative<stdio::null>(*what_.in())) return " < /dev/null";
    const auto* file = std::get_if<stdio::from_file>(&*what_.in());
    return file == nullptr ? std::string() : " < " + quote_for_shell(file->path);
  }
  [[nodiscard]] std::string out() const {
    std::string text = what_.out() ? of("", *what_.out()) : std::string();
    if (!what_.err()) return text;
    if (same_ || std::holds_alternative<stdio::merge>(*what_.err())) return text += " 2>&1";
    return text += of("2", *what_.err());
  }

 private:
  template <class Stdio>
  [[nodiscard]] std::string of(const char* number, const Stdio& stream) const {
    const std::string start = std::string(" ") + number;
    const char* const over = anew_ ? ">| " : "> ";
    if (std::holds_alternative<stdio::null>(stream)) return start + over + "/dev/null";
    const auto* file = std::get_if<stdio::to_file>(&stream);
    if (file == nullptr) return {};
    const std::string path = quote_for_shell(file->path);
    switch (file->mode) {
      case stdio::file_mode::append: return start + ">> " + path;
      case stdio::file_mode::create_new: return start + "> " + path;
      case stdio::file_mode::truncate: break;
    }
    return start + over + path;
  }

  const command& what_;
  bool anew_ = false;
  bool same_ = false;
};

}  // namespace

std::string sh_line(const command& what) {
  const redirections streams(what);
  std::string inside;
  // With -C a > makes a file, or fails.
  if (streams.anew()) inside += "set -C && exec" + streams.out() + " && ";
  if (what.cwd()) inside += "cd " + directory_word(*what.cwd()) + " && ";
  const std::string run = program_and_arguments(what);
  std::string line = inside.empty() ? run : '(' + inside + run + ')';
  line += streams.in();
  if (!streams.anew()) line += streams.out();
  return line;
}

}  // namespace spawnpipe::detail
