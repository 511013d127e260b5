// Programs of Windows split their line for themselves. The first word is taken as the others are: there is no name of a program here.
#include "words.hpp"

#include "models/windows_splitting.hpp"

std::optional<std::vector<std::string>> fuzz::words_of(std::string_view line) {
  std::vector<std::string> words = model::split("program " + std::string(line), model::splitting::shell);
  words.erase(words.begin());
  return words;
}
