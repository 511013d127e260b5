// Children of the simulated back end: made from what the script prepared, ended when it says so.
#include "state.hpp"

#include <utility>
#include <variant>

namespace spawnpipe::platform {

using simulated::here;
using simulated::lock_state;

namespace {

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

// What lib has to have checked before.
void check(const spawn_plan& plan) {
  auto& state = here();
  if (plan.program.empty() || plan.argv.empty()) state.wrong("spawn: no program");
  bool nul = has_nul(plan.program) || (plan.cwd && has_nul(*plan.cwd));
  for (const auto& text : plan.argv) nul = nul || has_nul(text);
  if (plan.environment) {
    for (const auto& text : *plan.environment) {
      nul = nul || has_nul(text);
      if (text.find('=') == std::string::npos || text.starts_with('=')) state.wrong("spawn: a variable without a name");
    }
  }
  if (nul) state.wrong("spawn: NUL in a string");
}

// Notes it where `self` may not be used.
bool usable(const process* self, const char* call) {
  auto& state = here();
  if (self == nullptr) {
    state.wrong(std::string(call) + ": no process");
    return false;
  }
  if (self->generation != state.generation) return true;
  if (!state.processes.contains(self)) {
    state.wrong(std::string(call) + ": process is released");
    return false;
  }
  return true;
}

}  // namespace

result<spawned> spawn(loop* self, const spawn_plan& plan, completion& exited) {
  const auto lock = lock_state();
  auto& state = here();
  if (!state.loops.contains(self)) state.wrong("spawn: loop is closed");
  if (state.foreign) state.wrong("spawn: in a forked copy");
  if (exited.handle == nullptr || exited.posted) state.wrong("spawn: a completion that is not ready");
  check(plan);
  return self->start(plan, exited);
}

result<std::int64_t> spawn_detached(const spawn_plan& plan) {
  const auto lock = lock_state();
  check(plan);
  for (const bool pipe : {std::holds_alternative<stdio::pipe>(plan.in), std::holds_alternative<stdio::pipe>(plan.out),
                          std::holds_alternative<stdio::pipe>(plan.err)}) {
    if (pipe) here().wrong("spawn_detached: a pipe");
  }
  return loop::start_detached(plan);
}

std::optional<exit_status> process_poll(process* self) noexcept {
  const auto lock = lock_state();
  if (here().foreign) here().wrong("process_poll: in a forked copy");
  return usable(self, "process_poll") ? self->poll() : exit_status{};
}

std::optional<resource_usage> process_used(const process* self) noexcept {
  const auto lock = lock_state();
  return usable(self, "process_used") ? self->used() : std::nullopt;
}

result<std::string> find_program(const std::string& program, const std::optional<std::string>& cwd,
                                 const std::optional<std::vector<std::string>>& environment) {
  const auto lock = lock_state();
  auto& state = here();
  state.look_ups.push_back({.program = program, .cwd = cwd, .environment = environment});
  if (state.find_program_error) return error{*std::exchange(state.find_program_error, std::nullopt)};
  return "/found/" + program;
}

bool signal_exists(int number) noexcept { return number >= 0 && number < 65; }

std::string signal_name(int number) {
  switch (number) {
    case 9: return "SIGKILL";
    case 15: return "SIGTERM";
    default: return {};
  }
}

tree_report process_tree_look(process* self) noexcept {
  const auto lock = lock_state();
  return usable(self, "process_tree_look") ? self->look_at_tree() : tree_report{};
}

result<signal_report> process_signal(process* self, signal_kind which, int number) noexcept {
  {
    const auto lock = lock_state();
    if (here().foreign) here().wrong("process_signal: in a forked copy");
    if (!usable(self, "process_signal")) return error{errc::already_exited, stage::signal};
  }
  return self->signal(which, number);
}

bool process_suspended(process* self) noexcept {
  const auto lock = lock_state();
  return usable(self, "process_suspended") && self->child->suspended_;
}

result<void> process_resume(process* self) noexcept {
  const auto lock = lock_state();
  if (!usable(self, "process_resume")) return error{errc::already_exited, stage::signal};
  if (!here().has_terminal) {
    return error{std::make_error_code(std::errc::resource_unavailable_try_again), stage::signal, "the terminal"};
  }
  ++self->child->resumes_;
  self->child->suspended_ = false;
  return {};
}

void suspend_host() noexcept {
  const auto lock = lock_state();
  ++here().host_suspensions;
}

void process_release(process* self) noexcept {
  const auto lock = lock_state();
  if (usable(self, "process_release")) self->release();
}

// The next child of the script, with the plan that it is started by.
simulated::scripted_child& loop::take_next(const spawn_plan& plan) {
  auto& state = here();
  if (state.next_child == state.children.size()) {
    state.children.push_back(std::make_unique<simulated::scripted_child>());
    ++state.unexpected_spawns;
  }
  auto& child = *state.children[state.next_child++];
  child.plan_ = {.program = plan.program,
                 .argv = plan.argv,
                 .cwd = plan.cwd,
                 .environment = plan.environment,
                 .in = plan.in,
                 .out = plan.out,
                 .err = plan.err,
                 .descriptors = plan.descriptors,
                 .group = plan.group,
                 .tree = plan.tree,
                 .end_with_host = plan.end_with_host};
  return child;
}

result<std::int64_t> loop::start_detached(const spawn_plan& plan) {
  auto& child = take_next(plan);
  if (child.spawn_error_) return error{*child.spawn_error_};
  return here().next_id++;
}

result<spawned> loop::start(const spawn_plan& plan, completion& exited) {
  auto& state = here();
  auto& child = take_next(plan);
  if (child.spawn_error_) return *child.spawn_error_;

  auto* made = new process{.owner = this, .child = &child, .exited = &exited, .generation = state.generation};
  state.processes.insert(made);
  child.process_ = made;
  child.id_ = state.next_id++;

  const auto open = [&](simulated::source* reads, simulated::sink* writes, const char* name) {
    auto* pipe = new stream;
    pipe->owner = this;
    pipe->reads = reads;
    pipe->writes = writes;
    pipe->child = &child;
    pipe->name = name;
    pipe->generation = state.generation;
    state.streams.insert(pipe);
    auto& end = pipe->end();
    end.stream_ = pipe;
    end.made_ = true;
    return pipe;
  };
  spawned ends{.handle = made, .id = child.id_};
  ends.has_terminal = plan.group == process_group::foreground;
  if (std::holds_alternative<stdio::pipe>(plan.in)) ends.in = open(nullptr, &child.in, "in");
  if (std::holds_alternative<stdio::pipe>(plan.out)) ends.out = open(&child.out, nullptr, "out");
  if (std::holds_alternative<stdio::pipe>(plan.err)) ends.err = open(&child.err, nullptr, "err");
  if (child.status_) child.stir();
  return ends;
}

bool process::complete() {
  child->ready_ = false;
  if (exited == nullptr || child->told_ || !child->status_) return false;
  child->told_ = true;
  if (exited->posted) here().wrong("process: its completion was put into the inbox by somebody else");
  owner->client.completions->push(*exited);
  return true;
}

std::optional<exit_status> process::poll() {
  ++child->polls_;
  if (child->status_) child->reaped_ = true;
  return child->status_;
}

tree_report process::look_at_tree() {
  ++child->tree_looks_;
  if (alone()) return {.gone = child->reaped_};
  return {.by = mechanism::process_group, .gone = child->reaped_ && !child->tree_lives_};
}

std::optional<resource_usage> process::used() const { return child->used_; }

bool process::alone() const { return child->plan_->group == process_group::host; }

result<signal_report> process::signal(signal_kind which, int number) {
  simulated::action then;
  {
    const auto lock = lock_state();
    if (which == signal_kind::forward && alone()) return error{errc::not_supported, stage::signal};
    const bool leader = !child->reaped_;
    if (!leader && (alone() || !child->tree_lives_)) return error{errc::already_exited, stage::signal};
    if (!child->signal_errors_.empty()) {
      error failure = std::move(child->signal_errors_.front());
      child->signal_errors_.pop_front();
      return failure;
    }
    child->signals_.push_back({.which = which, .when = here().clock.load(), .number = number});
    then = which == signal_kind::kill ? child->on_kill_ : child->on_terminate_;
    if (!(which == signal_kind::kill ? child->tree_ignores_kill_ : child->tree_ignores_terminate_)) {
      child->tree_lives_ = false;
    }
    if (!leader) then = [] {};
    if (!then) then = [this, which] { child->exit(exit_status::signalled(which == signal_kind::kill ? 9 : 15)); };
  }
  then();
  return signal_report{.reached = alone() ? mechanism::process : mechanism::process_group};
}

void process::release() {
  child->process_ = nullptr;
  child->released_ = true;
  child->ready_ = false;
  std::erase_if(owner->ready, [this](const loop::candidate& each) { return each.child == this; });
  exited = nullptr;
  if (generation != here().generation) return;
  here().processes.erase(this);
  here().graveyard.push_back(std::shared_ptr<process>(this));
}

}  // namespace spawnpipe::platform
