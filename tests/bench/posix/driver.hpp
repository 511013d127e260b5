// One way to run children, as the benchmarks see it. Each is a program of its own that stays alive through the whole comparison, and
// does on request what compare.py asks for; so all of them are measured in turn, and none pays for another's memory.
//
// Requests are lines on stdin, answers lines on stdout: a number, "unsupported", or "wrong WHY". A wrong answer is no figure.
#ifndef SPAWNPIPE_TESTS_BENCH_POSIX_DRIVER_HPP
#define SPAWNPIPE_TESTS_BENCH_POSIX_DRIVER_HPP

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace bench {

inline constexpr const char* child_program = BENCH_CHILD_PROGRAM;
inline constexpr const char* child_line = "a short line\n";
inline constexpr const char* child_cpu = "1";    // where a stream's child runs; the driver is on 0 then
inline constexpr std::size_t read_size = 65536;  // what is read at a time, by all

// What cannot be done that way is null. Each throws where the result is not what it should be.
struct subject {
  void (*spawn)() = nullptr;           // the child "exit", streams null; waits for it
  std::string (*capture)() = nullptr;  // "line": stdin null, both outputs piped
  std::uint64_t (*stream)(std::uint64_t total, std::size_t block) = nullptr;  // "write": the bytes that came
  std::uint64_t (*echo)(std::uint64_t total) = nullptr;    // "cat": fed and read at once; the bytes that came back
  void (*ping)(int rounds, void (*done)(void)) = nullptr;  // "cat": a byte there and back; done() around all rounds
  int (*many)(int count, int width) = nullptr;             // "line", so many at a time; how many were right
  double (*alive)(int count, int samples) = nullptr;       // "wait": CPU seconds of this process for one exit
  // "wait", so many at once, stdin and both outputs piped and read: looked() while all run; then they end.
  void (*hold)(int count, void (*looked)(void)) = nullptr;
};

extern const subject this_subject;

inline void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

// What echo feeds: so many bytes, kept for the next time.
const std::string& input_of(std::uint64_t total);

// CPU time of this process, in seconds.
double cpu_time();

}  // namespace bench

#endif
