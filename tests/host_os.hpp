// What the test programs ask the system about themselves, and what a case expects that differs by system. One folder defines
// it: posix/host_os.cpp, windows/host_os.cpp.
#ifndef SPAWNPIPE_TESTS_HOST_OS_HPP
#define SPAWNPIPE_TESTS_HOST_OS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace host_os {

// Every open descriptor of this process as "NUMBER WHAT".
[[nodiscard]] std::vector<std::string> open_descriptors();

// Every child of this process as "ID running" or "ID zombie". Where the system lists none, one entry stands for all.
[[nodiscard]] std::vector<std::string> children();

// Reaps what is there to be reaped, whosever it is.
void reap_zombies();

// True while the process runs; a zombie does not.
[[nodiscard]] bool running(std::int64_t id);
// The processes that run and have this word in their command line; on Windows, that are the helper program.
[[nodiscard]] std::vector<std::int64_t> running_with(const std::string& word);
// When a process began, as the system tells it; nothing for one that is not there. With the id it names a process for good.
[[nodiscard]] std::optional<std::uint64_t> beginning(std::int64_t id);
// Ends a process that need not be a child of this one, for certain.
void end_process(std::int64_t id) noexcept;

// CPU time that this process used so far, all threads; and the steps in which it grows.
[[nodiscard]] std::chrono::nanoseconds cpu_time();
[[nodiscard]] std::chrono::nanoseconds cpu_time_step();
// How often this thread has gone to sleep so far, to wait for something; nothing where it cannot be told.
[[nodiscard]] std::optional<std::uint64_t> times_asleep();
// Memory in use now, as the system counts it; nothing where it cannot be told.
[[nodiscard]] std::optional<std::size_t> resident_bytes();
// Threads of this process; nothing where it cannot be told.
[[nodiscard]] std::optional<std::size_t> thread_count();

// The signal mask of this thread and the disposition of every signal, as text: to be compared with an earlier one.
[[nodiscard]] std::string signal_state();

// A new empty folder that every user may enter.
[[nodiscard]] std::filesystem::path make_temp_dir();

// A script in this folder, in the language of the system's shell, that runs `program` with `verb` and the script's own arguments. Its path.
[[nodiscard]] std::filesystem::path make_script(const std::filesystem::path& folder, const std::string& program,
                                                const std::string& verb);

// Gives up the rights of root for good, where the process has them: for the host of a scenario that meets permissions.
void drop_rights();

// Descriptors that this process was started with, beyond the three streams, do not reach its children.
void shield_descriptors();
// Interrupts end this process, though a shell that started it in the background had them ignored.
void heed_interrupts();
// No signal is delivered to this thread.
void block_signals_here();

// Why a child cannot be asked to end here; nothing where it can.
[[nodiscard]] std::optional<std::string> no_polite_end();
// Whether that is how a process ends that was killed: the signal and the exit code that the library tells of it.
[[nodiscard]] bool is_killed(std::optional<int> signal, std::optional<std::uint32_t> code);
// Whether a read or a write of a few bytes costs so much that a million of them are no test (Wine asks its server for each).
[[nodiscard]] bool small_pieces_are_slow();
// Whether a child that is killed takes along what it started, whichever group it is in.
[[nodiscard]] bool kill_takes_the_tree();
// What the system says about a path that goes on behind a file.
[[nodiscard]] std::errc below_a_file();
// Whether a child has this variable even where its environment is to be empty.
[[nodiscard]] bool always_set(std::string_view name);

// What stands between the folders of PATH.
[[nodiscard]] char path_separator();

// A variable of this process's own environment; and one that is changed, or taken away. No other thread runs then.
[[nodiscard]] std::optional<std::string> variable(const std::string& name);
void set_variable(const std::string& name, const std::optional<std::string>& value);

// Runs this very program anew with these arguments, with stdin from the null device.
struct ended {
  int code = -1;       // exit code; minus the signal's number where one ended it
  std::string output;  // what it printed to both streams
};
[[nodiscard]] ended run_self(const std::vector<std::string>& arguments);

}  // namespace host_os

#endif
