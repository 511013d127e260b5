// What a test says to the simulated back end, and what it asks it afterwards.
//
// There is no operating system behind this back end. The clock is a number that moves only while the library waits.
// What a child does (write, read, end, ignore a signal) is said by the test, before the call that waits for it, or in
// actions that run inside that wait. The library must keep to the rules of platform.hpp meanwhile: what it does wrong
// is noted as misuse.
#ifndef SPAWNPIPE_PLATFORM_SIMULATED_SCRIPT_HPP
#define SPAWNPIPE_PLATFORM_SIMULATED_SCRIPT_HPP

#include "pipe_ends.hpp"
#include "platform.hpp"

#include <spawnpipe/event_loop.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spawnpipe::simulated {

using action = std::function<void()>;

// The plan of a spawn, copied.
struct recorded_plan {
  std::string program;
  std::vector<std::string> argv;
  std::optional<std::string> cwd;
  std::optional<std::vector<std::string>> environment;
  stdio::input in;
  stdio::output out;
  stdio::error_output err;
  std::vector<platform::descriptor_plan> descriptors;
  process_group group;
  process_tree tree;
  bool end_with_host;
};

// A look-up of a program that was asked for.
struct recorded_look_up {
  std::string program;
  std::optional<std::string> cwd;
  std::optional<std::vector<std::string>> environment;
};

struct sent_signal {
  platform::signal_kind which;
  time_point when;
  int number = 0;
};

// A child, from before its spawn. Spawns take them in the order in which they were asked for.
class scripted_child {
 public:
  source out;
  source err;
  sink in;

  // The spawn fails with this.
  void fail_spawn(error why);
  // It ends now. Its out and err end behind what they hold, and its in breaks, unless somebody else holds them.
  void exit(exit_status how = exit_status::exited(0));
  void pipes_held(bool yes = true);  // by a grandchild
  // What it does on a signal, and when the library closes its in. By default it ends at once by the signal (15, 9), and
  // does not care about its in.
  void on_terminate(action what);
  void on_kill(action what);
  void ignore_terminate() {
    on_terminate([] {});
  }
  void ignore_kill() {
    on_kill([] {});
  }
  void on_in_closed(action what);
  // What it started is there until a signal reaches it that it does not ignore.
  void tree_lives(bool ignores_terminate = false, bool ignores_kill = false);
  void tree_ends();
  // What is told of it when it has ended.
  void used(const resource_usage& what);
  // It is stopped, as by Ctrl-Z, or goes on.
  void suspend(bool yes = true);
  // process_signal fails with this, once.
  void fail_signal(error why);

  [[nodiscard]] bool exited() const;
  [[nodiscard]] bool released() const;
  [[nodiscard]] std::int64_t id() const;
  [[nodiscard]] const recorded_plan& plan() const;
  [[nodiscard]] std::vector<sent_signal> signals() const;
  [[nodiscard]] int polls() const;
  [[nodiscard]] int tree_looks() const;
  [[nodiscard]] int resumes() const;

 private:
  friend struct platform::stream;
  friend struct platform::process;
  friend struct platform::loop;
  friend class script;
  friend bool platform::process_suspended(platform::process* self) noexcept;
  friend result<void> platform::process_resume(platform::process* self) noexcept;

  void stir();

  platform::process* process_ = nullptr;
  std::int64_t id_ = 0;
  bool released_ = false;
  bool ready_ = false;
  bool told_ = false;    // the end is in the inbox, or was
  bool reaped_ = false;  // process_poll said it
  bool pipes_held_ = false;
  int polls_ = 0;
  int tree_looks_ = 0;
  bool suspended_ = false;
  int resumes_ = 0;
  bool tree_lives_ = false;
  bool tree_ignores_terminate_ = false;
  bool tree_ignores_kill_ = false;
  std::optional<resource_usage> used_;
  std::optional<exit_status> status_;
  std::optional<error> spawn_error_;
  std::deque<error> signal_errors_;
  action on_terminate_;
  action on_kill_;
  action on_in_closed_;
  std::optional<recorded_plan> plan_;
  std::vector<sent_signal> signals_;
};

// A loop of the host, to be adopted.
class host {
 public:
  host() = default;
  host(const host&) = delete;
  host& operator=(const host&) = delete;
  ~host();

  // One turn: asks lib when it wants to be called, waits for that or for what the script does first, tells lib. False
  // when nothing of lib's is in this loop. The second form does not wait.
  bool turn();
  bool turn_now();
  // Something of the host's own that is called in its next turn, when the completions have come and lib was not told
  // yet.
  void in_next_turn(action what);
  [[nodiscard]] int pokes() const;

 private:
  friend struct platform::loop;

  bool turn(bool wait);

  platform::loop* loop_ = nullptr;
  action in_next_turn_;
  int pokes_ = 0;
  bool poked_ = false;
};

[[nodiscard]] result<event_loop> adopt(host& to);

// Whether this thread is inside a function of the back end now.
[[nodiscard]] bool inside_back_end() noexcept;

// One call of loop_wait.
struct recorded_wait {
  time_point began;
  time_point until;
  const platform::completion* hint;
  time_point returned;
};

// What is there now.
struct object_counts {
  int loops = 0;
  int streams = 0;
  int processes = 0;
  int wakers = 0;
  int files = 0;

  friend constexpr bool operator==(const object_counts&, const object_counts&) noexcept = default;
};

// The whole of it. Actions belong to the thread that asked for them, and run in that thread's waits.
class script {
 public:
  [[nodiscard]] static script& get();

  // Forgets everything, and sets the clock to its start. What is still there is no longer counted.
  void reset();

  // ---- time
  [[nodiscard]] time_point now() const noexcept;
  void advance(duration length) noexcept;

  // ---- actions
  void at_next_wait(action what);              // all of them at the beginning of the next wait, blocking or not
  void when_idle(action what);                 // one for each wait that has nothing else to do but to let time pass
  void after(duration length, action what);    // when the clock gets there
  void return_now();                           // in an action: the wait returns, with what there is
  void spurious(int times);                    // the next waits return at once, for no reason
  void early(duration length, int times = 1);  // the next waits that would end by the clock end so much too early
  void late(duration length);                  // all waits that end by the clock end so much too late
  // A wait that nothing scripted can end waits for loop_wake from another thread, in real time (10 s at most).
  void wait_for_wake(bool yes = true);

  // ---- failures
  void fail_loop_open(error why);   // the next one
  void interrupt(int number);       // of the host; nothing where nobody has taken that over
  void fail_interrupts(error why);  // the next interrupts_begin
  void has_terminal(bool yes);      // the host, which has it at first
  void foreign(bool yes = true);    // as in a forked copy of the host
  void host_environment(std::vector<std::string> variables);
  void fail_file_create(error why);   // the next one
  void fail_find_program(error why);  // the next one; else every program is found in /found
  void file_room(std::size_t bytes);  // so much can be written to files from now on

  // ---- children
  // Not yet spawned; lives until reset(), or forget_ended().
  [[nodiscard]] scripted_child& next_child();
  // The spawns so far that were not asked for by next_child().
  [[nodiscard]] int unexpected_spawns() const;
  // Frees the children that ended, with all their pipes closed: for cases with very many.
  void forget_ended();

  // ---- what happened
  [[nodiscard]] std::vector<recorded_wait> waits() const;
  void forget_waits();
  [[nodiscard]] std::vector<std::string> misuse() const;
  [[nodiscard]] int deadlocks() const;  // waits that nothing could end: everything is ended then, to get out of them
  [[nodiscard]] object_counts objects() const;
  [[nodiscard]] std::map<std::string, std::string> files() const;
  [[nodiscard]] int host_suspensions() const;
  [[nodiscard]] bool interrupts_taken() const;
  [[nodiscard]] std::vector<recorded_look_up> look_ups() const;

  struct state;  // of the back end
  [[nodiscard]] state& internals() noexcept { return *state_; }

 private:
  script();

  state* state_;
};

}  // namespace spawnpipe::simulated

#endif
