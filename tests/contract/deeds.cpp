#include "deeds.hpp"

namespace cases {
namespace {

constexpr std::array names = {
    "write",
    "write_owned",
    "write_all",
    "flush",
    "read_some",
    "read_until",
    "read_all",
    "drain",
    "consume",
    "stop reading",
    "resume reading",
    "close input",
    "stop input",
    "close output",
    "wait",
    "move",
    "set callbacks",
    "terminate",
    "kill",
    "begin_stop",
    "stop",
    "destroy",
    "finish",
    "spawn",
    "run the loop",
    "job",
    "write in callback",
    "read in callback",
    "stop in callback",
    "end in callback",
    "destroy in callback",
    "timed out",
    "cancelled",
};
static_assert(names.size() == static_cast<std::size_t>(deed::count));

}  // namespace

const char* name_of(deed which) { return names.at(static_cast<std::size_t>(which)); }

void tally::add(const tally& other) {
  for (std::size_t i = 0; i < done.size(); ++i) done[i] += other.done[i];
  written += other.written;
  read += other.read;
}

}  // namespace cases
