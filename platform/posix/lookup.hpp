// Which file a program's name means, by the rules of execvp(3) in the new process, asked from here.
//
// Nothing but an exec can tell for certain: the look-up asks of each candidate what exec would ask (is it a regular file, may it be
// executed, is what it needs to be run there), and goes on from one to the next by the rule that the new process follows.
#ifndef SPAWNPIPE_PLATFORM_POSIX_LOOKUP_HPP
#define SPAWNPIPE_PLATFORM_POSIX_LOOKUP_HPP

#include "interpreter.hpp"
#include "path_text.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnpipe::platform {

// PATH where none is set: what the engine takes then.
[[nodiscard]] const char* usual_search_path() noexcept;

// PATH as a child with this environment has it.
struct search_path {
  explicit search_path(const std::optional<std::vector<std::string>>& environment) noexcept;

  std::string_view folders;
  bool is_set = true;
};

// The folders of a PATH, one after the other. An empty one is the child's directory.
class path_folders {
 public:
  explicit path_folders(std::string_view path) noexcept : rest_(path) {}
  [[nodiscard]] std::optional<std::string_view> next() noexcept;

 private:
  std::string_view rest_;
  bool ended_ = false;
};

// Whether the name is a path, and is not searched for.
[[nodiscard]] inline bool is_path(std::string_view program) noexcept {
  return program.find('/') != std::string_view::npos;
}

// Why a file cannot be run.
enum class unrunnable { no_reason, not_there, not_searchable, no_regular_file, directory, not_executable, interpreter };

struct looked_up {
  int code = 0;  // errno that exec says of the program; 0: it can be run
  path_text
      candidate;  // the file that is run, as the child names it; else the first that is there and cannot be run, or empty
  path_text seen_here;  // the same, as it is seen from the host's directory
  unrunnable why = unrunnable::no_reason;
  interpreter_kind needs = interpreter_kind::none;
  path_text interpreter;  // where that is why

  path_text work[3];  // the look-up's own: a thread may have 16 KiB of stack and no more
};

// `cwd` is the child's directory; null: the host's.
void look_up(std::string_view program, const char* cwd, std::string_view folders, looked_up& into) noexcept;

}  // namespace spawnpipe::platform

#endif
