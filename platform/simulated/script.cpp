// The script's side of the simulated back end: what a test says, and what it asks.
#include "script.hpp"

#include "state.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe::simulated {

thread_local int locked::depth = 0;

bool inside_back_end() noexcept { return locked::depth > 0; }

// ---- children

void scripted_child::stir() {
  if (process_ == nullptr || ready_) return;
  ready_ = true;
  process_->owner->ready.push_back({.pipe = nullptr, .child = process_});
}

void scripted_child::fail_spawn(error why) {
  const auto lock = lock_state();
  spawn_error_ = std::move(why);
}

void scripted_child::exit(exit_status how) {
  const auto lock = lock_state();
  if (status_) return;
  status_ = how;
  if (!pipes_held_) {
    in.break_pipe();
    out.end();
    err.end();
  }
  stir();
}

void scripted_child::pipes_held(bool yes) {
  const auto lock = lock_state();
  pipes_held_ = yes;
}

void scripted_child::on_terminate(action what) {
  const auto lock = lock_state();
  on_terminate_ = std::move(what);
}

void scripted_child::on_kill(action what) {
  const auto lock = lock_state();
  on_kill_ = std::move(what);
}

void scripted_child::on_in_closed(action what) {
  const auto lock = lock_state();
  on_in_closed_ = std::move(what);
}

void scripted_child::tree_lives(bool ignores_terminate, bool ignores_kill) {
  const auto lock = lock_state();
  tree_lives_ = true;
  tree_ignores_terminate_ = ignores_terminate;
  tree_ignores_kill_ = ignores_kill;
}

void scripted_child::tree_ends() {
  const auto lock = lock_state();
  tree_lives_ = false;
}

void scripted_child::used(const resource_usage& what) {
  const auto lock = lock_state();
  used_ = what;
}

void scripted_child::fail_signal(error why) {
  const auto lock = lock_state();
  signal_errors_.push_back(std::move(why));
}

bool scripted_child::exited() const {
  const auto lock = lock_state();
  return status_.has_value();
}

bool scripted_child::released() const {
  const auto lock = lock_state();
  return released_;
}

std::int64_t scripted_child::id() const {
  const auto lock = lock_state();
  return id_;
}

const recorded_plan& scripted_child::plan() const {
  const auto lock = lock_state();
  return plan_.value();
}

std::vector<sent_signal> scripted_child::signals() const {
  const auto lock = lock_state();
  return signals_;
}

int scripted_child::polls() const {
  const auto lock = lock_state();
  return polls_;
}

void scripted_child::suspend(bool yes) {
  const auto lock = lock_state();
  suspended_ = yes;
}

int scripted_child::resumes() const {
  const auto lock = lock_state();
  return resumes_;
}

int scripted_child::tree_looks() const {
  const auto lock = lock_state();
  return tree_looks_;
}

// ---- the whole

script::script() : state_(new state) {}

script& script::get() {
  static auto* const only = new script;  // never deleted: loops of other threads may end late
  return *only;
}

void script::reset() {
  const auto lock = lock_state();
  auto& s = *state_;
  const bool left = !s.loops.empty() || !s.streams.empty() || !s.processes.empty();
  // What a failed test left behind still points to these.
  if (left) static_cast<void>(new std::pair(std::move(s.children), std::move(s.graveyard)));
  ++s.generation;
  s.clock = state::start;
  s.agendas.clear();
  s.late = {};
  s.wait_for_wake = false;
  s.loop_error.reset();
  s.foreign = false;
  s.variables = {"HOME=/home/nobody", "PATH=/usr/bin:/bin"};
  s.files.clear();
  s.file_create_error.reset();
  s.file_room = SIZE_MAX;
  s.open_files = 0;
  s.has_terminal = true;
  s.host_suspensions = 0;
  s.heard = nullptr;
  s.interrupts_error.reset();
  s.children.clear();
  s.next_child = 0;
  s.unexpected_spawns = 0;
  s.loops.clear();
  s.streams.clear();
  s.processes.clear();
  s.graveyard.clear();
  s.wakers = 0;
  s.waits.clear();
  s.misuse.clear();
  s.deadlocks = 0;
}

time_point script::now() const noexcept { return state_->clock.load(); }
void script::advance(duration length) noexcept { state_->clock.store(now() + length); }

void script::at_next_wait(action what) {
  const auto lock = lock_state();
  state_->mine().at_next_wait.push_back(std::move(what));
}

void script::when_idle(action what) {
  const auto lock = lock_state();
  state_->mine().when_idle.push_back(std::move(what));
}

void script::after(duration length, action what) {
  const auto lock = lock_state();
  state_->mine().timed.emplace(now() + length, std::move(what));
}

void script::return_now() {
  const auto lock = lock_state();
  state_->mine().return_now = true;
}

void script::spurious(int times) {
  const auto lock = lock_state();
  state_->mine().spurious = times;
}

void script::early(duration length, int times) {
  const auto lock = lock_state();
  state_->mine().early.assign(static_cast<std::size_t>(times), length);
}

void script::late(duration length) {
  const auto lock = lock_state();
  state_->late = length;
}

void script::wait_for_wake(bool yes) {
  const auto lock = lock_state();
  state_->wait_for_wake = yes;
}

void script::fail_loop_open(error why) {
  const auto lock = lock_state();
  state_->loop_error = std::move(why);
}

void script::foreign(bool yes) {
  const auto lock = lock_state();
  state_->foreign = yes;
}

void script::has_terminal(bool yes) {
  const auto lock = lock_state();
  state_->has_terminal = yes;
}

bool script::interrupts_taken() const {
  const auto lock = lock_state();
  return state_->heard != nullptr;
}

void script::interrupt(int number) {
  void (*heard)(int) noexcept = nullptr;
  {
    const auto lock = lock_state();
    heard = state_->heard;
  }
  if (heard != nullptr) heard(number);
}

void script::fail_interrupts(error why) {
  const auto lock = lock_state();
  state_->interrupts_error = std::move(why);
}

int script::host_suspensions() const {
  const auto lock = lock_state();
  return state_->host_suspensions;
}

void script::fail_file_create(error why) {
  const auto lock = lock_state();
  state_->file_create_error = std::move(why);
}

void script::fail_find_program(error why) {
  const auto lock = lock_state();
  state_->find_program_error = std::move(why);
}

std::vector<recorded_look_up> script::look_ups() const {
  const auto lock = lock_state();
  return state_->look_ups;
}

void script::file_room(std::size_t bytes) {
  const auto lock = lock_state();
  state_->file_room = bytes;
}

void script::host_environment(std::vector<std::string> variables) {
  const auto lock = lock_state();
  state_->variables = std::move(variables);
}

scripted_child& script::next_child() {
  const auto lock = lock_state();
  state_->children.push_back(std::make_unique<scripted_child>());
  return *state_->children.back();
}

void script::forget_ended() {
  const auto lock = lock_state();
  auto& s = *state_;
  s.graveyard.clear();
  const auto open = [](const pipe_end& end) { return end.stream_ != nullptr; };
  const std::size_t before = s.children.size();
  std::erase_if(s.children, [&](const auto& each) {
    return each->released_ && !open(each->in) && !open(each->out) && !open(each->err);
  });
  s.next_child -= before - s.children.size();
}

int script::unexpected_spawns() const {
  const auto lock = lock_state();
  return state_->unexpected_spawns;
}

std::vector<recorded_wait> script::waits() const {
  const auto lock = lock_state();
  return state_->waits;
}

void script::forget_waits() {
  const auto lock = lock_state();
  state_->waits.clear();
}

std::vector<std::string> script::misuse() const {
  const auto lock = lock_state();
  return state_->misuse;
}

int script::deadlocks() const {
  const auto lock = lock_state();
  return state_->deadlocks;
}

object_counts script::objects() const {
  const auto lock = lock_state();
  const auto count = [](const auto& set) { return static_cast<int>(set.size()); };
  return {.loops = count(state_->loops),
          .streams = count(state_->streams),
          .processes = count(state_->processes),
          .wakers = state_->wakers,
          .files = state_->open_files};
}

std::map<std::string, std::string> script::files() const {
  const auto lock = lock_state();
  return state_->files;
}

}  // namespace spawnpipe::simulated
