// What the library may not do, done on purpose, call by call: the simulated back end notes each, and goes on.
#include "bare_seam.hpp"

namespace {

using namespace simulation;

constexpr std::string_view nobody = "no stream; ";

TEST_CASE_FIXTURE(bare_seam, "the simulated back end notes calls on nothing") {
  exited.handle = done.handle = [](void*) {};
  std::array<std::byte, 8> buffer{};
  const std::string text = "abc";
  const std::span<const std::byte> bytes = as_bytes(text);
  CHECK(platform::read_begin(nullptr, buffer, done)->error == std::errc::bad_file_descriptor);
  CHECK(noted() == "read_begin: " + std::string(nobody));
  CHECK(platform::read_retire(nullptr).bytes == 0);
  CHECK(noted() == "read_retire: " + std::string(nobody));
  CHECK(platform::write_try(nullptr, bytes).error == std::errc::bad_file_descriptor);
  CHECK(noted() == "write_try: " + std::string(nobody));
  CHECK(platform::write_begin(nullptr, std::span(&bytes, 1), done)->error == std::errc::bad_file_descriptor);
  CHECK(noted() == "write_begin: " + std::string(nobody));
  CHECK(platform::write_retire(nullptr).bytes == 0);
  CHECK(noted() == "write_retire: " + std::string(nobody));
  CHECK_FALSE(platform::stream_backed_up(nullptr));
  CHECK(noted() == "stream_backed_up: " + std::string(nobody));
  platform::stream_close(nullptr);
  CHECK(noted() == "stream_close: " + std::string(nobody));
  CHECK(platform::process_poll(nullptr) == exit_status{});
  CHECK(noted() == "process_poll: no process; ");
  CHECK(platform::process_used(nullptr) == std::nullopt);
  CHECK(noted() == "process_used: no process; ");
  CHECK_FALSE(platform::process_tree_look(nullptr).gone);
  CHECK(noted() == "process_tree_look: no process; ");
  CHECK(platform::process_signal(nullptr, platform::signal_kind::kill, 0).failed_with(errc::already_exited));
  CHECK(noted() == "process_signal: no process; ");
  CHECK_FALSE(platform::process_suspended(nullptr));
  CHECK(noted() == "process_suspended: no process; ");
  CHECK(platform::process_resume(nullptr).failed_with(errc::already_exited));
  CHECK(noted() == "process_resume: no process; ");
  platform::process_release(nullptr);
  CHECK(noted() == "process_release: no process; ");
  platform::loop_close(loop);
}

TEST_CASE_FIXTURE(bare_seam,
                  "the simulated back end notes streams that are used in the wrong direction, or for nothing") {
  static_cast<void>(sim.next_child());
  const auto child = spawn();
  std::array<std::byte, 8> buffer{};
  const std::string text = "abc";
  const std::span<const std::byte> bytes = as_bytes(text);
  const std::span<const std::byte> nothing;
  platform::completion unhandled;
  CHECK(platform::read_begin(child.in, buffer, done)->error == std::errc::bad_file_descriptor);
  CHECK(noted() == "in: read from; ");
  CHECK_FALSE(platform::stream_backed_up(child.in));
  CHECK(noted() == "in: asked whether it is backed up; ");
  CHECK(platform::write_try(child.out, bytes).error == std::errc::bad_file_descriptor);
  CHECK(noted() == "out: written to; ");
  CHECK(platform::write_begin(child.out, std::span(&bytes, 1), done)->error == std::errc::bad_file_descriptor);
  CHECK(noted() == "out: written to; ");
  CHECK(platform::write_retire(child.out).bytes == 0);
  CHECK(noted() == "out: a write was retired that is not in flight; ");
  CHECK(platform::read_retire(child.in).bytes == 0);
  CHECK(noted() == "in: a read was retired that is not in flight; ");
  CHECK_FALSE(platform::read_begin(child.out, {}, done));
  CHECK(noted() == "out: read into nothing; ");
  static_cast<void>(platform::read_retire(child.out));
  CHECK_FALSE(platform::read_begin(child.out, buffer, unhandled));
  CHECK(noted() == "out: begun with a completion that nobody handles; ");
  static_cast<void>(platform::read_retire(child.out));
  CHECK_FALSE(platform::write_begin(child.in, std::span(&nothing, 1), done));
  CHECK(noted() == "in: a part of a write is empty; in: nothing was to be written; ");
  CHECK(platform::write_begin(child.in, std::span(&bytes, 1), done)->error == std::errc::device_or_resource_busy);
  CHECK(noted() == "in: begun while an operation is in flight; ");
  static_cast<void>(platform::write_retire(child.in));
  for (auto* pipe : {child.in, child.out}) platform::stream_close(pipe);
  platform::process_release(child.handle);
  platform::loop_close(loop);
  CHECK(noted() == "");
}

TEST_CASE_FIXTURE(bare_seam, "the simulated back end notes plans that no system could start") {
  const auto misused = [&] {
    static_cast<void>(sim.next_child());
    const auto child = spawn();
    for (auto* pipe : {child.in, child.out}) platform::stream_close(pipe);
    platform::process_release(child.handle);
    return noted();
  };
  const std::string nul("a\0b", 3);
  CHECK(misused() == "");
  program = nul;
  CHECK(misused() == "spawn: NUL in a string; ");
  program = "";
  CHECK(misused() == "spawn: no program; ");
  program = "program";
  argv.emplace_back(nul);
  CHECK(misused() == "spawn: NUL in a string; ");
  argv.clear();
  CHECK(misused() == "spawn: no program; ");
  argv.emplace_back("program");
  cwd = nul;
  CHECK(misused() == "spawn: NUL in a string; ");
  cwd = "/";
  environment = {"A=1", "B=", nul + '='};
  CHECK(misused() == "spawn: NUL in a string; ");
  environment = {"none"};
  CHECK(misused() == "spawn: a variable without a name; ");
  environment = {"=x"};
  CHECK(misused() == "spawn: a variable without a name; ");
  environment = {"A=1"};
  CHECK(misused() == "");

  static_cast<void>(sim.next_child());
  CHECK(platform::spawn_detached(plan()));
  CHECK(noted() == "spawn_detached: a pipe; spawn_detached: a pipe; ");
  CHECK(sim.unexpected_spawns() == 0);
  CHECK(platform::spawn_detached(plan()));
  CHECK(sim.unexpected_spawns() == 1);
  sim.next_child().fail_spawn({errc::not_supported, spawnpipe::stage::process});
  CHECK(platform::spawn_detached(plan()).failed_with(errc::not_supported));
  static_cast<void>(noted());

  static_cast<void>(sim.next_child());
  done.handle = nullptr;
  auto made = platform::spawn(loop, plan(), done);
  CHECK(noted() == "spawn: a completion that is not ready; ");
  for (auto* pipe : {made->in, made->out}) platform::stream_close(pipe);
  platform::process_release(made->handle);
  platform::loop_close(loop);
  CHECK(noted() == "");
}

TEST_CASE_FIXTURE(bare_seam, "the simulated back end notes what a forked copy does with the parent's objects") {
  static_cast<void>(sim.next_child());
  static_cast<void>(sim.next_child());
  const auto child = spawn();
  std::array<std::byte, 8> buffer{};
  const std::string text = "abc";
  const std::span<const std::byte> bytes = as_bytes(text);
  sim.foreign();
  const std::string there = "in a forked copy; ";
  CHECK_FALSE(platform::read_begin(child.out, buffer, done));
  CHECK(noted() == "read_begin: " + there);
  CHECK(platform::write_try(child.in, bytes).bytes == 0);
  CHECK(noted() == "write_try: " + there);
  platform::completion second;
  second.handle = done.handle;
  CHECK_FALSE(platform::write_begin(child.in, std::span(&bytes, 1), second));
  CHECK(noted() == "write_begin: " + there);
  CHECK_FALSE(platform::stream_backed_up(child.out));
  CHECK(noted() == "stream_backed_up: " + there);
  CHECK(platform::process_poll(child.handle) == std::nullopt);
  CHECK(noted() == "process_poll: " + there);
  CHECK(platform::process_signal(child.handle, platform::signal_kind::terminate, 15));
  CHECK(noted() == "process_signal: " + there);
  static_cast<void>(platform::loop_wait(loop, platform::clock_now(), nullptr));
  CHECK(noted() == "loop_wait: " + there);
  platform::completion also_exited;
  also_exited.handle = exited.handle;
  auto copy = platform::spawn(loop, plan(), also_exited);
  CHECK(noted() == "spawn: " + there);
  // What it may do is to let go of them.
  for (auto* pipe : {child.in, child.out, copy->in, copy->out}) platform::stream_close(pipe);
  for (auto* each : {child.handle, copy->handle}) platform::process_release(each);
  platform::loop_close(loop);
  CHECK(noted() == "");
}

TEST_CASE_FIXTURE(bare_seam, "the simulated back end notes loops that are waited for by the wrong one, or closed") {
  simulated::host host;
  auto* const adopted = *platform::loop_open({.completions = &inbox}, &host);
  CHECK(platform::loop_wait(adopted, platform::clock_now(), nullptr));
  CHECK(noted() == "loop_wait: the host runs this loop; ");
  platform::loop_close(adopted);
  platform::loop_poke(adopted);
  CHECK(noted() == "loop_poke: loop is closed; ");
  CHECK(platform::loop_wait(adopted, platform::clock_now(), nullptr));
  CHECK(noted() == "loop_wait: loop is closed; ");
  auto* const blind = *platform::loop_open({}, nullptr);
  CHECK(noted() == "loop_open: no inbox; ");
  platform::loop_close(blind);

  const auto began = platform::clock_now();
  CHECK(platform::interrupts_begin([](int) noexcept {}));
  CHECK(platform::interrupts_begin([](int) noexcept {}));
  CHECK(noted() == "interrupts_begin: twice; ");
  platform::interrupts_end();
  platform::interrupts_end();
  CHECK(noted() == "interrupts_end: not begun; ");
  CHECK(platform::clock_now() == began);

  platform::loop_close(loop);
  static_cast<void>(sim.next_child());
  exited.handle = done.handle = [](void*) {};
  auto made = platform::spawn(loop, plan(), exited);
  CHECK(noted() == "spawn: loop is closed; ");
  for (auto* pipe : {made->in, made->out}) platform::stream_close(pipe);
  platform::process_release(made->handle);
  CHECK(noted() == "");
}

}  // namespace
