// The library on Windows against raw calls of Windows: windows-bench [--json FILE] [--only TEXT]
//
// Prints a table: the medians of both, their ratio, and whether it is what it should be. That a goal is missed is a result and no
// failure; the exit code tells whether everything could be measured. --only takes the rows whose names have TEXT in them.
#include "scenarios.hpp"

#include <cstdio>
#include <exception>
#include <string_view>

namespace bench {
namespace {

constexpr std::size_t small_block = std::size_t{64} * 1024;
constexpr std::size_t large_block = std::size_t{1024} * 1024;
constexpr int repeats = 7;
constexpr int spawns = 7 * 10;  // short and uneven: more of them, still one by one in turn

// The same scenario on both sides.
template <class Scenario, class... Arguments>
comparison compare(std::string name, goal aim, Scenario scenario, Arguments... arguments) {
  return {.name = std::move(name),
          .aim = aim,
          .repeats = repeats,
          .bytes = 0,
          .raw = [=] { return (raw_scenarios.*scenario)(arguments...); },
          .ours = [=] { return (our_scenarios.*scenario)(arguments...); }};
}

comparison transfer(comparison what) {
  what.bytes = transfer_size;
  return what;
}

comparison often(comparison what) {
  what.repeats = spawns;
  return what;
}

std::vector<comparison> all_comparisons() {
  const auto least = [](double ratio) { return goal{goal_kind::at_least, ratio}; };
  const auto most = [](double ratio) { return goal{goal_kind::at_most, ratio}; };
  return {
      transfer(compare("read 64 MiB, 64 KiB at a time", least(0.80), &scenarios::read, small_block)),
      transfer(compare("read 64 MiB, 1 MiB at a time", least(0.85), &scenarios::read, large_block)),
      transfer(compare("read 64 MiB in callbacks, 64 KiB", least(0.80), &scenarios::read_in_callbacks, small_block)),
      transfer(compare("write 64 MiB, 64 KiB at a time", least(0.85), &scenarios::write, small_block)),
      transfer(compare("write 64 MiB, 1 MiB at a time", least(0.85), &scenarios::write, large_block)),
      often(compare("spawn and wait, null device", most(1.15), &scenarios::spawn_and_wait, streams::null_device)),
      often(compare("spawn and wait, three pipes", most(1.15), &scenarios::spawn_and_wait, streams::pipes)),
      compare("wake-up of another thread", most(1.5), &scenarios::wake_up),
  };
}

void run(std::string_view only, const std::string& json) {
  std::vector<measured> rows;
  int met = 0;
  print_heading();
  for (const comparison& each : all_comparisons()) {
    if (each.name.find(only) == std::string::npos) continue;
    rows.push_back(measure(each));
    print(rows.back());
    if (rows.back().met()) ++met;
  }
  std::printf("%d of %d goals met\n", met, static_cast<int>(rows.size()));
  if (!json.empty()) write_json(json, rows);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  std::string json;
  std::string only;
  for (int index = 1; index < argc; index += 2) {
    const std::string_view option = argv[index];
    if (index + 1 == argc || (option != "--json" && option != "--only")) {
      std::fprintf(stderr, "windows-bench [--json FILE] [--only TEXT]\n");
      return 2;
    }
    (option == "--json" ? json : only) = argv[index + 1];
  }
  try {
    bench::run(only, json);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "windows-bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
