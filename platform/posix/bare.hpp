// For functions that a new process runs in the host's memory: no bookkeeping of a sanitizer or of coverage.
#ifndef SPAWNPIPE_PLATFORM_POSIX_BARE_HPP
#define SPAWNPIPE_PLATFORM_POSIX_BARE_HPP

#if defined(__clang__)
#define SPAWNPIPE_BARE __attribute__((no_sanitize("address", "thread", "undefined"), no_profile_instrument_function))
#else
#define SPAWNPIPE_BARE \
  __attribute__((no_sanitize_address, no_sanitize_thread, no_sanitize_undefined, no_profile_instrument_function))
#endif

#endif
