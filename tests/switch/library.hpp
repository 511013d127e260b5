// A library that runs processes, as its users see it when they meet the complaints of the switch list (contract/switch_list.cpp): what
// each complaint asks of it, as a function. cases.cpp has the 25 cases, and is the same for all; each library is a program of its own.
//
// Each function is written as that library's documentation has it done, by somebody who knows the complaint and wants to be safe from
// it. What the library leaves to its user is written here in his place, and named (`by_hand`): calls of the system about processes,
// timers and threads around it. What it gives no way to do is named, too (`cannot`).
//
// An exit code is the child's own, or less than zero the signal that ended it. A function throws where something went wrong.
#ifndef SPAWNPIPE_TESTS_SWITCH_LIBRARY_HPP
#define SPAWNPIPE_TESTS_SWITCH_LIBRARY_HPP

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace switch_list {

using arguments = std::vector<std::string>;
using std::chrono::milliseconds;

// The helper program of the tests (../child.cpp lists its verbs).
inline constexpr const char* child_program = SWITCH_CHILD_PROGRAM;

struct outcome {
  std::string out;
  std::string err;
  int code = 0;
  bool timed_out = false;
};

// What came of a conversation with a child that answers lines and does not end its output.
struct conversation {
  std::string first;    // its answer to "one", with the newline
  std::string nothing;  // what a read found that was given 50 ms, while the child waits
  std::string second;   // its answer to "two"
};

// A child that has closed its output: whether it was seen to run 50 ms later, or longer after its start, and its exit code when it
// was let go.
struct closed_output {
  bool still_running = false;
  int code = 0;
};

template <class Function>
struct way {
  Function* act = nullptr;  // null: it cannot be done, and `word` says why
  const char* word = "";    // else what of it the user has to do himself

  constexpr way() = default;
  constexpr way(Function* function) : act(function) {}
  constexpr way(Function* function, const char* by_hand) : act(function), word(by_hand) {}
};

// For `way`s of any function.
struct cannot {
  const char* why;
  template <class Function>
  constexpr operator way<Function>() const {
    return way<Function>(nullptr, why);
  }
};

struct library {
  std::string (*version)();

  // Feeds the program, and takes both of its outputs and its exit code. There is no deadline.
  way<outcome(const std::string& program, const arguments&, const std::string& input)> run;
  // The same of the helper with nothing to read, which starts a process that holds the output for ever: no later than the helper's own
  // end, or a little after it.
  way<outcome(const arguments&)> run_held;
  // The same as run for the helper, with a time limit, at which it is killed.
  way<outcome(const arguments&, const std::string& input, milliseconds)> run_with_timeout;
  // Both outputs as one, in the order of the writes.
  way<std::string(const arguments&)> merged;
  // The helper's "cat", fed with this, whose output is the input of its "checksum", whose output is returned.
  way<std::string(const std::string& input)> through_two;
  // With the helper's "echo-lines".
  way<conversation()> converse;

  // The exit code of the helper, whose output is a pipe that is not read.
  way<int(const arguments&)> exit_code;
  // Of the helper's "close-out 7".
  way<closed_output()> wait_after_end_of_output;
  // In the library's event loop: a timer ticks each millisecond; at the hundredth tick, stdin of the helper's "until-eof" is closed.
  // Says how long after that the exit was told.
  way<milliseconds()> wait_in_loop;
  // The helper's "hang" is waited for so long. `begins` is called right before the wait, with its id, and `over` right behind it.
  // Whether it ended; if not it is killed.
  way<bool(milliseconds, const std::function<void(pid_t)>& begins, const std::function<void()>& over)> wait_for;

  // The helper's "until-eof" with a pipe for stdin, then "hang" with one. Closes that of the first, and waits for it; then kills the
  // second. The exit code of the first. Called from several threads, too.
  way<int()> later_child;
  // The helper's "hang" runs while this is called.
  way<void(const std::function<void()>& meanwhile)> hold;
  // The helper's "exit" is waited for; then this is called with its id; then it is to be killed, by what the library has for that.
  way<void(const std::function<void(pid_t)>& meanwhile)> kill_after_end;
  // The helper's "exit 3" is killed after so long, and waited for.
  way<int(std::chrono::microseconds)> kill_and_wait;
  // The helper's "exit"; this is called with its id, and returns when it has ended, which the library was not asked about; it is then
  // asked to end, and waited for.
  way<void(const std::function<void(pid_t)>& until_ended)> ask_ended;

  // A helper that starts another process, and prints that one's id as a line. Both are killed. Returns that id.
  way<pid_t(const arguments&)> kill_tree;
  // The same with one that ignores polite requests, and prints "ready" as its second line. It is asked, and given 50 ms; then it is
  // killed; and both are gone when this returns.
  way<pid_t(const arguments&)> stop_tree;
  // The helper's "hang", which dies with this process. Its id.
  way<pid_t()> end_with_host;
};

extern const library this_library;

inline void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

}  // namespace switch_list

#endif
