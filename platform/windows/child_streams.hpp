// What a child's three standard streams are connected to.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_CHILD_STREAMS_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_CHILD_STREAMS_HPP

#include <spawnpipe/result.hpp>

#include "handle.hpp"
#include "platform.hpp"

#include <array>
#include <cstddef>

namespace spawnpipe::platform {

inline constexpr std::size_t standard_streams = 3;

struct connection {
  HANDLE child = nullptr;  // for the child; not inheritable
  unique_handle opened;    // the same, where it was opened here
  unique_handle ours;      // the other end of a pipe
};

using connections = std::array<connection, standard_streams>;

// Makes the pipes and opens the redirects, or says which failed.
[[nodiscard]] result<void> connect_streams(connections& streams, const spawn_plan& plan);

// Whether one of them is the host's own. What that is cannot be asked: a question to a synchronous pipe waits for the read that
// somebody else has begun on it.
[[nodiscard]] bool inherits_any(const spawn_plan& plan) noexcept;

}  // namespace spawnpipe::platform

#endif
