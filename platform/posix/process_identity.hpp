// Which process this is: a copy made by fork, by whatever call, has another number, and what it inherited is its parent's.
#ifndef SPAWNPIPE_PLATFORM_POSIX_PROCESS_IDENTITY_HPP
#define SPAWNPIPE_PLATFORM_POSIX_PROCESS_IDENTITY_HPP

#include <cstdint>

namespace spawnpipe::platform {

// Costs a look into memory where the system clears a page in forked copies (Linux since 4.14), and getpid elsewhere.
[[nodiscard]] std::uint64_t process_identity() noexcept;

}  // namespace spawnpipe::platform

#endif
