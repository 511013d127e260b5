// A person types into a shell of POSIX.
#include "words.hpp"

#include "models/shell_words.hpp"

std::optional<std::vector<std::string>> fuzz::words_of(std::string_view line) { return model::shell_words(line); }
