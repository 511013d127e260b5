// WTF-8 and UTF-16, both ways: exactly what is WTF-8 is taken, as what it is, and comes back.
#include "fuzz.hpp"
#include "models/wtf8.hpp"
#include "utf.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace {

using spawnpipe::detail::utf16_of;
using spawnpipe::detail::wtf8_of;

}  // namespace

void fuzz::targets::utf(std::string_view input) {
  const auto units = utf16_of(input);
  EXPECT(units == model::utf16(input));
  if (units) EXPECT(wtf8_of(*units) == input);

  // The same bytes as units: all of them have a WTF-8, which is one.
  std::u16string any;
  for (std::size_t at = 0; at + 1 < input.size(); at += 2) {
    any +=
        static_cast<char16_t>(static_cast<unsigned char>(input[at]) * 256 + static_cast<unsigned char>(input[at + 1]));
  }
  const std::string text = wtf8_of(any);
  EXPECT(model::utf16(text) == any);
  EXPECT(utf16_of(text) == any);
}
