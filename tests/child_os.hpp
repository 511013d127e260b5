// What the helper program needs of the system. One folder defines it: posix/child_os.cpp, windows/child_os.cpp.
#ifndef SPAWNPIPE_TESTS_CHILD_OS_HPP
#define SPAWNPIPE_TESTS_CHILD_OS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace child {

using arguments = std::vector<std::string>;

struct verb {
  std::string_view name;
  int (*act)(const arguments& given);  // returns the exit code
};

// Does what `given` says, verb first; returns the exit code.
int act(const arguments& given);

// Whether there is a next argument, and what it is; the number that it says.
[[nodiscard]] std::string argument(const arguments& given, std::size_t index, std::string_view otherwise);
[[nodiscard]] std::uint64_t number(const arguments& given, std::size_t index, std::uint64_t otherwise);

}  // namespace child

namespace child::os {

// The streams; on POSIX any other descriptor may stand in their place.
constexpr int in = 0;
constexpr int out = 1;
constexpr int err = 2;

// All of the command line, as UTF-8.
[[nodiscard]] arguments command_line(int argc, char** argv);
// Once per process: streams without translation, and an end after so long, whatever happens.
void prepare(std::chrono::seconds longest_life);

// How many bytes came; 0 is the end, less than 0 an error.
[[nodiscard]] std::ptrdiff_t read(int stream, char* into, std::size_t size);
// Writes all; false when that failed. (POSIX: a broken pipe is SIGPIPE, unless the host had it ignored.)
[[nodiscard]] bool write(int stream, std::string_view bytes);
void close(int stream);
[[nodiscard]] bool is_terminal(int stream);

[[nodiscard]] std::vector<std::string> variables();  // NAME=value
[[nodiscard]] std::optional<std::string> variable(const std::string& name);
[[nodiscard]] std::string directory();
[[nodiscard]] bool exists(const std::string& path);
// One line at the end of a file, in one write, so that lines of other processes do not mix with it.
void append_line(const std::string& path, std::string_view line);

[[noreturn]] void hang();
// Polite requests to end are ignored from now on; or answered by a text on `out` and an exit.
void ignore_terminate();
void exit_on_terminate(std::string_view text, int code);

// Leaves the session and the group of whoever started it, where there is such a thing.
void leave_session();

// Starts a process that does act(given), with the same streams. It begins after `announce(its id)` has returned.
void start_copy(const arguments& given, const std::function<void(std::int64_t id)>& announce);

// The verbs that only this system has.
[[nodiscard]] std::span<const verb> verbs();

}  // namespace child::os

#endif
