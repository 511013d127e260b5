// In place of the parts of the back end that are about programs, names and text, which this program does not contain. spawn makes the
// pipes, the streams, the job and the wait for the end with the back end's own functions, and a process of the fake system.
#include "stand_ins.hpp"

#include "platform.hpp"
#include "windows/error.hpp"
#include "windows/job.hpp"
#include "windows/named_pipe.hpp"
#include "windows/process.hpp"
#include "windows/stream.hpp"

#include <memory>
#include <utility>

namespace fake {

child& last_child() {
  static thread_local child one;
  return one;
}

}  // namespace fake

namespace spawnpipe::platform {

time_point clock_now() noexcept { return std::chrono::steady_clock::now(); }
std::vector<std::string> host_environment() { return {}; }
bool same_variable(std::string_view one, std::string_view other) noexcept { return one == other; }
std::vector<std::string> shell_prefix() { return {"cmd", "/c"}; }
std::string line_for_shell(const command& /*what*/) { return {}; }
result<std::string> find_program(const std::string& program, const std::optional<std::string>& /*cwd*/,
                                 const std::optional<std::vector<std::string>>& /*environment*/) {
  return error{errc::not_supported, stage::exec, program};
}

// No case of this program starts a process that is nobody's child, forwards interrupts, or spills output.
result<std::int64_t> spawn_detached(const spawn_plan& plan) {
  return error{errc::not_supported, stage::process, plan.program};
}
result<void> interrupts_begin(void (* /*heard*/)(int number) noexcept) {
  return error{errc::not_supported, stage::signal};
}
void interrupts_end() noexcept {}
result<file*> file_create(const std::string& path) { return error{errc::not_supported, stage::redirect, path}; }
std::error_code file_write(file* /*self*/, std::span<const std::byte> /*bytes*/) noexcept {
  return errc::not_supported;
}
void file_close(file* /*self*/) noexcept {}

namespace {

struct closes_stream {
  void operator()(stream* one) const { stream_close(one); }
};
using unique_stream = std::unique_ptr<stream, closes_stream>;

}  // namespace

// Input and output are pipes, whatever the plan says of the error output.
result<spawned> spawn(loop* self, const spawn_plan& /*plan*/, completion& exited) {
  auto in = make_pipe(nullptr, direction::to_child, "in");
  if (!in) return std::move(in).error();
  auto out = make_pipe(nullptr, direction::from_child, "out");
  if (!out) return std::move(out).error();
  fake::child made;
  made.in = fake::pipe::of(in->ours.get());
  made.out = fake::pipe::of(out->ours.get());
  made.in_end = std::move(in->theirs);
  made.out_end = std::move(out->theirs);
  unique_stream in_stream(stream_open(*self, std::move(in->ours), direction::to_child));
  if (!in_stream) return last_error(stage::pipe, "in");
  unique_stream out_stream(stream_open(*self, std::move(out->ours), direction::from_child));
  if (!out_stream) return last_error(stage::pipe, "out");

  auto child = std::make_unique<process>();
  child->owner = self;
  child->exited = &exited;
  child->job = make_job();
  if (!child->job) return last_error(stage::attributes, "job");
  if (!child->end.create(*self, &process_ended, nullptr, child.get())) return last_error(stage::process);
  child->handle = unique_handle(fake::new_process(child->job.get()));
  made.process = child->handle.get();
  child->end.expect(child->handle.get(), &exited);

  fake::last_child() = std::move(made);
  return spawned{.handle = child.release(), .id = 1, .in = in_stream.release(), .out = out_stream.release()};
}

}  // namespace spawnpipe::platform
