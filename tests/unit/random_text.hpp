// Random text for properties that must hold for every string. The seed is fixed, SPAWNPIPE_SEED in the environment is another
// one, and a failed assertion prints it.
#ifndef SPAWNPIPE_TESTS_UNIT_RANDOM_TEXT_HPP
#define SPAWNPIPE_TESTS_UNIT_RANDOM_TEXT_HPP

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace unit {

inline std::uint64_t seed() {
  const char* const given = std::getenv("SPAWNPIPE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 0) : 20240409;
}

class random_text {
 public:
  // 0 to below - 1.
  std::size_t number(std::size_t below) { return static_cast<std::size_t>(engine_() % below); }

  // Up to `most` of the pieces.
  std::string operator()(const std::vector<std::string>& pieces, std::size_t most) {
    std::string text;
    for (std::size_t count = number(most + 1); count > 0; --count) text += pieces[number(pieces.size())];
    return text;
  }

  std::vector<std::string> list(const std::vector<std::string>& pieces, std::size_t most_strings, std::size_t most) {
    std::vector<std::string> texts;
    for (std::size_t count = number(most_strings + 1); count > 0; --count) texts.push_back((*this)(pieces, most));
    return texts;
  }

 private:
  std::mt19937_64 engine_{seed()};
};

}  // namespace unit

// In the scope of the assertions.
#define CAPTURE_SEED() INFO("SPAWNPIPE_SEED=" << unit::seed())

#endif
