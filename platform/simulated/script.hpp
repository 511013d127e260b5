// What a test says to the simulated back end, and what it asks it afterwards.
//
// There is no operating system behind this back end. The clock is a number that moves only while the library waits. What a
// child does (write, read, end, ignore a signal) is said by the test, before the call that waits for it, or in actions that
// run inside that wait. The library must keep to the rules of platform.hpp meanwhile: what it does wrong is noted as misuse.
#ifndef SPAWNPIPE_PLATFORM_SIMULATED_SCRIPT_HPP
#define SPAWNPIPE_PLATFORM_SIMULATED_SCRIPT_HPP

#include "platform.hpp"

#include <spawnpipe/event_loop.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace spawnpipe::simulated {

using platform::time_point;
using duration = std::chrono::steady_clock::duration;
using action = std::function<void()>;

// What one read comes to: bytes, and behind the last of them an error, the end, or nothing. All empty: an empty completion.
struct arrival {
  std::string bytes = {};
  std::error_code error = {};
  bool end = false;
};

// What the end of a pipe, as the library uses it, has been through.
struct operation_counts {
  int begun = 0;      // read_begin, write_begin
  int tried = 0;      // write_try
  int completed = 0;  // at once or through the inbox
  int retired = 0;
};

// What both kinds of ends have. All of it may be said before the child is spawned.
class pipe_end {
 public:
  pipe_end() = default;
  pipe_end(const pipe_end&) = delete;
  pipe_end& operator=(const pipe_end&) = delete;
  ~pipe_end() = default;

  // Nothing completes, is taken, or races a cancel from hold() to release().
  void hold();
  void release();
  // Begin takes what can be taken at once, as POSIX does. Without it every operation pends until the next wait.
  void eager(bool yes = true);
  // The next retire lasts so long: the system accepts the cancel and keeps the buffer meanwhile.
  void retire_lasts(duration length);

  [[nodiscard]] bool made() const;    // there is, or was, such a pipe
  [[nodiscard]] bool closed() const;  // by the library
  [[nodiscard]] bool in_flight() const;
  [[nodiscard]] operation_counts counts() const;
  [[nodiscard]] std::optional<time_point> closed_at() const;
  [[nodiscard]] std::size_t largest_request() const;  // bytes of one begin or try

 protected:
  friend struct platform::stream;
  friend struct platform::process;
  friend struct platform::loop;
  friend class scripted_child;
  friend class script;

  void stir();  // something may complete now

  platform::stream* stream_ = nullptr;
  bool held_ = false;
  bool eager_ = false;
  bool made_ = false;
  bool ready_ = false;  // in the loop's list of what may complete
  std::optional<time_point> closed_at_;
  duration retire_lasts_{0};
  operation_counts counts_;
  std::size_t largest_ = 0;
};

// The pipe of a child's out or err: what it holds, in order. One read takes from one arrival, as much of it as fits.
class source : public pipe_end {
 public:
  void feed(arrival what);
  void feed(std::string_view bytes) { feed(arrival{.bytes = std::string(bytes)}); }
  void end() { feed(arrival{.end = true}); }
  void fail(std::error_code code, std::string_view bytes = {}) { feed({.bytes = std::string(bytes), .error = code}); }
  void empty_completion() { feed(arrival{}); }
  // The next read_begin returns this at once, whatever the pipe holds.
  void next_begin(arrival what);
  // The next read_retire returns this, whatever the pipe holds.
  void next_retire(arrival what);
  // The answer of stream_backed_up.
  void backed_up(bool yes = true);

  [[nodiscard]] std::size_t unread() const;  // bytes that the pipe holds

 private:
  friend struct platform::stream;

  [[nodiscard]] static platform::io_outcome take(std::deque<arrival>& from, std::span<std::byte> into);

  std::deque<arrival> holds_;
  std::deque<arrival> next_begin_;
  std::deque<arrival> next_retire_;
  bool backed_up_ = false;
  bool ended_ = false;
};

// The pipe of a child's in: how much it takes, and what it took. It takes nothing until it is told to.
class sink : public pipe_end {
 public:
  // So many bytes more are taken, over one or more writes.
  void room(std::size_t bytes);
  void room_for_all();
  // The next write, pending or to come, tried or begun, takes `bytes` and comes to this.
  void outcome(platform::io_outcome what);
  void fail(std::error_code code, std::size_t bytes = 0) { outcome({.bytes = bytes, .error = code}); }
  void zero_success() { outcome({}); }
  // Nobody can read it any more: what is pending and what comes fails with broken_pipe.
  void break_pipe();
  // write_try takes nothing, so that only lent bytes are written, as on Windows.
  void lent_only(bool yes = true);
  // The next write_try, or write_begin, returns this at once.
  void next_try(platform::io_outcome what);
  void next_begin(platform::io_outcome what);
  // In the next write_retire `bytes` go out, and lib is told so, or told that nobody knows.
  void next_retire(std::size_t bytes, bool known = true);

  [[nodiscard]] std::string received() const;

 private:
  friend struct platform::stream;

  std::size_t room_ = 0;
  bool broken_ = false;
  bool lent_only_ = false;
  std::deque<platform::io_outcome> outcomes_;
  std::deque<platform::io_outcome> next_try_;
  std::deque<platform::io_outcome> next_begin_;
  struct retirement {
    std::size_t bytes;
    bool known;
  };
  std::deque<retirement> next_retire_;
  std::string received_;
};

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
};

struct sent_signal {
  platform::signal_kind which;
  time_point when;
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
  // process_signal fails with this, once.
  void fail_signal(error why);

  [[nodiscard]] bool spawned() const;
  [[nodiscard]] bool exited() const;
  [[nodiscard]] bool released() const;
  [[nodiscard]] std::int64_t id() const;
  [[nodiscard]] const recorded_plan& plan() const;
  [[nodiscard]] std::vector<sent_signal> signals() const;
  [[nodiscard]] int polls() const;

 private:
  friend struct platform::stream;
  friend struct platform::process;
  friend struct platform::loop;
  friend class script;

  void stir();

  platform::process* process_ = nullptr;
  std::int64_t id_ = 0;
  bool spawned_ = false;
  bool released_ = false;
  bool ready_ = false;
  bool told_ = false;    // the end is in the inbox, or was
  bool reaped_ = false;  // process_poll said it
  bool pipes_held_ = false;
  int polls_ = 0;
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

  // One turn: asks lib when it wants to be called, waits for that or for what the script does first, tells lib. False when
  // nothing of lib's is in this loop. The second form does not wait.
  bool turn();
  bool turn_now();
  // Something of the host's own that is called in its next turn, when the completions have come and lib was not told yet.
  void in_next_turn(action what);
  [[nodiscard]] int pokes() const;
  [[nodiscard]] std::optional<time_point> armed() const;  // what lib's before_wait said last

 private:
  friend struct platform::loop;

  bool turn(bool wait);

  platform::loop* loop_ = nullptr;
  action in_next_turn_;
  int pokes_ = 0;
  bool poked_ = false;
  std::optional<time_point> armed_;
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
  void fail_loop_open(error why);  // the next one
  void foreign(bool yes = true);   // as in a forked copy of the host
  void host_environment(std::vector<std::string> variables);

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
  [[nodiscard]] int wakes() const;

  struct state;  // of the back end
  [[nodiscard]] state& internals() noexcept { return *state_; }

 private:
  script();

  state* state_;
};

}  // namespace spawnpipe::simulated

#endif
