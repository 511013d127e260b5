// The table of test builds, filled with the system's own calls.
#include "system.hpp"

namespace spawnpipe::platform {

#if defined(SPAWNPIPE_REPLACEABLE_CALLS)

namespace {

// Casts, because some declarations name a parameter's type by an alias of it (PSID is void*).
template <class To, class From>
To as(From* call) noexcept {
  return reinterpret_cast<To>(call);
}

}  // namespace

system_table system_calls = {
#define SPAWNPIPE_ENTRY(type, name, parameters, arguments) as<type(WINAPI*) parameters>(&direct::name),
    SPAWNPIPE_SYSTEM_CALLS(SPAWNPIPE_ENTRY)
#undef SPAWNPIPE_ENTRY
};

#endif

}  // namespace spawnpipe::platform
