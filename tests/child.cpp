// The helper program: what the contract suite spawns. It links nothing of spawnpipe. The first argument is a verb.
//
//   args A...               each argument behind the verb, each followed by a NUL
//   argv0                   its own name as it was given (argv[0])
//   both N A... B...        starts a copy of itself that does the N words A, prints its id as a line, and does B
//   burn MS                 uses the processor for MS milliseconds
//   cat [BLOCK [TO]]        copies in to TO, by reads of BLOCK bytes (65536)
//   checksum                reads all of in; then one line: COUNT FNV1A64-IN-HEX DIFFERENCE, where DIFFERENCE is the position
//                           of the first byte that is not the pattern's, or "-"
//   close-out [CODE]        closes out and err, reads in to its end, exits with CODE (0)
//   cwd                     its working directory
//   echo-lines              answers each line LINE of in by "got LINE"; ends at the end of in, or at the line "quit"
//   env [NAME...]           all its variables as NAME=value; or the named ones, NAME alone where it is not set; each followed by
//                           a NUL
//   exit [CODE]             exits with CODE (0)
//   exit-on-terminate [CODE]  prints the line "ready"; when asked to end prints "terminated", exits with CODE (7)
//   grandchild VERB A...    starts a copy of itself that does VERB, prints the copy's id as a line, exits with 0; the copy has
//                           the same streams
//   hang [TEXT]             prints the line TEXT, if given; then does nothing until it is killed
//   ignore-terminate        prints the line "ready", and does nothing until it is killed; polite requests to end are ignored
//   out-err-order N         writes the lines "out I" to out and "err I" to err in turn, I from 0 to N - 1
//   pieces P...             writes each argument to out by a write of its own
//   pieces-on-request P...  the same, each after a line was read from in
//   read N [CODE]           reads N bytes of in, closes in, prints the line "closed"; exits with CODE, or hangs without one
//   read-then-write N       reads in to its end, then writes N bytes of the pattern to both out and err; exits with 4 where in
//                           was not the pattern
//   random-tree MARK SEED LEVEL [leave]  starts up to 5 copies of itself that do the same, down to level 0; each may ignore polite
//                           requests, close its streams, and leave its session where that is allowed; and ends soon or hangs
//   relay MARK N            starts a copy that does the same with N - 1, and ends: N processes, one after the other
//   sleep MS [CODE]         exits with CODE (0) after MS milliseconds
//   tree VERB A...          starts a copy as grandchild does, prints its id, and hangs
//   tty                     the lines "in yes", "out no", "err no": which of its streams are terminals
//   until-eof [CODE]        reads in to its end and exits with CODE (0)
//   verbs                   the names of all verbs but this one, as lines
//   when-file PATH VERB A...  waits until there is a file PATH, then does VERB
//   write N [BLOCK [TO]]    writes N bytes of the pattern (pattern.hpp) to TO, by writes of BLOCK bytes (65536)
//   write-then-read N       as read-then-write, but writes first
//   yes [TEXT [TO]]         writes the line TEXT ("y") to TO until that fails
//
// TO is out, err, or both: in turn, block by block, each with its own pattern from the start. On POSIX (posix/child_os.cpp)
// there are ask-terminal, contents, copy, fds, ids, in-vfork, main-ends, reopen-out, session, signal and signals beside these; on Windows (windows/child_os.cpp) args-by-system, console,
// exit-code, handles, job and show-command-line.
//
// Exit codes of its own: 3 where a write failed, 4 where input was not the pattern, 127 for an unknown verb. No process lives
// longer than 300 s. Each verb that is done is noted in the file that SPAWNPIPE_VERB_LOG names.
#include "child_os.hpp"

#include "pattern.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

namespace child {

namespace {

constexpr std::chrono::seconds longest_life{300};
constexpr std::uint64_t usual_block = 65536;
constexpr int write_failed = 3;
constexpr int not_the_pattern = 4;
constexpr int unknown_verb = 127;

bool print(std::string_view text) { return os::write(os::out, text); }

bool print_line(std::string text) {
  text += '\n';
  return print(text);
}

// The streams that TO names.
std::vector<int> targets(const arguments& given, std::size_t index) {
  const std::string to = argument(given, index, "out");
  if (to == "both") return {os::out, os::err};
  return {to == "err" ? os::err : os::out};
}

arguments rest(const arguments& given, std::size_t from) {
  return {given.begin() + static_cast<std::ptrdiff_t>(std::min(from, given.size())), given.end()};
}

// Hands what `in` has to `take`, until its end.
template <class Take>
void read_to_end(Take take) {
  std::vector<char> block(usual_block);
  for (;;) {
    const std::ptrdiff_t got = os::read(os::in, block.data(), block.size());
    if (got <= 0) return;
    take(std::string_view(block.data(), static_cast<std::size_t>(got)));
  }
}

// Lines of `in`, one by one, read byte by byte: nothing is taken beyond the line.
std::optional<std::string> read_line() {
  std::string line;
  for (char c = 0; os::read(os::in, &c, 1) > 0;) {
    if (c == '\n') return line;
    line += c;
  }
  if (line.empty()) return std::nullopt;
  return line;
}

bool write_pattern(std::uint64_t size, std::uint64_t block, const std::vector<int>& to) {
  std::vector<char> bytes(static_cast<std::size_t>(std::max<std::uint64_t>(1, std::min(block, size))));
  for (std::uint64_t position = 0; position < size;) {
    const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), size - position));
    pattern::fill(bytes.data(), now, position);
    for (const int stream : to) {
      if (!os::write(stream, {bytes.data(), now})) return false;
    }
    position += now;
  }
  return true;
}

struct summary {
  std::uint64_t count = 0;
  std::uint64_t checksum = pattern::checksum_start;
  std::optional<std::uint64_t> difference;
};

summary read_and_sum() {
  summary sum;
  read_to_end([&](std::string_view bytes) {
    if (!sum.difference) sum.difference = pattern::first_difference(bytes, sum.count);
    sum.checksum = pattern::checksum(bytes, sum.checksum);
    sum.count += bytes.size();
  });
  return sum;
}

int do_args(const arguments& given) {
  std::string text;
  for (const std::string& each : rest(given, 1)) (text += each) += '\0';
  return print(text) ? 0 : write_failed;
}

std::string own_name;

int do_argv0(const arguments&) { return print(own_name) ? 0 : write_failed; }

// both N A... B...: a copy does the N words A, with the same streams; this one says its id, and does B.
int do_both(const arguments& given) {
  const auto behind = static_cast<std::ptrdiff_t>(2 + number(given, 1, 0));
  const arguments for_copy(given.begin() + 2, given.begin() + behind);
  os::start_copy(for_copy, [](std::int64_t id) { (void)print_line(std::to_string(id)); });
  return act(rest(given, static_cast<std::size_t>(behind)));
}

// Uses the processor for so many milliseconds.
int do_burn(const arguments& given) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(number(given, 1, 0));
  while (std::chrono::steady_clock::now() < end) {
  }
  return 0;
}

int do_cat(const arguments& given) {
  std::vector<char> block(static_cast<std::size_t>(std::max<std::uint64_t>(1, number(given, 1, usual_block))));
  const std::vector<int> to = targets(given, 2);
  for (;;) {
    const std::ptrdiff_t got = os::read(os::in, block.data(), block.size());
    if (got <= 0) return 0;
    for (const int stream : to) {
      if (!os::write(stream, {block.data(), static_cast<std::size_t>(got)})) return write_failed;
    }
  }
}

int do_checksum(const arguments&) {
  const summary sum = read_and_sum();
  std::array<char, 80> line{};
  std::snprintf(line.data(), line.size(), "%" PRIu64 " %016" PRIx64 " ", sum.count, sum.checksum);
  return print_line(line.data() + (sum.difference ? std::to_string(*sum.difference) : "-")) ? 0 : write_failed;
}

int do_close_out(const arguments& given) {
  os::close(os::out);
  os::close(os::err);
  read_to_end([](std::string_view) {});
  return static_cast<int>(number(given, 1, 0));
}

int do_cwd(const arguments&) { return print(os::directory()) ? 0 : write_failed; }

int do_echo_lines(const arguments&) {
  while (const auto line = read_line()) {
    if (*line == "quit") return 0;
    if (!print_line("got " + *line)) return write_failed;
  }
  return 0;
}

int do_env(const arguments& given) {
  std::string text;
  if (given.size() == 1) {
    for (const std::string& each : os::variables()) (text += each) += '\0';
  }
  for (const std::string& name : rest(given, 1)) {
    text += name;
    if (const auto value = os::variable(name)) (text += '=') += *value;
    text += '\0';
  }
  return print(text) ? 0 : write_failed;
}

int do_exit(const arguments& given) { return static_cast<int>(number(given, 1, 0)); }

int do_exit_on_terminate(const arguments& given) {
  os::exit_on_terminate("terminated\n", static_cast<int>(number(given, 1, 7)));
  if (!print("ready\n")) return write_failed;
  os::hang();
}

int do_grandchild(const arguments& given) {
  os::start_copy(rest(given, 1), [](std::int64_t id) { (void)print_line(std::to_string(id)); });
  return 0;
}

int do_hang(const arguments& given) {
  if (given.size() > 1 && !print_line(given[1])) return write_failed;
  os::hang();
}

int do_ignore_terminate(const arguments&) {
  os::ignore_terminate();
  if (!print("ready\n")) return write_failed;
  os::hang();
}

int do_out_err_order(const arguments& given) {
  const std::uint64_t count = number(given, 1, 1);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string tail = " " + std::to_string(i) + "\n";
    if (!os::write(os::out, "out" + tail) || !os::write(os::err, "err" + tail)) return write_failed;
  }
  return 0;
}

int do_pieces(const arguments& given) {
  for (const std::string& piece : rest(given, 1)) {
    if (!print(piece)) return write_failed;
  }
  return 0;
}

int do_pieces_on_request(const arguments& given) {
  for (const std::string& piece : rest(given, 1)) {
    if (!read_line()) return 0;
    if (!print(piece)) return write_failed;
  }
  return 0;
}

int do_random_tree(const arguments& given) {
  std::mt19937_64 dice(number(given, 2, 0));
  const std::uint64_t level = number(given, 3, 0);
  const auto one_in = [&](unsigned count) { return dice() % count == 0; };
  if (one_in(3)) os::ignore_terminate();
  if (one_in(3)) {
    os::close(os::out);
    os::close(os::err);
  }
  if (one_in(4) && given.size() > 4) os::leave_session();
  const std::uint64_t copies = level > 0 ? dice() % (level > 2 ? 6 : 3) : 0;
  for (std::uint64_t i = 0; i < copies; ++i) {
    arguments next = given;
    next[2] = std::to_string(dice());
    next[3] = std::to_string(level - 1);
    os::start_copy(next, [](std::int64_t) {});
  }
  if (one_in(4)) return 0;
  os::hang();
}

int do_read(const arguments& given) {
  std::vector<char> block(usual_block);
  for (std::uint64_t left = number(given, 1, 0); left > 0;) {
    const std::ptrdiff_t got = os::read(os::in, block.data(), std::min<std::uint64_t>(left, block.size()));
    if (got <= 0) break;
    left -= static_cast<std::uint64_t>(got);
  }
  os::close(os::in);
  if (!print("closed\n")) return write_failed;
  if (given.size() > 2) return static_cast<int>(number(given, 2, 0));
  os::hang();
}

int do_read_then_write(const arguments& given) {
  const bool good = !read_and_sum().difference;
  if (!write_pattern(number(given, 1, 0), usual_block, {os::out, os::err})) return write_failed;
  return good ? 0 : not_the_pattern;
}

int do_sleep(const arguments& given) {
  std::this_thread::sleep_for(std::chrono::milliseconds(number(given, 1, 0)));
  return static_cast<int>(number(given, 2, 0));
}

int do_tree(const arguments& given) {
  do_grandchild(given);
  os::hang();
}

// A copy of a copy of a copy, of which each goes as soon as the next is there: a mark, and how many.
int do_relay(const arguments& given) {
  const std::uint64_t left = number(given, 2, 0);
  if (left == 0) return 0;
  arguments next = given;
  next[2] = std::to_string(left - 1);
  os::start_copy(next, [](std::int64_t) {});
  return 0;
}

int do_tty(const arguments&) {
  std::string text;
  text += std::string("in ") + (os::is_terminal(os::in) ? "yes" : "no") + "\n";
  text += std::string("out ") + (os::is_terminal(os::out) ? "yes" : "no") + "\n";
  text += std::string("err ") + (os::is_terminal(os::err) ? "yes" : "no") + "\n";
  return print(text) ? 0 : write_failed;
}

int do_until_eof(const arguments& given) {
  read_to_end([](std::string_view) {});
  return static_cast<int>(number(given, 1, 0));
}

int do_when_file(const arguments& given) {
  const std::string path = argument(given, 1, "");
  while (!os::exists(path)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return act(rest(given, 2));
}

int do_write(const arguments& given) {
  return write_pattern(number(given, 1, 0), number(given, 2, usual_block), targets(given, 3)) ? 0 : write_failed;
}

int do_write_then_read(const arguments& given) {
  if (!write_pattern(number(given, 1, 0), usual_block, {os::out, os::err})) return write_failed;
  return read_and_sum().difference ? not_the_pattern : 0;
}

int do_yes(const arguments& given) {
  const std::string line = argument(given, 1, "y") + "\n";
  const std::vector<int> to = targets(given, 2);
  for (;;) {
    for (const int stream : to) {
      if (!os::write(stream, line)) return write_failed;
    }
  }
}

int do_verbs(const arguments&);

constexpr std::array verbs = {
    verb{"args", do_args},
    verb{"argv0", do_argv0},
    verb{"both", do_both},
    verb{"burn", do_burn},
    verb{"cat", do_cat},
    verb{"checksum", do_checksum},
    verb{"close-out", do_close_out},
    verb{"cwd", do_cwd},
    verb{"echo-lines", do_echo_lines},
    verb{"env", do_env},
    verb{"exit", do_exit},
    verb{"exit-on-terminate", do_exit_on_terminate},
    verb{"grandchild", do_grandchild},
    verb{"hang", do_hang},
    verb{"ignore-terminate", do_ignore_terminate},
    verb{"out-err-order", do_out_err_order},
    verb{"pieces", do_pieces},
    verb{"pieces-on-request", do_pieces_on_request},
    verb{"random-tree", do_random_tree},
    verb{"read", do_read},
    verb{"read-then-write", do_read_then_write},
    verb{"relay", do_relay},
    verb{"sleep", do_sleep},
    verb{"tree", do_tree},
    verb{"tty", do_tty},
    verb{"until-eof", do_until_eof},
    verb{"verbs", do_verbs},
    verb{"when-file", do_when_file},
    verb{"write", do_write},
    verb{"write-then-read", do_write_then_read},
    verb{"yes", do_yes},
};

int do_verbs(const arguments&) {
  std::string text;
  for (const verb& each : verbs) {
    if (each.name != "verbs") (text += each.name) += '\n';
  }
  for (const verb& each : os::verbs()) (text += each.name) += '\n';
  return print(text) ? 0 : write_failed;
}

}  // namespace

std::string argument(const arguments& given, std::size_t index, std::string_view otherwise) {
  return index < given.size() ? given[index] : std::string(otherwise);
}

std::uint64_t number(const arguments& given, std::size_t index, std::uint64_t otherwise) {
  return index < given.size() ? std::strtoull(given[index].c_str(), nullptr, 10) : otherwise;
}

int act(const arguments& given) {
  const std::string name = argument(given, 0, "");
  for (const std::span<const verb> table : {std::span<const verb>(verbs), os::verbs()}) {
    for (const verb& each : table) {
      if (each.name != name) continue;
      if (const auto log = os::variable("SPAWNPIPE_VERB_LOG")) os::append_line(*log, name);
      return each.act(given);
    }
  }
  (void)os::write(os::err, "child: unknown verb \"" + name + "\"\n");
  return unknown_verb;
}

int start(int argc, char** argv) {
  os::prepare(longest_life);
  const arguments line = os::command_line(argc, argv);
  own_name = argument(line, 0, "");
  return act(rest(line, 1));
}

}  // namespace child

int main(int argc, char** argv) { return child::start(argc, argv); }
