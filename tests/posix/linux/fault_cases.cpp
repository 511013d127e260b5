// How the calls of the Linux engine fail, and what is said of it.
#include "../../../platform/posix/clone_linux.hpp"
#include "../../../platform/posix/system_linux.hpp"
#include "../../children.hpp"
#include "../faults.hpp"

#include <array>
#include <cerrno>

namespace {

using harness::command;
using spawnpipe::platform::clone_function;
using spawnpipe::platform::linux_abilities;
using spawnpipe::platform::linux_calls;
using spawnpipe::platform::linux_table;
using spawnpipe::platform::pidfd_info;
using spawnpipe::stdio::pipe;
namespace direct = spawnpipe::platform::direct;

SPAWNPIPE_LINUX_CALLS(FAULTY_CALL)

// What is in a set can be taken out of it.
int epoll_ctl_that_fails(int set, int what, int fd, struct epoll_event* event) {
  const bool now = what == EPOLL_CTL_ADD && faults::due("epoll_ctl");
  return now ? faults::fails<int>("epoll_ctl") : direct::epoll_ctl(set, what, fd, event);
}

// poll has no way to fail here. The older ways to make a process come up where the newer one says that it is not there.
constexpr std::array failures = {
    faults::failure{"clone3", ENOSYS},
    faults::failure{"clone3", EPERM},
    faults::failure{"clone3", EINVAL},
    faults::failure{"clone3", EAGAIN},
    faults::failure{"clone3", ENOMEM},
    faults::failure{"clone3", EMFILE},
    faults::failure{"pidfd_send_signal", EPERM},
    faults::failure{"pidfd_send_signal", EINVAL},
    faults::failure{"pidfd_send_signal", ESRCH},
    faults::failure{"waitid", EINTR},
    faults::failure{"close_range_works", ENOSYS},
    faults::failure{"close_range_works", EPERM},
    faults::failure{"epoll_create1", EMFILE},
    faults::failure{"epoll_create1", ENOMEM},
    faults::failure{"epoll_ctl", ENOMEM},
    faults::failure{"epoll_ctl", ENOSPC},
    faults::failure{"epoll_wait", EINTR},
    faults::failure{"readlink", ENOENT},
    faults::failure{"openat", EACCES},
    faults::failure{"mkdir", EACCES},
    faults::failure{"mkdir", ENOSPC},
    faults::failure{"getdents64", EIO},
    faults::failure{"pidfd_open", EMFILE},
    faults::failure{"poll", EINTR},
    faults::failure{"block_every_signal", EFAULT},
};

}  // namespace

namespace faults {

std::span<const failure> of_engine() { return failures; }

void install_in_engine() {
  linux_abilities::forget();
#define REPLACE(type, name, parameters, arguments) linux_calls.name = &faulty_##name;
  SPAWNPIPE_LINUX_CALLS(REPLACE)
#undef REPLACE
  linux_calls.epoll_ctl = &epoll_ctl_that_fails;
}

void remove_from_engine() {
  linux_calls = linux_table();
  linux_abilities::forget();
}

}  // namespace faults

namespace {

TEST_CASE("[P1] what the system says when a process cannot be made, and on what") {
  const auto said = [](const char* call, int code) {
    harness::leak_check nothing_left;
    const faults::injected fault(call, code, 1);
    const auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(pipe{}).err(pipe{}));
    REQUIRE_FALSE(running);
    CHECK(faults::injected::happened());
    CHECK(running.error().where == spawnpipe::stage::process);
    CHECK(running.error().subject == harness::child_program());
    return running.error();
  };
  CHECK(said("clone3", EAGAIN) == std::errc::resource_unavailable_try_again);
  CHECK(said("clone3", ENOMEM) == std::errc::not_enough_memory);
  CHECK(said("clone3", EMFILE) == std::errc::too_many_files_open);
}

}  // namespace
