// What a case needs around real children: the helper program, the pattern it writes, a folder that goes away again, and the
// proof that a case left nothing behind.
#ifndef SPAWNPIPE_TESTS_CHILDREN_HPP
#define SPAWNPIPE_TESTS_CHILDREN_HPP

#include "harness.hpp"
#include "host_os.hpp"
#include "pattern.hpp"

#include <concepts>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace harness {

// The path of the helper program: what the build said, or SPAWNPIPE_TEST_CHILD of the environment.
[[nodiscard]] const std::string& child_program();

[[nodiscard]] inline std::string as_argument(std::string_view text) { return std::string(text); }
[[nodiscard]] std::string as_argument(std::integral auto number) { return std::to_string(number); }

// What holds the trees of the helper's processes together: what SPAWNPIPE_MECHANISM in the environment names (as to_string does),
// instead of the back end's usual. The cases of trees and stops hold for each.
[[nodiscard]] spawnpipe::process_tree tree_to_ask_for();

// A command for the helper program: command("write", 1000, 10, "err"). The verbs are listed in child.cpp.
template <class... Arguments>
[[nodiscard]] spawnpipe::command command(std::string_view verb, const Arguments&... arguments) {
  return spawnpipe::command(child_program(), {std::string(verb), as_argument(arguments)...}).tree(tree_to_ask_for());
}

// The same with no stream that could be a terminal: nothing to read, its output in a pipe, no errors.
[[nodiscard]] inline spawnpipe::command quiet(spawnpipe::command what) {
  namespace stdio = spawnpipe::stdio;
  return std::move(what.in(stdio::null{}).out(stdio::pipe{}).err(stdio::null{}));
}

// A child of each sort: one that is fed, one that breaks its pipe, one that is stopped on a loop, one that cannot be started; for cases
// that look at the host before and after. True where each went as it should.
[[nodiscard]] bool use_everything();

// Makes what the library keeps for a thread (the default loop with its descriptors), so that counts stay the same from here on.
void warm_up();

// Asserts at its end that the process has the descriptors and the children that it had at its beginning. To be declared before
// everything that the case makes. Other threads of the case are over by then.
class leak_check {
 public:
  leak_check();
  leak_check(const leak_check&) = delete;
  leak_check& operator=(const leak_check&) = delete;
  ~leak_check();

 private:
  std::string descriptors_;
  std::string children_;
};

// Paths as the library takes them: UTF-8, where the system's own are another text.
[[nodiscard]] std::filesystem::path path_of(std::string_view text);
[[nodiscard]] std::string text_of(const std::filesystem::path& path);

// An empty folder, removed at the end with all that is in it.
class temp_dir {
 public:
  temp_dir();
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;
  ~temp_dir();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  // A path in it.
  [[nodiscard]] std::string operator/(std::string_view name) const { return text_of(path_ / path_of(name)); }
  // Its own.
  [[nodiscard]] std::string text() const { return text_of(path_); }

 private:
  std::filesystem::path path_;
};

// This process works in that folder, for as long as this lives.
class working_directory {
 public:
  explicit working_directory(const std::filesystem::path& folder) : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder);
  }
  working_directory(const working_directory&) = delete;
  working_directory& operator=(const working_directory&) = delete;
  ~working_directory() {
    std::error_code ignored;
    std::filesystem::current_path(before_, ignored);
  }

 private:
  std::filesystem::path before_;
};

// A variable of this process's environment has that value, or none, for as long as this lives.
class host_variable {
 public:
  host_variable(std::string name, const std::optional<std::string>& value)
      : name_(std::move(name)), before_(host_os::variable(name_)) {
    host_os::set_variable(name_, value);
  }
  host_variable(const host_variable&) = delete;
  host_variable& operator=(const host_variable&) = delete;
  ~host_variable() { host_os::set_variable(name_, before_); }

 private:
  std::string name_;
  std::optional<std::string> before_;
};

// The whole of a file; and one written anew.
[[nodiscard]] std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view bytes);

// Whether it was killed, as far as its status tells.
[[nodiscard]] inline bool was_killed(const spawnpipe::exit_status& status) {
  return host_os::is_killed(status.signal(), status.code());
}

// Waits until that process is gone (a zombie counts as gone); false when it is still there after so long.
[[nodiscard]] bool gone_within(std::int64_t id, std::chrono::milliseconds time);

// Ends the process with this id when the case is over, if it is still there: for the helper's grandchildren.
class end_at_exit {
 public:
  explicit end_at_exit(std::int64_t id) : id_(id), began_(host_os::beginning(id)) {}
  end_at_exit(const end_at_exit&) = delete;
  end_at_exit& operator=(const end_at_exit&) = delete;
  ~end_at_exit() {
    if (!began_ || host_os::beginning(id_) != began_) return;
    host_os::end_process(id_);
    (void)gone_within(id_, std::chrono::seconds(10));
  }

 private:
  std::int64_t id_;
  std::optional<std::uint64_t> began_;
};

}  // namespace harness

#endif
