// A text made of parts, in one allocation.
#include "joined.hpp"

namespace spawnpipe::detail {

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  text.reserve(size);
  for (const std::string_view part : parts) text += part;
  return text;
}

std::string decimal(std::int64_t number) { return std::to_string(number); }

}  // namespace spawnpipe::detail
