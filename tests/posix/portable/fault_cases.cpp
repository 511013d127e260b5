// How uv_spawn fails, and what is said of it.
#include "../../../platform/posix/system.hpp"
#include "../../children.hpp"
#include "../faults.hpp"

#include <array>
#include <cerrno>

namespace {

using harness::command;
using spawnpipe::platform::system_calls;
using spawnpipe::stdio::pipe;
namespace direct = spawnpipe::platform::direct;

// A uv_spawn that fails has made the handle known to its loop.
int uv_spawn_that_fails(uv_loop_t* loop, uv_process_t* handle, const uv_process_options_t* options) {
  if (!faults::due("uv_spawn")) return direct::uv_spawn(loop, handle, options);
  uv_process_options_t impossible = *options;
  impossible.file = "/no/such/program";
  impossible.cwd = nullptr;
  (void)direct::uv_spawn(loop, handle, &impossible);
  return faults::fails<int>("uv_spawn");
}

constexpr std::array failures = {
    faults::failure{"uv_spawn", EAGAIN}, faults::failure{"uv_spawn", ENOMEM}, faults::failure{"uv_spawn", EMFILE},
    faults::failure{"uv_spawn", ENFILE}, faults::failure{"uv_spawn", E2BIG},
};

constexpr std::array elsewhere = {
    faults::unmet{"open(kernel's)", "of the Linux engine"},
    faults::unmet{"read(file)", "of the Linux engine"},
    faults::unmet{"read(report)", "of the Linux engine"},
    faults::unmet{"writev(cgroup.kill)", "of the Linux engine"},
};

}  // namespace

namespace faults {

std::span<const failure> of_engine() { return failures; }
std::span<const tolerated> tolerated_of_engine() { return {}; }
std::span<const infallible> infallible_of_engine() { return {}; }
std::span<const unmet> unmet_of_engine() { return elsewhere; }
std::span<const std::string_view> calls_of_engine() { return {}; }
void install_in_engine() { system_calls.uv_spawn = &uv_spawn_that_fails; }
void remove_from_engine() {}

}  // namespace faults

namespace {

TEST_CASE("[P1] what uv_spawn says, and the stage that it lets be known") {
  const auto said = [](int code) {
    harness::leak_check nothing_left;
    const faults::injected fault("uv_spawn", code, 1);
    const auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(pipe{}).err(pipe{}));
    REQUIRE_FALSE(running);
    CHECK(faults::injected::happened());
    return running.error();
  };
  const auto process = said(EAGAIN);
  CHECK(process == std::errc::resource_unavailable_try_again);
  CHECK(process.where == spawnpipe::stage::process);
  CHECK(process.subject == harness::child_program());
  CHECK(said(ENOMEM) == std::errc::not_enough_memory);
  const auto few = said(EMFILE);
  CHECK(few == std::errc::too_many_files_open);
  CHECK(few.where == spawnpipe::stage::pipe);
}

}  // namespace
