// The raw side of the comparisons: the least that a careful programmer would write with Win32 alone, for one purpose.
//
// It starts the same program with the same flags, in a job from its birth and with a list of its handles, and its pipes hold as
// much. It has no deadline, no cancellation, no second stream to serve, nobody's callback, and it quits at the first trouble.
#ifndef SPAWNPIPE_TESTS_BENCH_RAW_WINDOWS_HPP
#define SPAWNPIPE_TESTS_BENCH_RAW_WINDOWS_HPP

#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN
#endif
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#undef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#include <windows.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace bench::raw {

class handle {
 public:
  handle() noexcept = default;
  explicit handle(HANDLE value) noexcept : value_(value == INVALID_HANDLE_VALUE ? nullptr : value) {}
  handle(handle&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  handle& operator=(handle&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~handle() { close(); }

  void close() noexcept {
    if (value_ != nullptr) ::CloseHandle(value_);
    value_ = nullptr;
  }
  [[nodiscard]] HANDLE get() const noexcept { return value_; }

 private:
  HANDLE value_ = nullptr;
};

// Throws what GetLastError says.
[[noreturn]] void fail(const char* what);

// What the pipes of both sides hold.
inline constexpr DWORD pipe_quota = 64 * 1024;

struct pipe {
  handle ours;    // overlapped
  handle theirs;  // synchronous, inheritable
};

enum class direction { to_child, from_child };

[[nodiscard]] pipe make_pipe(direction which);
// The null device, inheritable.
[[nodiscard]] handle open_null(DWORD access);

// Reads and writes one at a time, with an event.
class overlapped_end {
 public:
  explicit overlapped_end(handle pipe);

  // 0 at the end.
  [[nodiscard]] std::size_t read(std::span<std::byte> into);
  void write(std::span<const std::byte> from);
  void close() noexcept { pipe_.close(); }

 private:
  handle pipe_;
  handle event_;
};

class process {
 public:
  // `line` is the whole command line.
  process(const std::wstring& program, std::wstring line, HANDLE in, HANDLE out, HANDLE err);

  [[nodiscard]] DWORD wait();

 private:
  handle job_;
  handle process_;
};

}  // namespace bench::raw

#endif
