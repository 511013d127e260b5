// One call of the back end's tables fails, at its n-th time. What all engines call is in faults.cpp; what one engine calls
// beyond, and how that fails, is in its fault_cases.cpp.
#ifndef SPAWNPIPE_TESTS_POSIX_FAULTS_HPP
#define SPAWNPIPE_TESTS_POSIX_FAULTS_HPP

#include <cerrno>
#include <map>
#include <span>
#include <string_view>

namespace faults {

struct failure {
  std::string_view call;
  int code;  // errno
};

// Counts a call; true when it is the one that is to fail.
[[nodiscard]] bool due(std::string_view call);
[[nodiscard]] int code() noexcept;

// Fails as such a call does: those of the system say -1 and errno, those of libuv a negative number.
template <class Type>
Type fails(std::string_view call) {
  errno = code();
  return static_cast<Type>(call.starts_with("uv_") ? -code() : call == "pthread_sigmask" ? code() : -1);
}

// A function that counts, and fails when it is due, in place of the entry of a list of calls.
#define FAULTY_CALL(type, name, parameters, arguments)         \
  type faulty_##name parameters {                              \
    if (faults::due(#name)) return faults::fails<type>(#name); \
    return direct::name arguments;                             \
  }

// While this lives, the fault is there.
class injected {
 public:
  injected(std::string_view call, int code, int at);
  injected(const injected&) = delete;
  injected& operator=(const injected&) = delete;
  ~injected();

  [[nodiscard]] static bool happened() noexcept;
};

// How often each call was made while this lived.
class counted {
 public:
  counted();
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted();

  [[nodiscard]] static const std::map<std::string_view, int>& calls() noexcept;
};

// ---- of the engine

// What its own calls may say.
[[nodiscard]] std::span<const failure> of_engine();
void install_in_engine();
// Takes them out, and lets it forget what it learned of the system meanwhile.
void remove_from_engine();

}  // namespace faults

#endif
