#include "hint.hpp"

#include "bounded_text.hpp"
#include "error.hpp"
#include "folder_list.hpp"
#include "system.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

extern char** environ;  // POSIX: declared by the program

namespace spawnpipe::platform {
namespace {

using detail::bounded_text;

void separate(bounded_text& text) noexcept {
  if (!text.empty()) text += ", ";
}

void say_mode(const struct stat& what, bounded_text& into) noexcept {
  into += " (mode ";
  for (unsigned shift = 12; shift > 0; shift -= 3) into += (static_cast<unsigned>(what.st_mode) >> (shift - 3)) & 7U;
  into += ", user ";
  into += static_cast<unsigned long>(what.st_uid);
  into += ")";
}

// ---- paths

// Which folder on the way to `path` is the trouble. False where none is.
bool say_folder(std::string_view path, bounded_text& into) noexcept {
  path_text folder;
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    folder.assign({}, path.substr(0, slash));
    struct stat what = {};
    const char* trouble = nullptr;
    if (sys::stat(folder.c_str(), &what) != 0) {
      if (errno == ENOENT) trouble = " is not there";
    } else if (!S_ISDIR(what.st_mode)) {
      trouble = " is no directory";
    } else if (sys::access_as_exec(folder.c_str(), X_OK) != 0 && errno == EACCES) {
      trouble = " may not be searched";
    }
    if (trouble == nullptr) continue;
    separate(into);
    into.quote(folder.view()) += trouble;
    if (S_ISDIR(what.st_mode)) say_mode(what, into);
    return true;
  }
  return false;
}

// What keeps this process from a path whose folders are fine.
void say_rights(const char* path, stage where, bounded_text& into) noexcept {
  struct stat what = {};
  if (sys::stat(path, &what) == 0) {
    into.quote(path) += where == stage::cwd ? " may not be entered" : " may not be opened";
    return say_mode(what, into);
  }
  path_text folder;
  const std::string_view all(path);
  const std::size_t slash = all.rfind('/');
  folder.assign({}, slash == std::string_view::npos ? "." : all.substr(0, std::max<std::size_t>(slash, 1)));
  if (sys::stat(folder.c_str(), &what) != 0) return;
  into.quote(folder.view()) += " may not be written to";
  say_mode(what, into);
}

void say_start(std::string_view path, bounded_text& into) noexcept {
  path_text here;
  if (path.starts_with('/') || !current_directory(here)) return;
  separate(into);
  (into += "seen from ").quote(here.view());
}

// ---- programs

void say_folders(const search_path& path, bounded_text& into) noexcept {
  into += path.is_set ? "looked for in PATH: " : "PATH is not set, looked for in ";
  detail::folder_list list(into);
  path_folders folders(path.folders);
  for (auto each = folders.next(); each; each = folders.next()) list.add(*each);
  list.end();
}

// Shells for other systems look there, and who comes from those expects it.
void say_if_beside(const std::string& program, const char* cwd, bounded_text& into) noexcept {
  path_text path;
  path.assign(cwd != nullptr ? cwd : ".", program);
  struct stat what = {};
  if (!path.fits() || sys::stat(path.c_str(), &what) != 0 || !S_ISREG(what.st_mode)) return;
  if (sys::access_as_exec(path.c_str(), X_OK) != 0) return;
  path.assign(".", program);
  (into += "; the one in the child's directory is ").quote(path.view());
}

void say_interpreter(const looked_up& found, bounded_text& into) noexcept {
  const bool script = found.needs == interpreter_kind::script;
  into += script ? "its interpreter " : "its loader ";
  into.quote(found.interpreter.view());
  into += found.code == EACCES ? " may not be executed" : found.code == ENOENT ? " is not there" : " cannot be run";
  (into += script ? ", says the first line of " : ", says the header of ").quote(found.candidate.view());
  if (!script) {
    into += ", which is for another C library or system";
  } else if (found.interpreter.view().ends_with('\r')) {
    into += ", which ends with CR LF";
  }
}

void say_candidate(const looked_up& found, bounded_text& into) noexcept {
  struct stat what = {};
  bool noexec = false;
  switch (found.why) {
    case unrunnable::no_reason:
    case unrunnable::not_there: return;
    case unrunnable::not_searchable: (void)say_folder(found.seen_here.view(), into); return;
    case unrunnable::interpreter: return say_interpreter(found, into);
    case unrunnable::directory: into.quote(found.candidate.view()) += " is a directory"; return;
    case unrunnable::no_regular_file: into.quote(found.candidate.view()) += " is no regular file"; return;
    case unrunnable::not_executable: break;
  }
  into.quote(found.candidate.view());
  if (sys::mounted_noexec(found.seen_here.c_str(), &noexec) == 0 && noexec) {
    into += " is on a file system that is mounted noexec";
  } else {
    into += " may not be executed";
    if (sys::stat(found.seen_here.c_str(), &what) == 0) say_mode(what, into);
  }
}

// ---- arguments

struct lengths {
  std::size_t all = 0;
  std::size_t longest = 0;
  std::size_t index_of_longest = 0;
};

// As the kernel counts them: with their NUL, and the pointers to them.
void add(lengths& to, std::size_t index, std::string_view text) noexcept {
  to.all += text.size() + 1 + sizeof(char*);
  if (text.size() + 1 <= to.longest) return;
  to.longest = text.size() + 1;
  to.index_of_longest = index;
}

void say_excess(std::size_t bytes, std::size_t most, bounded_text& into) noexcept {
  into += bytes;
  into += " bytes, ";
  into += bytes - most;
  into += " more than the ";
  into += most;
  into += " that are possible";
}

void say_arguments(const spawn_plan& plan, bounded_text& into) noexcept {
  lengths arguments;
  for (std::size_t index = 0; index < plan.argv.size(); ++index) add(arguments, index, plan.argv[index]);
  lengths variables;
  if (plan.environment) {
    for (std::size_t index = 0; index < plan.environment->size(); ++index)
      add(variables, index, (*plan.environment)[index]);
  } else if (environ != nullptr) {
    for (std::size_t index = 0; environ[index] != nullptr; ++index) add(variables, index, environ[index]);
  }
#if defined(__linux__)
  const std::size_t longest = 32 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));  // execve(2): MAX_ARG_STRLEN
  if (arguments.longest > longest) {
    into += "argv[";
    into += arguments.index_of_longest;
    into += "] has ";
    return say_excess(arguments.longest, longest, into);
  }
  if (variables.longest > longest) {
    const char* const text = plan.environment ? (*plan.environment)[variables.index_of_longest].c_str()
                                              : environ[variables.index_of_longest];
    (into += "the variable ").quote(std::string_view(text, std::strcspn(text, "="))) += " has ";
    return say_excess(variables.longest, longest, into);
  }
#endif
  const long most = ::sysconf(_SC_ARG_MAX);
  const std::size_t all = arguments.all + variables.all;
  into += "arguments and environment have ";
  if (most > 0 && all > static_cast<std::size_t>(most)) return say_excess(all, static_cast<std::size_t>(most), into);
  into += all;
  into += " bytes";
}

}  // namespace

error path_error(int number, stage where, const std::string& path) {
  if (hint_text limit = limit_hint(number, where); !limit.empty()) {
    return {system_code(number), where, path, std::move(limit)};
  }
  bounded_text text;
  if (number == ENOENT || number == ENOTDIR || number == EACCES) {
    if (!say_folder(path, text) && number == EACCES) say_rights(path.c_str(), where, text);
    say_start(path, text);
  }
  return {system_code(number), where, path, hint_text(text.view())};
}

error exec_error(int number, const std::string& program, const std::optional<std::string>& cwd, const search_path& path,
                 const looked_up& found) {
  bounded_text text;
  if (found.code == number && !found.candidate.empty()) {
    say_candidate(found, text);
  } else if (found.code == number && is_path(program)) {
    path_text here;
    here.assign(cwd ? std::string_view(*cwd) : std::string_view(), program);
    (void)say_folder(here.view(), text);
    if (!program.starts_with('/') && cwd) {
      separate(text);
      (text += "seen from ").quote(*cwd);
    } else {
      say_start(program, text);
    }
  } else if (found.code == number) {
    say_folders(path, text);
    say_if_beside(program, cwd ? cwd->c_str() : nullptr, text);
  }
  return {system_code(number), stage::exec, program, hint_text(text.view())};
}

error exec_error(int number, const spawn_plan& plan) {
  if (number == E2BIG) {
    bounded_text text;
    say_arguments(plan, text);
    return {system_code(number), stage::exec, plan.program, hint_text(text.view())};
  }
  const search_path path(plan.environment);
  const std::unique_ptr<looked_up> found(new (std::nothrow) looked_up);
  if (!found) return {system_code(number), stage::exec, plan.program};
  if (number == ENOENT || number == ENOTDIR || number == EACCES) {
    look_up(plan.program, plan.cwd ? plan.cwd->c_str() : nullptr, path.folders, *found);
  }
  return exec_error(number, plan.program, plan.cwd, path, *found);
}

hint_text limit_hint(int number, stage where) noexcept {
  bounded_text text;
  struct rlimit limit = {};
  if (number == EMFILE && sys::limit_of(RLIMIT_NOFILE, &limit) == 0) {
    text += "this process may have ";
    text += static_cast<unsigned long long>(limit.rlim_cur);
    text += " open (RLIMIT_NOFILE)";
  } else if (number == ENFILE) {
    text += "the system has as many open as it may, over all processes";
  } else if (number == EAGAIN && where == stage::process && sys::limit_of(RLIMIT_NPROC, &limit) == 0) {
    if (limit.rlim_cur != RLIM_INFINITY) {
      text += "this user may have ";
      text += static_cast<unsigned long long>(limit.rlim_cur);
      text += " processes and threads (RLIMIT_NPROC), and a control group or the system fewer";
    } else {
      text +=
          "this user may have any number (RLIMIT_NPROC), but not the control group or the system (pids.max, pid_max)";
    }
  }
  return hint_text(text.view());
}

}  // namespace spawnpipe::platform
