// The seam: everything that a back end must define, and all that lib/ knows of an operating system.
//
// It is completion-shaped, because Windows is. lib lends a buffer and begins an operation; the back end completes it at once,
// or later from loop_wait by pushing the operation's `completion` into the loop's inbox. POSIX imitates that by remembering
// the span and reading into it when the descriptor is ready. A back end moves bytes, starts and ends processes, waits and
// wakes; queues, books, deadlines, lines and phases are lib's, and exist once.
//
// The back end is chosen at link time, by file: platform/posix/, platform/windows/, platform/simulated/, with the same file names in each. A
// missing function is a link error. Everything but loop_wake, waker_* and what has no loop is called on the loop's owner thread only.
// No OS header here, and none in lib/.
#ifndef SPAWNPIPE_PLATFORM_PLATFORM_HPP
#define SPAWNPIPE_PLATFORM_PLATFORM_HPP

#include <spawnpipe/command.hpp>
#include <spawnpipe/exit_status.hpp>
#include <spawnpipe/resource_usage.hpp>
#include <spawnpipe/result.hpp>
#include <spawnpipe/stdio.hpp>
#include <spawnpipe/stop_policy.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace spawnpipe::platform {

using time_point = std::chrono::steady_clock::time_point;

struct loop;     // defined by the back end, as the next four
struct stream;   // our end of one pipe
struct process;  // a child, from its spawn to process_release
struct file;     // one that is written from its beginning to its end
struct waker;    // counted, because it may outlive its loop

// What an operation came to. For a read, bytes > 0 is data (even when an error came with them); `end` is the end of the
// stream. No bytes, no error and no end is an empty completion, which a stream may have, and which means nothing.
struct io_outcome {
  std::size_t bytes = 0;
  std::error_code error = {};
  bool end = false;
};

// One of these belongs to each stream and each process of lib; the back end links it into the inbox when its operation ends.
struct completion {
  completion* next = nullptr;
  completion* previous = nullptr;
  bool posted = false;                    // in the inbox
  void* owner = nullptr;                  // lib's own
  void (*handle)(void* owner) = nullptr;  // lib's own: called by lib when it takes the completion out
  io_outcome outcome;                     // for an exit: nothing; ask process_poll
};

// Completions in the order in which they came. Owner thread only: a back end with threads of its own hands over inside loop_wait.
class inbox {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void push(completion& done) noexcept;
  void remove(completion& done) noexcept;
  [[nodiscard]] completion* pop() noexcept;

 private:
  completion* first_ = nullptr;
  completion* last_ = nullptr;
};

// ---- time

[[nodiscard]] time_point clock_now() noexcept;

// ---- loop

// What lib gives a loop. The hooks are for a loop that the host runs (adopted): the back end calls before_wait when the host's
// loop is about to wait and arms its timer with the answer, and after_wait when the host's loop has waited.
struct loop_client {
  inbox* completions = nullptr;
  void* context = nullptr;
  time_point (*before_wait)(void* context) = nullptr;
  void (*after_wait)(void* context, bool woken) = nullptr;
};

[[nodiscard]] result<loop*> loop_open(const loop_client& client, void* adopt);
// Every stream is closed and every process released before. Frees all, also in a forked copy of the host.
void loop_close(loop* self) noexcept;
// Waits until something is in the inbox, `until` has come (now or earlier: one pass without waiting), or loop_wake was called since
// the last return; true says the last. The one place that fills the inbox; runs no code of a user. `hint` is the one
// operation a blocking call is after, or null: a back end may wait on that directly. May return for no reason.
bool loop_wait(loop* self, time_point until, completion* hint) noexcept;
// Adopted loops: have the hooks called in the host's next turn, and keep the host's loop alive until then.
void loop_poke(loop* self) noexcept;
[[nodiscard]] native_handle loop_native(const loop* self) noexcept;
// True in a copy of the process that was made by fork: nothing of the parent's may be touched there.
[[nodiscard]] bool loop_foreign(const loop* self) noexcept;

[[nodiscard]] waker* loop_waker(loop* self) noexcept;  // borrowed; retain it to keep it
void waker_retain(waker* self) noexcept;
void waker_release(waker* self) noexcept;
void loop_wake(waker* self) noexcept;  // any thread; signal-safe; does nothing when the loop is gone

// ---- streams. At most one operation in flight on each; lib begins the next one only from idle.

// The bytes of one operation are never more, so that no back end cuts a length to 32 bits.
inline constexpr std::size_t longest_request = std::size_t{1} << 30;

// Tries at once where it can, and returns what came of it; else nothing, and `into` is lent until `done` is in the inbox or the
// operation is retired.
[[nodiscard]] std::optional<io_outcome> read_begin(stream* self, std::span<std::byte> into, completion& done) noexcept;
// Cancels the read in flight. When it returns, the buffer is lib's again; the bytes are those that raced the cancel.
[[nodiscard]] io_outcome read_retire(stream* self) noexcept;
// Takes what the pipe takes without waiting and without lending: 0 bytes and no error where it takes nothing now.
[[nodiscard]] io_outcome write_try(stream* self, std::span<const std::byte> from) noexcept;
// As read_begin. A partial write is a completion; a system may take the first span only. The spans themselves are copied, the bytes are
// lent.
[[nodiscard]] std::optional<io_outcome> write_begin(stream* self, std::span<const std::span<const std::byte>> from,
                                                    completion& done) noexcept;
struct write_retired {
  std::size_t bytes = 0;    // that went out before the cancel
  std::size_t unknown = 0;  // behind these, of which any number may have gone out
};
[[nodiscard]] write_retired write_retire(stream* self) noexcept;
// True where the pipe to read from holds so much that its writer may be waiting for room.
[[nodiscard]] bool stream_backed_up(const stream* self) noexcept;
// No operation is in flight. Also in a forked copy of the host.
void stream_close(stream* self) noexcept;

// ---- processes

// What to start, as data; all strings are free of NUL, and checked.
struct descriptor_plan {
  int number;
  native_handle source;
};
struct spawn_plan {
  const std::string& program;
  const std::vector<std::string>& argv;
  const std::optional<std::string>& cwd;
  const std::optional<std::vector<std::string>>& environment;  // NAME=value; none: the host's as it is
  stdio::input in;
  stdio::output out;
  stdio::error_output err;
  std::vector<descriptor_plan> descriptors;
  process_group group;
  process_tree tree;
  bool end_with_host;
  bool shell_line;  // the last of argv is a line for the shell, as it is
};
struct spawned {
  process* handle = nullptr;
  std::int64_t id = 0;
  stream* in = nullptr;  // null where the plan has no pipe
  stream* out = nullptr;
  stream* err = nullptr;
  bool has_terminal = false;  // the host's was given to it: ask now and then whether it is suspended
};

// Makes the pipes, opens the redirects and starts the program; or says at which stage that failed, and leaves nothing. `exited` is
// pushed into the inbox when the process has ended.
[[nodiscard]] result<spawned> spawn(loop* self, const spawn_plan& plan, completion& exited);
// Starts it as nobody's child, in a session of its own; the plan has no pipe. Its id.
[[nodiscard]] result<std::int64_t> spawn_detached(const spawn_plan& plan);
// The full path of the file that a spawn with these would run; or that spawn's error. No loop, any thread.
[[nodiscard]] result<std::string> find_program(const std::string& program, const std::optional<std::string>& cwd,
                                               const std::optional<std::vector<std::string>>& environment);
// How it ended; nothing while it runs.
[[nodiscard]] std::optional<exit_status> process_poll(process* self) noexcept;
// What it used, once it has ended; nothing where that is not known. lib fills in what passed of time.
[[nodiscard]] std::optional<resource_usage> process_used(const process* self) noexcept;
// `forward`: an interrupt of the host, which goes only to those whom it did not reach: refused (errc::not_supported) for a child in the
// host's own group.
enum class signal_kind { terminate, kill, forward };
// To the process, and to what it started, as far as its tree's mechanism reaches. `number` is the signal that asks (0: the usual one).
// Refuses (errc::already_exited) where nothing is left, or what is left may be somebody else's.
[[nodiscard]] result<signal_report> process_signal(process* self, signal_kind which, int number) noexcept;
// Whether the system has a signal of that number, to ask with.
[[nodiscard]] bool signal_exists(int number) noexcept;
// Its name ("SIGKILL"); empty where it has none.
[[nodiscard]] std::string signal_name(int number);
// What is left of the process and of what it started. Asked for when it has ended; `gone` is false while it runs.
[[nodiscard]] tree_report process_tree_look(process* self) noexcept;
// Whether it is stopped now. Where that is news, the host has its terminal back.
[[nodiscard]] bool process_suspended(process* self) noexcept;
// Gives it the terminal, and lets it go on; refused (resource_unavailable_try_again) while the host does not have that.
[[nodiscard]] result<void> process_resume(process* self) noexcept;
// Suspends the host itself, as Ctrl-Z would. May return before that happens.
void suspend_host() noexcept;
// Forgets it, ended or not.
void process_release(process* self) noexcept;

// Calls `end(context)` when this thread ends (the main thread: when the program does), once. Asked for once in a thread.
void at_thread_end(void (*end)(void* context) noexcept, void* context);

// Which process this is: a copy made by fork, by whatever call, has another number, and what it inherited is its parent's. POSIX: costs
// a look into memory where the system clears a page in forked copies (Linux since 4.14), and getpid elsewhere.
[[nodiscard]] std::uint64_t process_identity() noexcept;

// ---- files

// Created, or emptied. At stage redirect, with the path.
[[nodiscard]] result<file*> file_create(const std::string& path);
// All of it, however long the system takes.
[[nodiscard]] std::error_code file_write(file* self, std::span<const std::byte> bytes) noexcept;
void file_close(file* self) noexcept;

// ---- the host

// From now on `heard` is called, in a signal handler or on a thread of the system's, when something asks this process to end, and the
// process goes on. Until interrupts_end; not called in between.
[[nodiscard]] result<void> interrupts_begin(void (*heard)(int number) noexcept);
void interrupts_end() noexcept;

// The host's variables, as NAME=value.
[[nodiscard]] std::vector<std::string> host_environment();
// Whether two names are one variable to the system (Windows: whatever their case).
[[nodiscard]] bool same_variable(std::string_view one, std::string_view other) noexcept;
// The program and the switch that run a line of text (`/bin/sh`, `-c`).
[[nodiscard]] std::vector<std::string> shell_prefix();
// The command as a line to be pasted into that shell.
[[nodiscard]] std::string line_for_shell(const command& what);

}  // namespace spawnpipe::platform

#endif
