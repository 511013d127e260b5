// The insides of the simulated back end: its loops, streams and processes, and the books about what the library does
// with them. What was closed is kept until the next reset, so that a call on it is seen for what it is.
#ifndef SPAWNPIPE_PLATFORM_SIMULATED_STATE_HPP
#define SPAWNPIPE_PLATFORM_SIMULATED_STATE_HPP

#include "script.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace spawnpipe::simulated {

// What one thread's test asked for.
struct agenda {
  std::vector<action> at_next_wait;
  std::deque<action> when_idle;
  std::multimap<time_point, action> timed;
  bool return_now = false;
  int spurious = 0;
  std::deque<duration> early;
  int fruitless_long = 0;  // waits in a row that brought nothing, with and without waiting
  int fruitless_short = 0;
};

struct script::state {
  static constexpr time_point start{std::chrono::hours{1000}};

  // Held by every function of the back end, never while an action runs.
  std::recursive_mutex mutex;
  std::atomic<time_point> clock = start;

  std::map<std::thread::id, agenda> agendas;
  duration late{0};
  bool wait_for_wake = false;

  std::optional<error> loop_error;
  std::atomic<bool> foreign = false;
  std::vector<std::string> variables;
  std::map<std::string, std::string> files;
  std::optional<error> file_create_error;
  std::optional<error> find_program_error;
  std::vector<simulated::recorded_look_up> look_ups;
  std::size_t file_room = SIZE_MAX;  // bytes that can still be written to files
  int open_files = 0;
  bool has_terminal = true;
  int host_suspensions = 0;
  void (*heard)(int number) noexcept = nullptr;
  std::optional<error> interrupts_error;

  std::vector<std::unique_ptr<scripted_child>> children;
  std::size_t next_child = 0;  // the first that no spawn took
  int unexpected_spawns = 0;
  std::int64_t next_id = 1000;

  std::set<const platform::loop*> loops;
  std::set<const platform::stream*> streams;
  std::set<const platform::process*> processes;
  std::vector<std::shared_ptr<void>> graveyard;
  std::atomic<int> wakers = 0;
  std::atomic<unsigned> generation = 0;  // counts resets

  std::vector<recorded_wait> waits;
  std::vector<std::string> misuse;
  int deadlocks = 0;

  agenda& mine() { return agendas[std::this_thread::get_id()]; }
  void wrong(std::string what) { misuse.push_back(std::move(what)); }
};

[[nodiscard]] inline script::state& here() noexcept { return script::get().internals(); }

// The lock of the back end, which says for its time that this thread is inside.
class locked : public std::unique_lock<std::recursive_mutex> {
 public:
  locked() : std::unique_lock<std::recursive_mutex>(here().mutex) { ++depth; }
  locked(const locked&) = delete;
  locked& operator=(const locked&) = delete;
  ~locked() { --depth; }

  static thread_local int depth;
};
[[nodiscard]] inline locked lock_state() { return {}; }

}  // namespace spawnpipe::simulated

namespace spawnpipe::platform {

struct waker {
  std::atomic<int> references = 1;
  std::atomic<bool> woken = false;
  std::atomic<bool> gone = false;  // the loop is
  unsigned generation = 0;
};

struct loop {
  loop_client client;
  waker* wake = nullptr;
  simulated::host* host = nullptr;
  native_handle native;
  unsigned generation = 0;

  // What may complete, in the order in which it came about.
  struct candidate {
    stream* pipe;
    process* child;
  };
  std::deque<candidate> ready;

  // Puts into the inbox what can complete. True when there is something in the inbox then.
  bool deliver();
  bool wait(time_point until, const completion* hint, bool by_host);
  static simulated::scripted_child& take_next(const spawn_plan& plan);
  static result<std::int64_t> start_detached(const spawn_plan& plan);
  result<spawned> start(const spawn_plan& plan, completion& exited);
  void rescue();  // out of a wait that nothing can end

  void attach(simulated::host& to) noexcept { (host = &to)->loop_ = this; }
  void detach() noexcept;
  void poke() noexcept;
};

struct stream {
  loop* owner = nullptr;
  simulated::source* reads = nullptr;  // one of the two
  simulated::sink* writes = nullptr;
  simulated::scripted_child* child = nullptr;
  const char* name = "";
  unsigned generation = 0;

  // The operation in flight, and what was lent to it.
  completion* pending = nullptr;
  std::span<std::byte> into;
  std::vector<std::span<const std::byte>> from;
  std::vector<std::byte> copy;  // what the lent bytes were, to see whether they were left alone

  [[nodiscard]] simulated::pipe_end& end() const noexcept;
  void wrong(const char* what) const;
  bool may_begin(const completion& done);
  std::optional<io_outcome> begin_read(std::span<std::byte> buffer, completion& done);
  io_outcome retire_read();
  io_outcome try_write(std::span<const std::byte> bytes);
  std::optional<io_outcome> begin_write(std::span<const std::span<const std::byte>> bytes, completion& done);
  write_retired retire_write();
  bool backed_up() const;
  simulated::action close();  // and says what the child does about it
  bool complete();            // what is in flight, if it can
  void abandon();             // out of a deadlock

 private:
  [[nodiscard]] bool can_read() const;
  [[nodiscard]] bool can_write() const;
  io_outcome read_from(std::deque<simulated::arrival>& what, std::span<std::byte> buffer);
  io_outcome write_lent();  // from the lent bytes, as the script says
  io_outcome decide(std::size_t wanted);
  void deliver(std::span<const std::span<const std::byte>> bytes, std::size_t count);
  void check_lent() const;
  void settle();
};

struct process {
  loop* owner = nullptr;
  simulated::scripted_child* child = nullptr;
  completion* exited = nullptr;
  unsigned generation = 0;

  bool complete();
  std::optional<exit_status> poll();
  result<signal_report> signal(signal_kind which, int number);
  tree_report look_at_tree();
  [[nodiscard]] std::optional<resource_usage> used() const;
  [[nodiscard]] bool alone() const;
  void release();
};

}  // namespace spawnpipe::platform

#endif
