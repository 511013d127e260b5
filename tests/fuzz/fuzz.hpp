// What every target of the fuzzers is: a function of some bytes that checks properties by EXPECT. It runs in two kinds of program,
// each of which says what becomes of a failed property:
//
// - fuzz-NAME (entry.cpp): libFuzzer thinks the bytes out, and keeps those that break a property. tests/run fuzz.
// - corpus-suite (corpus_cases.cpp): a case for each target, over all files in corpus/NAME/, without libFuzzer.
//
// A new target: its function in FUZZ_TARGETS, a file NAME_target.cpp for it, its name in meson.build, and seeds in corpus/NAME/.
#ifndef SPAWNPIPE_TESTS_FUZZ_FUZZ_HPP
#define SPAWNPIPE_TESTS_FUZZ_FUZZ_HPP

#include <string_view>

namespace fuzz {

// Does not return where it does not hold.
void expect(bool holds, const char* what, const char* file, int line);

}  // namespace fuzz

#define EXPECT(...) ::fuzz::expect(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

#define FUZZ_TARGETS(target)                                                                                 \
  target(batch_escape) target(capture) target(environment_block) target(program_search) target(reader_lines) \
      target(utf) target(windows_arguments) target(windows_split)

// Those that need a reader of JSON.
#define FUZZ_TARGETS_WITH_JSON(target) target(compilation_database) target(compilation_entries)

namespace fuzz::targets {

#define FUZZ_DECLARE(name) void name(std::string_view input);
FUZZ_TARGETS(FUZZ_DECLARE)
FUZZ_TARGETS_WITH_JSON(FUZZ_DECLARE)
#undef FUZZ_DECLARE

}  // namespace fuzz::targets

#endif
