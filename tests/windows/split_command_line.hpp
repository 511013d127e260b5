// A process of Windows is given one line of text; each program makes arguments of it. This is how programs that are built with
// Microsoft's C runtime do it (its documentation: "Parsing C command-line arguments"), and shell32's CommandLineToArgvW, which
// the helper does not use because it loads half of the desktop. A case compares the two.
#ifndef SPAWNPIPE_TESTS_WINDOWS_SPLIT_COMMAND_LINE_HPP
#define SPAWNPIPE_TESTS_WINDOWS_SPLIT_COMMAND_LINE_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

[[nodiscard]] inline std::vector<std::wstring> split_command_line(std::wstring_view line) {
  std::vector<std::wstring> all;
  std::size_t i = 0;
  const auto blank = [&] { return line[i] == L' ' || line[i] == L'\t'; };

  // The program's own name: a file's name holds no quotes, so that backslashes are nothing special here.
  std::wstring name;
  for (bool quoted = false; i < line.size() && (quoted || !blank()); ++i) {
    if (line[i] == L'"') {
      quoted = !quoted;
    } else {
      name += line[i];
    }
  }
  all.push_back(name);

  while (true) {
    while (i < line.size() && blank()) ++i;
    if (i == line.size()) return all;
    std::wstring argument;
    for (bool quoted = false; i < line.size() && (quoted || !blank());) {
      // Backslashes count only before a quote: two of them are one, and an odd one makes the quote a letter.
      std::size_t backslashes = 0;
      for (; i < line.size() && line[i] == L'\\'; ++i) ++backslashes;
      if (i == line.size() || line[i] != L'"') {
        argument.append(backslashes, L'\\');
        if (i < line.size() && (quoted || !blank())) argument += line[i++];
        continue;
      }
      argument.append(backslashes / 2, L'\\');
      if (backslashes % 2 == 1) {
        argument += line[i++];
      } else if (quoted && i + 1 < line.size() && line[i + 1] == L'"') {
        argument += L'"';  // two quotes inside of quotes are one
        i += 2;
      } else {
        quoted = !quoted;
        ++i;
      }
    }
    all.push_back(argument);
  }
}

#endif
