// Ending a blocking call by a std::stop_token, such as a std::jthread has.
//
// A header of its own, because the standard library's is dear to include. It is compiled into the program, and not into the library, so
// that the two need not agree on whether the standard library has stop tokens (libc++ had none for long).
#ifndef SPAWNPIPE_STOP_TOKEN_HPP
#define SPAWNPIPE_STOP_TOKEN_HPP

#include <spawnpipe/cancellation.hpp>

#include <version>
#if defined(__cpp_lib_jthread)
#include <cstddef>
#include <memory>
#include <new>
#include <stop_token>

namespace spawnpipe::detail {

// What std::stop_token is to a cancellation.
template <>
struct operations_of<std::stop_token> {
  struct call {
    void (*wake)(void*) noexcept;
    void* what;
    void operator()() const noexcept { wake(what); }
  };
  using callback = std::stop_callback<call>;

  static_assert(sizeof(std::stop_token) <= token_size && alignof(std::stop_token) <= alignof(void*));
  static_assert(sizeof(callback) <= watch_size && alignof(callback) <= alignof(std::max_align_t));

  static void copy(const void* token, void* place) noexcept {
    ::new (place) std::stop_token(*static_cast<const std::stop_token*>(token));
  }
  static void destroy(void* token) noexcept { std::destroy_at(static_cast<std::stop_token*>(token)); }
  static bool requested(const void* token) noexcept {
    return static_cast<const std::stop_token*>(token)->stop_requested();
  }
  static void watch(const void* token, void* place, void (*wake)(void*) noexcept, void* what) noexcept {
    ::new (place) callback(*static_cast<const std::stop_token*>(token), call{wake, what});
  }
  static void unwatch(void* place) noexcept { std::destroy_at(static_cast<callback*>(place)); }

  static constexpr token_operations table{copy, destroy, requested, watch, unwatch};
};

}  // namespace spawnpipe::detail
#endif

#endif
