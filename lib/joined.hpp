// A text made of parts. Where texts are put together by +, each + makes a text of its own.
#ifndef SPAWNPIPE_LIB_JOINED_HPP
#define SPAWNPIPE_LIB_JOINED_HPP

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace spawnpipe::detail {

[[nodiscard]] std::string joined(std::initializer_list<std::string_view> parts);

/// A number as such a part.
[[nodiscard]] std::string decimal(std::int64_t number);

}  // namespace spawnpipe::detail

#endif
