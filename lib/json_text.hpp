// Text as JSON has it, for what the library writes itself.
#ifndef SPAWNPIPE_LIB_JSON_TEXT_HPP
#define SPAWNPIPE_LIB_JSON_TEXT_HPP

#include <string>
#include <string_view>

namespace spawnpipe::detail {

/// Appends `text` as a JSON string, with its quotes. What is no UTF-8 becomes U+FFFD, one for each byte.
void append_json(std::string& to, std::string_view text);

}  // namespace spawnpipe::detail

#endif
