// Text between the library's strings and those of Windows.
//
// Windows takes any sequence of 16-bit units for a name or an argument, surrogates without a partner included, which UTF-8
// cannot write. WTF-8 ("The WTF-8 encoding", by Simon Sapin) can: it is UTF-8, with a lone surrogate as three bytes of the
// usual form. So what came from the system goes back to it unchanged.
#ifndef SPAWNPIPE_LIB_UTF_HPP
#define SPAWNPIPE_LIB_UTF_HPP

#include <optional>
#include <string>
#include <string_view>

namespace spawnpipe::detail {

/// UTF-16 of UTF-8 or WTF-8; nothing where `text` is neither. Two encoded surrogates that make a pair are not WTF-8: they
/// would come back as other bytes.
[[nodiscard]] std::optional<std::u16string> utf16_of(std::string_view text);

/// WTF-8 of any units; `utf16_of` gives them back.
[[nodiscard]] std::string wtf8_of(std::u16string_view text);

}  // namespace spawnpipe::detail

#endif
