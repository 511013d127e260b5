#include "measurement.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace bench {
namespace {

constexpr double bytes_in_mebibyte = 1024.0 * 1024.0;
constexpr double microseconds_in_second = 1e6;

// A throughput for what moves bytes, else a time.
std::string shown(double time, std::uint64_t bytes) {
  char text[32];
  if (bytes > 0) {
    std::snprintf(text, sizeof text, "%.0f MiB/s", static_cast<double>(bytes) / bytes_in_mebibyte / time);
  } else {
    std::snprintf(text, sizeof text, "%.1f us", time * microseconds_in_second);
  }
  return text;
}

}  // namespace

double median(std::vector<double> of) {
  const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
  std::nth_element(of.begin(), middle, of.end());
  return *middle;
}

double measured::ratio() const {
  const double raw_time = median(raw);
  const double our_time = median(ours);
  return aim.kind == goal_kind::at_least ? raw_time / our_time : our_time / raw_time;
}

bool measured::met() const { return aim.kind == goal_kind::at_least ? ratio() >= aim.ratio : ratio() <= aim.ratio; }

measured measure(const comparison& what) {
  measured row{.name = what.name, .aim = what.aim, .bytes = what.bytes, .raw = {}, .ours = {}};
  static_cast<void>(what.raw());
  static_cast<void>(what.ours());
  for (int repeat = 0; repeat < what.repeats; ++repeat) {
    const bool raw_first = repeat % 2 == 0;
    if (raw_first) row.raw.push_back(what.raw().count());
    row.ours.push_back(what.ours().count());
    if (!raw_first) row.raw.push_back(what.raw().count());
  }
  return row;
}

void print_heading() { std::printf("%-34s %12s %12s %7s  %s\n", "", "raw", "spawnpipe", "ratio", "goal"); }

void print(const measured& row) {
  std::printf("%-34s %12s %12s %7.2f  %s %.2f %s\n", row.name.c_str(), shown(median(row.raw), row.bytes).c_str(),
              shown(median(row.ours), row.bytes).c_str(), row.ratio(),
              row.aim.kind == goal_kind::at_least ? ">=" : "<=", row.aim.ratio, row.met() ? "met" : "MISSED");
  std::fflush(stdout);
}

void write_json(const std::string& path, const std::vector<measured>& rows) {
  auto all = nlohmann::ordered_json::array();
  for (const measured& row : rows) {
    all.push_back({{"name", row.name},
                   {"bytes", row.bytes},
                   {"raw_seconds", row.raw},
                   {"our_seconds", row.ours},
                   {"ratio", row.ratio()},
                   {"goal", {{row.aim.kind == goal_kind::at_least ? "at_least" : "at_most", row.aim.ratio}}},
                   {"met", row.met()}});
  }
  std::ofstream file(path);
  file << all.dump(2) << '\n';
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

}  // namespace bench
