// Starting a child with CreateProcessW.
//
// Handles: everything of ours is non-inheritable. What the child gets is duplicated as inheritable, named in the list of handles,
// and closed again at once; a lock keeps our own spawns apart meanwhile. The list protects our child from others' handles.
// Nothing can protect our duplicates from a CreateProcess that another thread of the host makes in that moment with
// bInheritHandles and without a list of its own: the documentation says so.
//
// The job: the child is born into it. Where the system refuses that, it is made suspended, put in, and resumed; and where that
// fails, it is ended before it has run.
#include "bounded_text.hpp"
#include "child_streams.hpp"
#include "error.hpp"
#include "job.hpp"
#include "loop.hpp"
#include "platform.hpp"
#include "process.hpp"
#include "process_attributes.hpp"
#include "program.hpp"
#include "stream.hpp"
#include "utf16.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace spawnpipe::platform {
namespace {

SRWLOCK inheritance_lock = SRWLOCK_INIT;  // while inheritable handles of ours exist

class inheritance_scope {
 public:
  inheritance_scope() noexcept { ::AcquireSRWLockExclusive(&inheritance_lock); }
  inheritance_scope(const inheritance_scope&) = delete;
  inheritance_scope& operator=(const inheritance_scope&) = delete;
  ~inheritance_scope() { ::ReleaseSRWLockExclusive(&inheritance_lock); }
};

// Inheritable duplicates, one for each handle, however many streams it is for.
class inheritable_handles {
 public:
  // Null where the system refuses (GetLastError).
  HANDLE add(HANDLE handle) {
    const auto known = std::find(originals_.begin(), originals_.end(), handle);
    if (known != originals_.end()) return list_[static_cast<std::size_t>(known - originals_.begin())];
    HANDLE copy = nullptr;
    HANDLE const self = ::GetCurrentProcess();
    if (sys::DuplicateHandle(self, handle, self, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS) == FALSE) return nullptr;
    owners_.emplace_back(copy);
    originals_.push_back(handle);
    list_.push_back(copy);
    return copy;
  }
  [[nodiscard]] std::span<HANDLE> list() noexcept { return list_; }

 private:
  std::vector<HANDLE> originals_;
  std::vector<HANDLE> list_;
  std::vector<unique_handle> owners_;
};

// The group, and the console.
struct console_choice {
  DWORD flags = 0;
  bool group_here = false;  // a group of its own, in a console that we are in too
};

console_choice choose_console(const spawn_plan& plan) noexcept {
  const bool console_here = sys::GetConsoleCP() != 0;
  const bool own = plan.group == process_group::own || plan.group == process_group::session ||
                   (plan.group == process_group::automatic && !(console_here && inherits_any(plan)));
  console_choice choice;
  if (own) choice.flags |= CREATE_NEW_PROCESS_GROUP;
  // A console program without a console would get one with a window.
  if (plan.group == process_group::session || !console_here) choice.flags |= CREATE_NO_WINDOW;
  choice.group_here = own && (choice.flags & CREATE_NO_WINDOW) == 0;
  return choice;
}

stage stage_of(DWORD code) noexcept {
  switch (code) {
    case ERROR_DIRECTORY: return stage::cwd;
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_ACCESS_DENIED:
    case ERROR_BAD_EXE_FORMAT:
    case ERROR_EXE_MACHINE_TYPE_MISMATCH:
    case ERROR_ELEVATION_REQUIRED:
    case ERROR_SHARING_VIOLATION: return stage::exec;
    default: return stage::process;
  }
}

const char* about_file(DWORD code) noexcept {
  switch (code) {
    case ERROR_ACCESS_DENIED: return " may not be executed by this user";
    case ERROR_BAD_EXE_FORMAT:
    case ERROR_EXE_MACHINE_TYPE_MISMATCH: return " is no program, or for another architecture";
    case ERROR_ELEVATION_REQUIRED: return " wants the rights of an administrator, which this process does not have";
    case ERROR_SHARING_VIOLATION: return " is open in another process that lets nobody run it";
    default: return nullptr;
  }
}

error explain(DWORD code, const spawn_plan& plan, const program_start& start) {
  const stage where = stage_of(code);
  if (where == stage::cwd && plan.cwd) return directory_error(code, *plan.cwd, *start.directory);
  error failure = system_error(code, where, plan.program);
  if (const char* const about = about_file(code)) {
    detail::bounded_text text;
    failure.hint = hint_text((text.quote(narrow(start.program)) += about).view());
  }
  return failure;
}

struct made_process {
  unique_handle handle;
  DWORD id = 0;
};

// Puts a suspended process into its job and lets it run; or ends it.
result<void> adopt_suspended(HANDLE made, HANDLE thread, HANDLE job, const spawn_plan& plan) {
  DWORD code = ERROR_SUCCESS;
  if (sys::AssignProcessToJobObject(job, made) == FALSE) code = ::GetLastError();
  if (code == ERROR_SUCCESS && sys::ResumeThread(thread) == static_cast<DWORD>(-1)) code = ::GetLastError();
  if (code == ERROR_SUCCESS) return {};
  sys::TerminateProcess(made, 1);
  return system_error(code, stage::attributes, plan.program);
}

// `job` may be null: then it is in none of ours.
result<made_process> create_process(const connections& streams, const spawn_plan& plan, program_start& start,
                                    HANDLE job, const console_choice& console) {
  process_attributes attributes;
  if (!attributes.create()) return last_error(stage::attributes, plan.program);
  const bool born_into_job = job == nullptr || attributes.born_into(job);

  const inheritance_scope alone;
  inheritable_handles handles;
  STARTUPINFOEXW startup = {};
  startup.StartupInfo.cb = sizeof startup;
  startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  startup.StartupInfo.hStdInput = handles.add(streams[0].child);
  startup.StartupInfo.hStdOutput = handles.add(streams[1].child);
  startup.StartupInfo.hStdError = handles.add(streams[2].child);
  if (startup.StartupInfo.hStdInput == nullptr || startup.StartupInfo.hStdOutput == nullptr ||
      startup.StartupInfo.hStdError == nullptr) {
    return last_error(stage::redirect, plan.program);
  }
  if (!attributes.inherit(handles.list())) return last_error(stage::attributes, plan.program);
  startup.lpAttributeList = attributes.get();

  const DWORD flags = console.flags | EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT |
                      (born_into_job ? 0 : CREATE_SUSPENDED);
  PROCESS_INFORMATION made = {};
  if (sys::CreateProcessW(start.program.c_str(), start.line.data(), nullptr, nullptr, TRUE, flags,
                          start.environment ? start.environment->data() : nullptr,
                          start.directory ? start.directory->c_str() : nullptr, &startup.StartupInfo, &made) == FALSE) {
    return explain(::GetLastError(), plan, start);
  }
  made_process result{unique_handle(made.hProcess), made.dwProcessId};
  const unique_handle thread(made.hThread);
  if (!born_into_job) {
    if (auto done = adopt_suspended(made.hProcess, made.hThread, job, plan); !done) return std::move(done).error();
  }
  return result;
}

// Streams that are closed again unless they are taken.
struct opened_streams {
  stream* in = nullptr;
  stream* out = nullptr;
  stream* err = nullptr;

  opened_streams() = default;
  opened_streams(const opened_streams&) = delete;
  opened_streams& operator=(const opened_streams&) = delete;
  ~opened_streams() {
    for (stream* each : {in, out, err}) {
      if (each != nullptr) stream_close(each);
    }
  }

  result<void> open(loop& owner, connections& from) {
    if (!open_one(owner, from[0], direction::to_child, in)) return last_error(stage::pipe, "in");
    if (!open_one(owner, from[1], direction::from_child, out)) return last_error(stage::pipe, "out");
    if (!open_one(owner, from[2], direction::from_child, err)) return last_error(stage::pipe, "err");
    return {};
  }
  static bool open_one(loop& owner, connection& from, direction which, stream*& to) {
    if (!from.ours) return true;
    to = stream_open(owner, std::move(from.ours), which);
    return to != nullptr;
  }
};

result<program_start> prepare(const spawn_plan& plan, connections& streams) {
  if (!plan.descriptors.empty()) {
    return error{errc::not_supported, stage::redirect, "descriptors beside the standard streams"};
  }
  auto start = prepare_program(plan);
  if (!start) return start;
  if (auto done = connect_streams(streams, plan); !done) return std::move(done).error();
  return start;
}

}  // namespace

result<std::int64_t> spawn_detached(const spawn_plan& plan) {
  connections streams;
  auto start = prepare(plan, streams);
  if (!start) return std::move(start).error();
  // Out of the host's job, where that lets go of it: its end would be the process's, too.
  const console_choice outside{.flags = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP | CREATE_BREAKAWAY_FROM_JOB};
  auto made = create_process(streams, plan, *start, nullptr, outside);
  if (!made && made.failed_with(std::errc::permission_denied)) {
    const console_choice inside{.flags = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP};
    made = create_process(streams, plan, *start, nullptr, inside);
  }
  if (!made) return std::move(made).error();
  return std::int64_t{made->id};
}

result<spawned> spawn(loop* self, const spawn_plan& plan, completion& exited) {
  connections streams;
  auto start = prepare(plan, streams);
  if (!start) return std::move(start).error();
  opened_streams opened;
  if (auto done = opened.open(*self, streams); !done) return std::move(done).error();

  // What can fail is made before the process, so that nothing can fail behind it.
  auto child = std::unique_ptr<process>(new (std::nothrow) process);
  if (!child) return system_error(ERROR_NOT_ENOUGH_MEMORY, stage::process, plan.program);
  child->owner = self;
  child->exited = &exited;
  child->job = make_job();
  if (!child->job) return last_error(stage::attributes, "job");
  if (!child->end.create(*self, &process_ended, nullptr, child.get())) return last_error(stage::process, plan.program);

  const console_choice console = choose_console(plan);
  auto made = create_process(streams, plan, *start, child->job.get(), console);
  if (!made) return std::move(made).error();
  child->handle = std::move(made->handle);
  child->id = made->id;
  child->console_group = console.group_here;
  child->end.expect(child->handle.get(), &exited);

  spawned result;
  result.in = std::exchange(opened.in, nullptr);
  result.out = std::exchange(opened.out, nullptr);
  result.err = std::exchange(opened.err, nullptr);
  result.id = static_cast<std::int64_t>(child->id);
  result.handle = child.release();
  return result;
}

}  // namespace spawnpipe::platform
