#include "lookup.hpp"

#include "exec_walk.hpp"
#include "hint.hpp"
#include "platform.hpp"
#include "system.hpp"

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

namespace spawnpipe::platform {
namespace {

// As many interpreters may name an interpreter in turn (Linux: then ELOOP).
constexpr int deepest = 5;

struct verdict {
  int code = 0;
  unrunnable why = unrunnable::no_reason;
};

verdict look_at(const char* path) noexcept {
  struct stat what = {};
  if (sys::stat(path, &what) != 0) {
    const int code = errno;
    return {code, code == EACCES ? unrunnable::not_searchable : unrunnable::not_there};
  }
  if (S_ISDIR(what.st_mode)) return {EACCES, unrunnable::directory};
  if (!S_ISREG(what.st_mode)) return {EACCES, unrunnable::no_regular_file};
  if (sys::access_as_exec(path, X_OK) != 0) return {errno, unrunnable::not_executable};
  return {};
}

// What exec would say of a file's interpreter, and of that one's.
int look_at_interpreters(const path_text& file, const char* cwd, interpreter_kind& kind, path_text& interpreter,
                         path_text& path) noexcept {
  path = file;
  for (int depth = 0; depth < deepest; ++depth) {
    kind = interpreter_of(path.c_str(), interpreter);
    if (kind == interpreter_kind::none) return 0;
    path.assign(cwd != nullptr ? cwd : "", interpreter.view());
    if (!path.fits()) return ENAMETOOLONG;
    if (const verdict its = look_at(path.c_str()); its.code != 0) return its.code;
    if (kind == interpreter_kind::loader) return 0;  // a loader needs none
  }
  return ELOOP;
}

// Whether the candidate can be run. Notes it where that is so; and where it is the first that is there and cannot be.
int try_candidate(const path_text& candidate, const char* cwd, looked_up& into) noexcept {
  auto& [here, interpreter, path] = into.work;
  here.assign(cwd != nullptr ? cwd : "", candidate.view());
  if (!candidate.fits() || !here.fits()) return ENAMETOOLONG;
  verdict its = look_at(here.c_str());
  interpreter_kind needs = interpreter_kind::none;
  interpreter.clear();
  if (its.code == 0) {
    its.code = look_at_interpreters(here, cwd, needs, interpreter, path);
    if (its.code != 0) its.why = unrunnable::interpreter;
  }
  const bool noted = !into.candidate.empty();
  if (its.code != 0 && (noted || its.why == unrunnable::not_there)) return its.code;
  into.candidate = candidate;
  into.seen_here = here;
  into.why = its.why;
  into.needs = needs;
  into.interpreter = interpreter;
  return its.code;
}

// The full path of what is seen from the host's directory as `path`.
std::string full_path(std::string_view path) {
  path_text here;
  if (path.starts_with('/') || !current_directory(here)) return std::string(path);
  std::string full(here.view());
  if (!full.ends_with('/')) full += '/';
  return full += path;
}

result<void> look_at_directory(const std::string& cwd) {
  struct stat what = {};
  if (sys::stat(cwd.c_str(), &what) != 0) return path_error(errno, stage::cwd, cwd);
  if (!S_ISDIR(what.st_mode)) return path_error(ENOTDIR, stage::cwd, cwd);
  if (sys::access_as_exec(cwd.c_str(), X_OK) != 0) return path_error(errno, stage::cwd, cwd);
  return {};
}

}  // namespace

search_path::search_path(const std::optional<std::vector<std::string>>& environment) noexcept {
  constexpr std::string_view name = "PATH=";
  if (environment) {
    for (const std::string& each : *environment) {
      if (!each.starts_with(name)) continue;
      folders = std::string_view(each).substr(name.size());
      return;
    }
  } else if (const char* const of_host = ::getenv("PATH"); of_host != nullptr) {
    folders = of_host;
    return;
  }
  folders = usual_search_path();
  is_set = false;
}

std::optional<std::string_view> path_folders::next() noexcept {
  if (ended_) return std::nullopt;
  const std::size_t colon = rest_.find(':');
  const std::string_view folder = rest_.substr(0, colon);
  ended_ = colon == std::string_view::npos;
  if (!ended_) rest_.remove_prefix(colon + 1);
  return folder;
}

void look_up(std::string_view program, const char* cwd, std::string_view folders, looked_up& into) noexcept {
  path_text candidate;
  if (is_path(program)) {
    candidate.assign({}, program);
    into.code = try_candidate(candidate, cwd, into);
    return;
  }
  exec_walk walk = exec_walk_begin;
  path_folders each(folders);
  for (auto folder = each.next(); folder; folder = each.next()) {
    candidate.assign(*folder, program);
    into.code = try_candidate(candidate, cwd, into);
    if (into.code == 0) return;
    if (!exec_walk_on(walk, into.code)) break;
  }
  into.code = exec_walk_outcome(walk);
}

result<std::string> find_program(const std::string& program, const std::optional<std::string>& cwd,
                                 const std::optional<std::vector<std::string>>& environment) {
  if (cwd) {
    if (auto fine = look_at_directory(*cwd); !fine) return std::move(fine).error();
  }
  const search_path path(environment);
  const auto found = std::make_unique<looked_up>();
  look_up(program, cwd ? cwd->c_str() : nullptr, path.folders, *found);
  if (found->code != 0) return exec_error(found->code, program, cwd, path, *found);
  return full_path(found->seen_here.view());
}

}  // namespace spawnpipe::platform
