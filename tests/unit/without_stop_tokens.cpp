// What a program sees of cancellation whose standard library has no stop tokens.
#include <version>
#undef __cpp_lib_jthread
#include <spawnpipe/cancellation.hpp>

std::size_t size_without_stop_tokens();

std::size_t size_without_stop_tokens() { return sizeof(spawnpipe::cancellation); }
