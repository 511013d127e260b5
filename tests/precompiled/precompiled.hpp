// What nearly every file of the tests includes: compiled once for a program, where the compiler can keep it. Each file includes what it
// uses all the same.
#include "harness.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <vector>
