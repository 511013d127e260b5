// The inside of the fake system: one lock, one condition, and the tables that the fake_*.cpp share.
#ifndef SPAWNPIPE_TESTS_WINDOWS_NATIVE_FAKE_KERNEL_HPP
#define SPAWNPIPE_TESTS_WINDOWS_NATIVE_FAKE_KERNEL_HPP

#include "fake_system.hpp"
#include "schedule.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace fake {

enum class kind { event, pipe_ours, pipe_theirs, process, job };

struct object {
  kind what = kind::event;
  bool signalled = false;
  bool resets_itself = false;  // the wait that it ends takes the signal
  int waiters = 0;
  std::shared_ptr<pipe_state> pipe;
  DWORD code = 0;                             // of a process that has ended
  std::vector<std::weak_ptr<object>> inside;  // a job's processes
  bool kill_on_close = false;
};

struct operation {
  OVERLAPPED* at = nullptr;
  std::shared_ptr<object> event;
  HANDLE event_handle = nullptr;
  std::byte* into = nullptr;  // of a read
  const std::byte* from = nullptr;
  DWORD size = 0;
  DWORD moved = 0;        // what a write has put into the pipe so far
  bool scripted = false;  // ends by complete() only
  std::thread::id issuer;
};

struct pipe_state {
  bool to_child = false;
  DWORD quota = 0;
  std::wstring name;
  bool theirs_open = false;
  bool withheld = false;
  std::string held;
  std::unique_ptr<operation> pending;
  std::shared_ptr<std::function<std::optional<answer>(DWORD)>> on_begin;
  std::shared_ptr<std::function<DWORD()>> on_cancel;
};

struct kernel {
  std::mutex lock;
  std::condition_variable changed;
  std::uintptr_t next_handle = 0x10;
  std::map<HANDLE, std::shared_ptr<object>> handles;
  std::map<const OVERLAPPED*, std::shared_ptr<pipe_state>> in_flight;
  std::set<TP_POOL*> pools;
  std::set<TP_WAIT*> waits;
  std::set<TP_CLEANUP_GROUP*> groups;
  std::vector<std::unique_ptr<TP_POOL>> old_pools;
  std::vector<std::unique_ptr<TP_WAIT>> old_waits;
  std::vector<std::unique_ptr<TP_CLEANUP_GROUP>> old_groups;
  std::vector<std::thread> workers;  // of the pools
  std::vector<std::thread> others;
  bool late_callbacks = false;
  DWORD ghosts = 0;
  bool hold_callbacks = false;
  int waiting = 0;
  int waiting_for_callbacks = 0;
  int callbacks_running = 0;
};
[[nodiscard]] kernel& the_kernel();

// The passage of a thread through a call: runs what is planned before and after it.
class entry {
 public:
  explicit entry(call which);
  entry(const entry&) = delete;
  entry& operator=(const entry&) = delete;
  ~entry();
  // It is to fail; then the last error is set.
  [[nodiscard]] bool fails() const;

 private:
  call which_;
  int number_;
  DWORD code_ = ERROR_SUCCESS;
};
[[nodiscard]] BOOL refused(DWORD code);  // sets the last error, and is FALSE
void plan_reset();

// What this thread is doing.
struct thread_doings {
  TP_WAIT* callback = nullptr;  // of this wait
  HANDLE last_opened = nullptr;
  DWORD last_error = ERROR_SUCCESS;
  int locks = 0;
};
[[nodiscard]] thread_doings& this_thread();

// With the kernel's lock held, as all below: until it holds, or so long. Whether it holds. A scheduler knows no time, but only whether
// the wait is bounded.
bool await(const char* what, std::unique_lock<std::mutex>& hold, const std::function<bool()>& holds,
           std::chrono::milliseconds most, bool bounded = false);
[[nodiscard]] std::shared_ptr<object> find(HANDLE handle, const char* caller);  // else misuse
[[nodiscard]] HANDLE add(std::shared_ptr<object> what);
void signal(const std::shared_ptr<object>& what);
void pipe_end_closed(pipe_state& pipe, kind which);
void event_closed(const object& event);
void write_begin(OVERLAPPED* at);
void write_end(OVERLAPPED* at, DWORD code, DWORD bytes);
void end(pipe_state& pipe, DWORD code, DWORD bytes);  // of what is in flight
void advance(pipe_state& pipe);                       // what becomes of it by itself
DWORD move_into_reader(pipe_state& pipe, std::byte* into, DWORD most);
void move_from_writer(pipe_state& pipe, operation& what, std::size_t most);

}  // namespace fake

struct TP_POOL {
  DWORD most = 4;
  DWORD threads = 0;
  DWORD busy = 0;
  bool closed = false;
  std::deque<TP_WAIT*> due;
};

struct TP_CLEANUP_GROUP {};

struct TP_WAIT {
  TP_CLEANUP_GROUP* group = nullptr;
  PTP_WAIT_CALLBACK callback = nullptr;
  void* context = nullptr;
  TP_POOL* pool = nullptr;
  std::shared_ptr<fake::object> armed;
  int running = 0;
  bool disarming = false;  // and not waited for callbacks since
  bool closed = false;
};

#endif
