#include "driver.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

namespace bench {
namespace {

using clock = std::chrono::steady_clock;

double seconds(clock::duration of) { return std::chrono::duration<double>(of).count(); }

double median(std::vector<double> of) {
  const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
  std::nth_element(of.begin(), middle, of.end());
  return *middle;
}

// This process runs on processor 0 only, for as long as this lives.
class on_first_processor {
 public:
  on_first_processor() {
    ::sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    ::sched_setaffinity(0, sizeof first, &first);
  }
  on_first_processor(const on_first_processor&) = delete;
  on_first_processor& operator=(const on_first_processor&) = delete;
  ~on_first_processor() { ::sched_setaffinity(0, sizeof before_, &before_); }

 private:
  cpu_set_t before_;
};

// The median time of one, in microseconds.
template <class Act>
double each(int count, Act act) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto began = clock::now();
    act();
    times.push_back(seconds(clock::now() - began) * 1e6);
  }
  return median(times);
}

double memory_of(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::strtod(line.c_str() + std::strlen(field) + 1, nullptr);
  }
  return 0;
}

// Memory that a fork would have to copy the tables of.
double take_memory(std::size_t mebibytes) {
  static void* held = nullptr;
  static std::size_t size = 0;
  if (held != nullptr) ::munmap(held, size);
  held = nullptr;
  size = mebibytes << 20U;
  if (size == 0) return 0;
  held = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect(held != MAP_FAILED, "no memory");
  ::madvise(held, size, MADV_NOHUGEPAGE);
  for (std::size_t at = 0; at < size; at += 4096) static_cast<volatile char*>(held)[at] = 1;
  return static_cast<double>(mebibytes);
}

double open_descriptors(int count) {
  static std::vector<int> held;
  for (const int each : held) ::close(each);
  held.clear();
  for (int i = 0; i < count; ++i) {
    held.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    expect(held.back() >= 0, "too few descriptors");
  }
  return count;
}

double set_limit(const std::string& how) {
  struct rlimit limit {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = how == "highest" ? limit.rlim_max : std::strtoull(how.c_str(), nullptr, 10);
  limit.rlim_max = std::max(limit.rlim_max, limit.rlim_cur);
  expect(::setrlimit(RLIMIT_NOFILE, &limit) == 0, "the limit is not allowed");
  return static_cast<double>(limit.rlim_cur);
}

// The peak of this process's memory while it does the request, over what it had before, in KiB.
double answer(const std::string& request);
double peak_of(const std::string& request) {
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak is what is there now
  const double before = memory_of("VmRSS:");
  answer(request);
  return memory_of("VmHWM:") - before;
}

double held = 0;

clock::time_point marks[2];
int mark_count = 0;
void mark() { marks[mark_count++ % 2] = clock::now(); }

double gigabytes_a_second(std::uint64_t bytes, clock::time_point began) {
  return static_cast<double>(bytes) / 1e9 / seconds(clock::now() - began);
}

struct unsupported {};

template <class Function>
Function* the(Function* function) {
  if (function == nullptr) throw unsupported();
  return function;
}

double answer(const std::string& request) {
  std::istringstream words(request);
  std::string what;
  words >> what;
  const auto number = [&] {
    std::uint64_t value = 0;
    expect(static_cast<bool>(words >> value), "a number is missing");
    return value;
  };
  const subject& me = this_subject;
  if (what == "memory") return take_memory(number());
  if (what == "open") return open_descriptors(static_cast<int>(number()));
  if (what == "input") return static_cast<double>(input_of(number()).size());
  if (what == "peak") return peak_of(request.substr(what.size() + 1));
  if (what == "hold") {
    const auto count = static_cast<int>(number());
    const double before = memory_of("VmRSS:");
    the(me.hold)(count, [] { held = memory_of("VmRSS:"); });
    return (held - before) / count;
  }
  if (what == "limit") {
    std::string how;
    words >> how;
    return set_limit(how);
  }
  if (what == "spawn") return each(static_cast<int>(number()), the(me.spawn));
  if (what == "capture") {
    return each(static_cast<int>(number()),
                [&] { expect(the(me.capture)() == child_line, "the line is another one"); });
  }
  if (what == "stream") {
    const std::uint64_t total = number();
    const std::size_t block = number();
    const on_first_processor here;
    const auto began = clock::now();
    expect(the(me.stream)(total, block) == total, "bytes are missing");
    return gigabytes_a_second(total, began);
  }
  if (what == "echo") {
    const std::uint64_t total = number();
    const on_first_processor here;
    const auto began = clock::now();
    expect(the(me.echo)(total) == total, "bytes are missing");
    return gigabytes_a_second(total, began);
  }
  if (what == "ping") {
    const auto rounds = static_cast<int>(number());
    const on_first_processor here;
    mark_count = 0;
    the(me.ping)(rounds, mark);
    expect(mark_count == 2, "no time was taken");
    return seconds(marks[1] - marks[0]) * 1e6 / rounds;
  }
  if (what == "many") {
    const auto count = static_cast<int>(number());
    const auto width = static_cast<int>(number());
    const auto began = clock::now();
    expect(the(me.many)(count, width) == count, "not every child was right");
    return count / seconds(clock::now() - began);
  }
  if (what == "alive") {
    const auto count = static_cast<int>(number());
    return the(me.alive)(count, static_cast<int>(number())) * 1e6;
  }
  throw std::runtime_error("no such request: " + what);
}

}  // namespace

const std::string& input_of(std::uint64_t total) {
  static std::string input;
  input.resize(total, 'x');
  return input;
}

double cpu_time() {
  struct rusage used {};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

}  // namespace bench

int main() {
  for (std::string request; std::getline(std::cin, request);) {
    try {
      std::printf("%.9g\n", bench::answer(request));
    } catch (const bench::unsupported&) {
      std::puts("unsupported");
    } catch (const std::exception& wrong) {
      std::printf("wrong %s\n", wrong.what());
    }
    std::fflush(stdout);
  }
  return 0;
}
