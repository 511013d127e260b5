// What becomes of a child's standard streams, before any engine starts it: pipes are made, files opened, descriptors looked at.
#ifndef SPAWNPIPE_PLATFORM_POSIX_CHILD_STDIO_HPP
#define SPAWNPIPE_PLATFORM_POSIX_CHILD_STDIO_HPP

#include "platform.hpp"
#include "stream.hpp"
#include "unique_fd.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace spawnpipe::platform {

constexpr std::size_t standard_streams = 3;

// What becomes one of the child's descriptors.
struct connection {
  int fd = -1;             // for the child; -1: the null device
  bool inherited = false;  // it is the host's stream, and the host's word about it holds until exec
  unique_fd opened;        // the same, where it was opened here
  unique_fd ours;          // the other end of a pipe
};

// One that is given to the child beside the three.
struct extra_descriptor {
  int number;
  int fd;
};

struct child_stdio {
  std::array<connection, standard_streams> streams;
  std::vector<extra_descriptor> extra;

  // Whether the child can talk to a terminal: it then stays in the host's process group.
  [[nodiscard]] bool has_terminal() const noexcept;
};

// Errors: at stage::pipe or stage::redirect, with the stream's name or the path. Nothing is left then.
[[nodiscard]] result<child_stdio> connect_child(const spawn_plan& plan);

// The streams of our ends, which they take over. False where there is no memory, and nothing is left.
[[nodiscard]] bool open_streams(loop& owner, child_stdio& from, spawned& to) noexcept;
void close_streams(spawned& of) noexcept;

// A list for exec: pointers into `strings`, and a null behind them.
[[nodiscard]] std::vector<char*> pointers(const std::vector<std::string>& strings);

}  // namespace spawnpipe::platform

#endif
