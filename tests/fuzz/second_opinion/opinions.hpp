// Cases that ask somebody else: what the library says of random hostile text, and what the program that it is meant for makes of it.
// The seed is SPAWNPIPE_SEED of the environment, which tests/run fuzz sets to another one each time, and prints.
#ifndef SPAWNPIPE_TESTS_FUZZ_SECOND_OPINION_OPINIONS_HPP
#define SPAWNPIPE_TESTS_FUZZ_SECOND_OPINION_OPINIONS_HPP

#include "harness.hpp"
#include "unit/random_text.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace opinions {

using strings = std::vector<std::string>;

// Syntax of shells and of command lines, byte by byte and in pieces. Each is UTF-8 for itself.
[[nodiscard]] const strings& hostile_pieces();

// Each text with a NUL behind it; and back.
[[nodiscard]] std::string with_nuls(const strings& texts);
[[nodiscard]] strings without_nuls(std::string_view bytes);

// What a program wrote that was given `bytes` to read. Nothing where there is no such program; it must end well.
[[nodiscard]] std::optional<std::string> output_of(const spawnpipe::command& what, std::string_view bytes = {});

}  // namespace opinions

#endif
