// Whether this process adopts orphans: a matter of the engine.
#ifndef SPAWNPIPE_PLATFORM_POSIX_ORPHAN_ADOPTION_HPP
#define SPAWNPIPE_PLATFORM_POSIX_ORPHAN_ADOPTION_HPP

#include <spawnpipe/result.hpp>

namespace spawnpipe::platform {

struct orphanage;

// From now on, until as many ends. It stays for good.
[[nodiscard]] result<orphanage*> orphans_begin();
void orphans_end(orphanage& here) noexcept;

}  // namespace spawnpipe::platform

#endif
