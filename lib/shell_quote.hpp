// A word as the shell of POSIX systems reads it back.
#ifndef SPAWNPIPE_LIB_SHELL_QUOTE_HPP
#define SPAWNPIPE_LIB_SHELL_QUOTE_HPP

#include <string>
#include <string_view>

namespace spawnpipe::detail {

/// The word as it is, where no shell sees anything in it; else in single quotes, in which nothing has a meaning but the quote. The result is
/// text that can be shown and pasted: UTF-8 without control characters but for the newline. Other bytes are written as `"$(printf '\033')"`,
/// so that a terminal neither acts on them nor drops them.
///
/// `text` is free of NUL, which no argument can have.
[[nodiscard]] std::string quote_for_shell(std::string_view text);

}  // namespace spawnpipe::detail

#endif
