// The search for a program: it asks for what the rules name, in their order, takes the first that is there, and never asks for a file
// that a current directory would decide about, or that Windows would open as another one.
#include "batch_escape.hpp"
#include "fuzz.hpp"
#include "input.hpp"
#include "program_search.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace {

using fuzz::strings;
using spawnpipe::detail::windows_program_search;

constexpr std::string_view verbatim = R"(\\?\)";

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

strings components(std::string_view path) {
  strings all(1);
  for (const char c : path) {
    if (c == '\\') {
      all.emplace_back();
    } else {
      all.back() += c;
    }
  }
  return all;
}

bool has_drive(std::string_view path) {
  return path.size() > 1 && path[1] == ':' &&
         ((path[0] >= 'a' && path[0] <= 'z') || (path[0] >= 'A' && path[0] <= 'Z'));
}

bool is_full(std::string_view path) {
  return path.starts_with(R"(\\)") || (has_drive(path) && path.size() > 2 && path[2] == '\\');
}

bool has_only_what_names_have(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || std::string_view(R"("<>|*?:/)").find(c) != std::string_view::npos;
  });
}

// Each name that is a device in every folder.
const strings& devices() {
  static const strings all = [] {
    strings names = {"con", "prn", "aux", "nul", "conin$", "conout$"};
    for (const char* port : {"com", "lpt"}) {
      for (const char* number :
           {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "\xC2\xB9", "\xC2\xB2", "\xC2\xB3"}) {
        names.push_back(std::string(port) + number);
      }
    }
    return names;
  }();
  return all;
}

bool is_device(std::string file) {
  file.resize(std::min(file.find('.'), file.size()));
  while (file.ends_with(' ')) file.pop_back();
  return std::find(devices().begin(), devices().end(), lowered(file)) != devices().end();
}

std::string without_dots_at_end(std::string text) {
  while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
  return text;
}

// A list with semicolons, which quotes protect.
strings entries_of(std::string_view list) {
  strings all(1);
  int quotes = 0;
  for (const char c : list) {
    quotes += c == '"' ? 1 : 0;
    if (c == ';' && quotes % 2 == 0) all.emplace_back();
    if (c != '"' && (c != ';' || quotes % 2 == 1)) all.back() += c;
  }
  return all;
}

// As Windows sees it; nothing for the verbatim prefix in another spelling.
std::optional<std::string> seen(const std::string& path) {
  if (path.starts_with(verbatim)) return path;
  std::string with_backslashes = path;
  for (char& c : with_backslashes) c = c == '/' ? '\\' : c;
  return with_backslashes.starts_with(verbatim) ? std::nullopt : std::optional(with_backslashes);
}

strings extensions_of(std::string_view list) {
  strings all;
  for (const std::string& entry : entries_of(list)) {
    const std::string extension = lowered(without_dots_at_end(entry));
    const bool is_one =
        extension.starts_with('.') && has_only_what_names_have(extension) && extension.find('\\') == std::string::npos;
    if (is_one) all.push_back(extension);
  }
  return all.empty() ? strings{".com", ".exe", ".bat", ".cmd"} : all;
}

// The name without what Windows ignores; nothing for what cannot name a program.
std::optional<std::string> program_of(const std::string& name) {
  auto program = seen(name);
  if (!program) return std::nullopt;
  const bool as_is = program->starts_with(verbatim);
  std::string_view text = *program;
  if (as_is || text.starts_with(R"(\\.\)")) text.remove_prefix(4);
  if (has_drive(text)) text.remove_prefix(2);
  if (!has_only_what_names_have(text)) return std::nullopt;
  if (!as_is) program = without_dots_at_end(*program);
  const std::string file = components(*program).back();
  return file.empty() || (!as_is && is_device(file)) ? std::nullopt : program;
}

// Where a relative path with a separator leads.
std::optional<std::string> from_directory(const std::string& path, const std::string& directory) {
  const auto start = seen(directory);
  if (!start || !is_full(*start)) return std::nullopt;
  if (!path.starts_with('\\')) return *start + (start->ends_with('\\') ? "" : "\\") + path;
  if (has_drive(*start)) return start->substr(0, 2) + path;
  const strings parts = components(*start);  // "", "", server, share, ...
  if (parts.size() < 4 || parts[2] == "." || parts[2] == "?") return std::nullopt;
  return R"(\\)" + parts[2] + '\\' + parts[3] + path;
}

// All that may be asked for, in order.
strings candidates(const std::string& name, const windows_program_search& where) {
  const auto program = program_of(name);
  if (!program) return {};
  strings places;
  if (is_full(*program)) {
    places.push_back(*program);
  } else if (has_drive(*program)) {
    return {};
  } else if (program->find('\\') != std::string::npos) {
    if (const auto path = from_directory(*program, std::string(where.directory))) places.push_back(*path);
  } else {
    for (const std::string& entry : entries_of(where.path)) {
      const auto folder = seen(entry);
      if (folder && is_full(*folder)) places.push_back(*folder + (folder->ends_with('\\') ? "" : "\\") + *program);
    }
  }
  strings all;
  for (const std::string& place : places) {
    if (components(place).back().find('.') != std::string::npos) all.push_back(place);
    for (const std::string& extension : extensions_of(where.path_extensions)) all.push_back(place + extension);
  }
  return all;
}

// What holds for every path that is asked for, without the rules in full.
void expect_harmless(const std::string& path) {
  EXPECT(is_full(path));
  EXPECT(components(path).back().find('.') != std::string::npos);
  if (path.starts_with(verbatim)) return;
  EXPECT(path.find('/') == std::string::npos);
  EXPECT(path == without_dots_at_end(path));
  EXPECT(!is_device(components(path).back()));
  const std::string end = lowered(path.substr(path.size() - std::min<std::size_t>(path.size(), 4)));
  EXPECT(spawnpipe::detail::is_batch_file(path) == (end == ".bat" || end == ".cmd"));
}

}  // namespace

// Which of the files that are asked for is there, the first being 1 (0: none is); then the name, PATH, PATHEXT and the directory.
void fuzz::targets::program_search(std::string_view bytes) {
  input from(bytes);
  const std::size_t there = from.number();
  strings given = from.list();
  given.resize(4);
  const windows_program_search where = {.directory = given[3], .path = given[1], .path_extensions = given[2]};

  strings asked;
  const auto found = spawnpipe::detail::find_windows_program(given[0], where, [&](const std::string& path) {
    asked.push_back(path);
    return asked.size() == there;
  });
  for (const std::string& path : asked) expect_harmless(path);
  strings expected = candidates(given[0], where);
  if (there != 0 && there <= expected.size()) {
    expected.resize(there);
    EXPECT(found == expected.back());
  } else {
    EXPECT(!found);
  }
  EXPECT(asked == expected);
}
