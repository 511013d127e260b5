// One call of the back end's tables fails, at its n-th time. What all engines call is in faults.cpp; what one engine calls
// beyond, and how that fails, is in its fault_cases.cpp.
//
// Where a call is made for several purposes, which differ in what a failure means, each has a name: "fcntl(F_SETFL)".
#ifndef SPAWNPIPE_TESTS_POSIX_FAULTS_HPP
#define SPAWNPIPE_TESTS_POSIX_FAULTS_HPP

#include <cerrno>
#include <map>
#include <span>
#include <string_view>

namespace faults {

// In place of an errno: the call does its work on one byte only.
constexpr int short_count = -1;

struct failure {
  std::string_view call;
  int code;  // errno, or short_count
};

// What is no failure to anybody, with the reason. `code` 0: any. Without a scenario: in each.
struct tolerated {
  std::string_view call;
  int code;
  const char* reason;
  std::string_view scenario = {};
};

// A call that has no way to fail where this library makes it, with the reason.
struct infallible {
  std::string_view call;
  const char* reason;
};

// What no scenario meets, with the reason or the place where it is tested.
struct unmet {
  std::string_view call;
  const char* reason;
};

// Counts a call; true when it is the one that is to fail.
[[nodiscard]] bool due(std::string_view call);
[[nodiscard]] int code() noexcept;
// What is done only where the kernel does not know the newer calls: with such a fault it is one that does not.
[[nodiscard]] bool of_older_kernel(std::string_view call);
// Whether the kernel is to be one that does not know the newer calls.
[[nodiscard]] bool on_older_kernel() noexcept;

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

// How often each call was made while this lived, on this kernel or as on an older one.
enum class kernel { this_one, older };
class counted {
 public:
  explicit counted(kernel which = kernel::this_one);
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted();

  [[nodiscard]] static const std::map<std::string_view, int>& calls() noexcept;
};

// ---- what calls may say

// All of them, of the system and of the engine.
[[nodiscard]] std::span<const failure> of_all();
[[nodiscard]] std::span<const tolerated> tolerated_of_all();
[[nodiscard]] std::span<const infallible> infallible_of_all();
[[nodiscard]] std::span<const unmet> unmet_of_all();
// The names of the calls, as the lists of the back end have them.
[[nodiscard]] std::span<const std::string_view> calls_of_all();

// ---- of the engine

// What its own calls may say.
[[nodiscard]] std::span<const failure> of_engine();
[[nodiscard]] std::span<const tolerated> tolerated_of_engine();
[[nodiscard]] std::span<const infallible> infallible_of_engine();
[[nodiscard]] std::span<const unmet> unmet_of_engine();
[[nodiscard]] std::span<const std::string_view> calls_of_engine();
void install_in_engine();
// Takes them out, and lets it forget what it learned of the system meanwhile.
void remove_from_engine();

}  // namespace faults

#endif
