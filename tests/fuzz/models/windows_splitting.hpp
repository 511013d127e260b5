// How programs of Windows split their line, by counting: what a run of backslashes and the run of quotes behind it mean follows from
// their lengths and from whether the quotes stand inside quotes.
#ifndef SPAWNPIPE_TESTS_FUZZ_MODELS_WINDOWS_SPLITTING_HPP
#define SPAWNPIPE_TESTS_FUZZ_MODELS_WINDOWS_SPLITTING_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace model {

enum class splitting { shell, crt };

// What `quotes` quotes in a row come to: how many of them are meant as such, and whether the text behind them is in quotes.
struct quotes_read {
  std::size_t literal;
  bool inside;
};

// The quote that opened the quotes before, if one did, counts with them.
inline quotes_read read_quotes(std::size_t quotes, bool inside, splitting how) {
  const std::size_t all = quotes + (inside ? 1 : 0);
  if (how == splitting::shell) return {all / 3, all % 3 == 1};  // three make one, and all is as before
  return {all == 0 ? 0 : (all - 1) / 2, all % 2 == 1};          // behind the first, two make one
}

inline std::vector<std::string> split(std::string_view line, splitting how) {
  line = line.substr(0, line.find('\0'));
  std::vector<std::string> argv(1);
  std::size_t at = 0;
  const auto run_of = [&](char c) {
    const std::size_t begin = at;
    while (at < line.size() && line[at] == c) ++at;
    return at - begin;
  };
  const auto blank = [&] { return line[at] == ' ' || line[at] == '\t'; };

  if (how == splitting::shell && line.starts_with('"')) {
    const std::size_t end = line.find('"', 1);
    argv[0] = line.substr(1, end == std::string_view::npos ? end : end - 1);
    at = end == std::string_view::npos ? line.size() : end + 1;
  } else if (how == splitting::shell) {
    while (at < line.size() && static_cast<unsigned char>(line[at]) > ' ') argv[0] += line[at++];
    if (at < line.size()) ++at;
  } else {
    for (bool inside = false; at < line.size() && (inside || !blank()); ++at) {
      if (line[at] == '"') {
        inside = !inside;
      } else {
        argv[0] += line[at];
      }
    }
  }

  while (true) {
    while (at < line.size() && blank()) ++at;
    if (at == line.size()) return argv;
    std::string argument;
    bool inside = false;
    while (at < line.size() && (inside || !blank())) {
      const std::size_t backslashes = run_of('\\');
      std::size_t quotes = run_of('"');
      if (quotes == 0) {
        argument.append(backslashes, '\\');
        if (at < line.size() && (inside || !blank())) argument += line[at++];
        continue;
      }
      argument.append(backslashes / 2, '\\');
      if (backslashes % 2 == 1) {
        argument += '"';
        --quotes;
      }
      const quotes_read read = read_quotes(quotes, inside, how);
      argument.append(read.literal, '"');
      inside = read.inside;
    }
    argv.push_back(argument);
  }
}

}  // namespace model

#endif
