// A word for the shell of POSIX: it reads it back as it was, wherever in a line it stands; and whatever the word is made of, what is written
// can be shown, and is as it was where that needs no quotes.
#include "fuzz.hpp"
#include "models/shell_words.hpp"
#include "models/wtf8.hpp"
#include "shell_quote.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

void fuzz::targets::shell_quote(std::string_view input) {
  using words = std::vector<std::string>;
  std::string text(input);
  std::erase(text, '\0');
  const std::string quoted = spawnpipe::detail::quote_for_shell(text);

  EXPECT(model::shell_words(quoted) == words{text});
  EXPECT(model::shell_words("printf %s " + quoted + ' ' + quoted + '\t' + "end") ==
         words{"printf", "%s", text, text, "end"});

  EXPECT(model::is_utf8(quoted));
  const auto is_control = [](char16_t unit) { return (unit < 0x20 && unit != u'\n') || (unit >= 0x7F && unit < 0xA0); };
  const auto units = model::utf16(quoted);
  EXPECT(std::none_of(units->begin(), units->end(), is_control));

  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/.,:@%+";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) EXPECT(quoted == text);
}
