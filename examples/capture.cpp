// Runs children to their end: feeds them input, captures both outputs, and shows why and how each of them ended.
// How a child ended is a fact and no error: the second fails on purpose, the third is killed at its deadline.
#include <spawnpipe/spawnpipe.hpp>

#include <chrono>
#include <iostream>
#include <set>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

// The children are this program, run again.
int be(const std::string& child) {
  if (child == "sorter") {
    std::set<std::string> lines;
    for (std::string line; std::getline(std::cin, line);) lines.insert(line);
    for (const auto& line : lines) std::cout << line << '\n';
  } else if (child == "sleeper") {
    std::this_thread::sleep_for(60s);
  } else {
    std::cerr << "I cannot be a " << child << '\n';
    return 2;
  }
  return 0;
}

// Runs the child, shows what came of it, and says whether it ended as expected.
bool show(const char* program, const char* child, spawnpipe::ended_by expected_why, bool expected_success) {
  const auto done = spawnpipe::run({program, child}, {.input = "pear\nfig\napple\n", .until = 2s});
  if (!done) {
    std::cerr << to_string(done.error()) << '\n';
    return false;
  }
  std::cout << "the " << child << ' ' << to_string(*done) << "\n  why: " << to_string(done->why)
            << "\n  how: " << to_string(done->status) << "\n  input left: " << done->unread_input << " bytes\n--- out\n"
            << done->out << "--- err\n"
            << done->err << "---\n\n";
  return done->why == expected_why && done->success() == expected_success;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return be(argv[1]);
  bool good = show(argv[0], "sorter", spawnpipe::ended_by::itself, true);
  good = show(argv[0], "teapot", spawnpipe::ended_by::itself, false) && good;
  good = show(argv[0], "sleeper", spawnpipe::ended_by::deadline, false) && good;
  return good ? 0 : 1;
}
