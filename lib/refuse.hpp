// What is impossible, whatever the system would say.
#ifndef SPAWNPIPE_LIB_REFUSE_HPP
#define SPAWNPIPE_LIB_REFUSE_HPP

#include <spawnpipe/error.hpp>

#include "joined.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace spawnpipe::detail {

/// `errc::invalid_argument` of a command; the subject names the part of it that cannot be.
[[nodiscard]] inline error refuse(std::string subject) {
  return {errc::invalid_argument, stage::command, std::move(subject)};
}

/// With a subject made of parts.
[[nodiscard]] inline error refuse(std::initializer_list<std::string_view> parts) { return refuse(joined(parts)); }

}  // namespace spawnpipe::detail

#endif
