// A case for each target of the fuzzers: its properties hold for every file in its folder of the corpus. There are the seeds that were
// written for it, what led a fuzzer into code that no seed reached, and what once broke a property.
#include "fuzz.hpp"

#include "harness.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

constinit const harness::column harness::this_column = {
    .program = "corpus",
    .back_end = "",
    .broken = {},
    .not_here = {},
};

namespace {

struct broken_property : std::exception {};

void run_corpus(const std::string& target, void (*run)(std::string_view)) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(FUZZ_CORPUS) / target)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  REQUIRE_FALSE(files.empty());
  for (const auto& file : files) {
    const std::string name = file.filename().string();
    CAPTURE(name);
    std::ifstream stream(file, std::ios::binary);
    REQUIRE(stream.is_open());
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    try {
      run(bytes);
    } catch (const broken_property&) {  // counted and shown already
    }
  }
}

#define CORPUS_CASE(name) \
  TEST_CASE("corpus of " #name) { run_corpus(#name, fuzz::targets::name); }
FUZZ_TARGETS(CORPUS_CASE)
#ifdef FUZZ_WITH_JSON
FUZZ_TARGETS_WITH_JSON(CORPUS_CASE)
#else
TEST_CASE("corpus of what reads compilation databases") { SKIP_CASE("nlohmann_json is not installed"); }
#endif

}  // namespace

void fuzz::expect(bool holds, const char* what, const char* file, int line) {
  CHECK_MESSAGE(holds, std::string(file), ":", line, ": does not hold: ", std::string(what));
  if (!holds) throw broken_property();
}
