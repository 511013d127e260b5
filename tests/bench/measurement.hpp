// One comparison of the benchmark: raw calls of the system against the library, in the same run and in turn.
//
// Other work on the machine comes and goes; what is measured in turn meets the same of it. The medians are compared.
#ifndef SPAWNPIPE_TESTS_BENCH_MEASUREMENT_HPP
#define SPAWNPIPE_TESTS_BENCH_MEASUREMENT_HPP

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

using seconds = std::chrono::duration<double>;

// What the ratio of a comparison is, and what it should be.
enum class goal_kind {
  at_least,  // raw time / our time: how much of the raw throughput we reach
  at_most,   // our time / raw time: how many times as long we take
};

struct goal {
  goal_kind kind;
  double ratio;
};

struct comparison {
  std::string name;
  goal aim;
  int repeats;
  std::uint64_t bytes;  // of one repeat; 0 where time is what counts
  std::function<seconds()> raw;
  std::function<seconds()> ours;
};

struct measured {
  std::string name;
  goal aim;
  std::uint64_t bytes;
  std::vector<double> raw;  // in seconds, in the order of the repeats
  std::vector<double> ours;

  [[nodiscard]] double ratio() const;
  [[nodiscard]] bool met() const;
};

[[nodiscard]] double median(std::vector<double> of);

// Once each unmeasured, then in turn; who begins changes with each repeat.
[[nodiscard]] measured measure(const comparison& what);

void print_heading();
void print(const measured& row);
void write_json(const std::string& path, const std::vector<measured>& rows);

}  // namespace bench

#endif
