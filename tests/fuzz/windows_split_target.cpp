// From any line to arguments: as the model splits it; and what came of it can be said by a line, and comes again.
#include "fuzz.hpp"
#include "models/windows_splitting.hpp"
#include "models/wtf8.hpp"
#include "windows_command_line.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

void fuzz::targets::windows_split(std::string_view input) {
  using spawnpipe::detail::split_windows_command_line;
  using spawnpipe::detail::windows_command_line;
  using spawnpipe::detail::windows_splitting;

  const auto by_shell = split_windows_command_line(input, windows_splitting::shell);
  const auto by_crt = split_windows_command_line(input, windows_splitting::crt);
  EXPECT(by_shell == model::split(input, model::splitting::shell));
  EXPECT(by_crt == model::split(input, model::splitting::crt));

  for (const auto& argv : {by_shell, by_crt}) {
    const auto line = windows_command_line(argv);
    const bool name_has_quote = argv[0].find('"') != std::string::npos;
    const bool is_text =
        std::all_of(argv.begin(), argv.end(), [](const std::string& each) { return model::utf16(each).has_value(); });
    if (name_has_quote || !is_text) {
      EXPECT(line.failed_with(spawnpipe::errc::invalid_argument));
    } else if (line) {
      EXPECT(split_windows_command_line(*line, windows_splitting::shell) == argv);
      EXPECT(split_windows_command_line(*line, windows_splitting::crt) == argv);
    } else {
      EXPECT(line.failed_with(std::errc::argument_list_too_long));
      EXPECT(input.size() * 2 > spawnpipe::detail::longest_windows_command_line);
    }
  }
}
