// Paths are read as "File path formats on Windows systems" has them: C:\..., \\server\share\..., \\.\device, \\?\verbatim.
#include "program_search.hpp"

#include "ascii.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace spawnpipe::detail {
namespace {

constexpr std::string_view verbatim = R"(\\?\)";  // what follows is opened as it is
constexpr std::string_view device = R"(\\.\)";
constexpr std::string_view usual_extensions = ".COM;.EXE;.BAT;.CMD";

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), ascii_lower);
  return result;
}

// With backslashes. Nothing for //?/ in other spellings: Windows does not take those as they are, and we could not tell.
std::optional<std::string> backslashed(std::string_view path) {
  std::string result(path);
  if (path.starts_with(verbatim)) return result;
  std::replace(result.begin(), result.end(), '/', '\\');
  if (result.starts_with(verbatim)) return std::nullopt;
  return result;
}

bool begins_with_drive(std::string_view path) { return path.size() >= 2 && is_ascii_letter(path[0]) && path[1] == ':'; }

bool is_full_path(std::string_view path) {
  return path.starts_with(R"(\\)") || (begins_with_drive(path) && path.substr(2).starts_with('\\'));
}

std::string_view last_component(std::string_view path) {
  return path.substr(path.find_last_of('\\') + 1);  // npos + 1 is 0
}

// Whether files can have this path. A colon behind the drive's begins a stream's name.
bool is_possible(std::string_view path) {
  if (path.starts_with(verbatim) || path.starts_with(device)) path.remove_prefix(verbatim.size());
  if (begins_with_drive(path)) path.remove_prefix(2);
  return std::none_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || std::string_view("\"<>|*?:/").find(c) != std::string_view::npos;
  });
}

// "Naming Files, Paths, and Namespaces": these are devices in every folder, and with any extension. (The last three of a port
// are superscripts.)
bool is_device(std::string_view component) {
  std::string stem = lowered(component.substr(0, component.find('.')));
  stem.resize(stem.find_last_not_of(' ') + 1);
  constexpr std::array<std::string_view, 6> names = {"con", "prn", "aux", "nul", "conin$", "conout$"};
  if (std::find(names.begin(), names.end(), stem) != names.end()) return true;
  if (!stem.starts_with("com") && !stem.starts_with("lpt")) return false;
  const std::string_view port = std::string_view(stem).substr(3);
  return (port.size() == 1 && port[0] >= '0' && port[0] <= '9') || port == "\xC2\xB9" || port == "\xC2\xB2" ||
         port == "\xC2\xB3";
}

// The name as Windows will open it, or nothing.
std::optional<std::string> what_opens(std::string_view name) {
  auto path = backslashed(name);
  if (!path || !is_possible(*path)) return std::nullopt;
  const bool as_it_is = path->starts_with(verbatim);
  if (!as_it_is) path->resize(path->find_last_not_of(". ") + 1);
  const std::string_view file = last_component(*path);
  if (file.empty() || (!as_it_is && is_device(file))) return std::nullopt;
  return path;
}

// C: of C:\dir, \\server\share of \\server\share\dir; nothing for other forms.
std::optional<std::string> root_of(std::string_view directory) {
  if (begins_with_drive(directory)) return std::string(directory.substr(0, 2));
  if (directory.starts_with(verbatim) || directory.starts_with(device)) return std::nullopt;
  const std::size_t share = directory.find('\\', 2);
  if (share == std::string_view::npos) return std::nullopt;
  return std::string(directory.substr(0, directory.find('\\', share + 1)));
}

std::string join(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.ends_with('\\')) path += '\\';
  path += name;
  return path;
}

// Where a name with a separator or a drive points to.
std::optional<std::string> full_path(const std::string& name, std::string_view directory) {
  if (is_full_path(name)) return name;
  if (begins_with_drive(name)) return std::nullopt;
  const auto start = backslashed(directory);
  if (!start || !is_full_path(*start)) return std::nullopt;
  if (!name.starts_with('\\')) return join(*start, name);
  const auto root = root_of(*start);
  if (!root) return std::nullopt;
  return *root + name;
}

// A list with semicolons between its entries. Quotes protect a semicolon, and are not part of an entry.
std::vector<std::string> entries_of(std::string_view list) {
  std::vector<std::string> entries(1);
  bool quoted = false;
  for (const char c : list) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ';' && !quoted) {
      entries.emplace_back();
    } else {
      entries.back() += c;
    }
  }
  return entries;
}

// Entries that begin with a dot, and that leave a file's name a file's name.
std::vector<std::string> extensions_of(std::string_view list) {
  std::vector<std::string> extensions;
  for (const std::string& entry : entries_of(list)) {
    const std::string extension = lowered(entry.substr(0, entry.find_last_not_of(". ") + 1));
    if (extension.starts_with('.') && is_possible(extension) && extension.find('\\') == std::string::npos) {
      extensions.push_back(extension);
    }
  }
  return extensions;
}

std::optional<std::string> first_file(const std::string& path, const std::vector<std::string>& extensions,
                                      const std::function<bool(const std::string&)>& is_file) {
  if (last_component(path).find('.') != std::string_view::npos && is_file(path)) return path;
  for (const std::string& extension : extensions) {
    if (std::string candidate = path + extension; is_file(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_windows_program(std::string_view name, const windows_program_search& where,
                                                const std::function<bool(const std::string&)>& is_file) {
  const auto program = what_opens(name);
  if (!program) return std::nullopt;
  auto extensions = extensions_of(where.path_extensions);
  if (extensions.empty()) extensions = extensions_of(usual_extensions);

  if (is_windows_path(*program)) {
    const auto path = full_path(*program, where.directory);
    return path ? first_file(*path, extensions, is_file) : std::nullopt;
  }
  for (const std::string& folder : folders_of_windows_path(where.path)) {
    if (auto found = first_file(join(folder, *program), extensions, is_file)) return found;
  }
  return std::nullopt;
}

std::vector<std::string> folders_of_windows_path(std::string_view path) {
  std::vector<std::string> folders;
  for (const std::string& entry : entries_of(path)) {
    auto folder = backslashed(entry);
    if (folder && is_full_path(*folder)) folders.push_back(*std::move(folder));
  }
  return folders;
}

std::optional<std::string> windows_path_from(std::string_view name, std::string_view directory) {
  const auto path = backslashed(name);
  return path && is_windows_path(*path) ? full_path(*path, directory) : std::nullopt;
}

bool is_windows_path(std::string_view name) {
  return name.find_first_of("\\/") != std::string_view::npos || begins_with_drive(name);
}

}  // namespace spawnpipe::detail
