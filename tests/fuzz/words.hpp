// How the shell of the system takes a line of plain words apart. One of posix/words.cpp and windows/words.cpp is behind it.
#ifndef SPAWNPIPE_TESTS_FUZZ_WORDS_HPP
#define SPAWNPIPE_TESTS_FUZZ_WORDS_HPP

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

// Nothing where the line means more than its words.
[[nodiscard]] std::optional<std::vector<std::string>> words_of(std::string_view line);

}  // namespace fuzz

#endif
