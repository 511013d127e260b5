// Python, asked what JSON, a shell's words and WTF-8 are.
#include "../opinions.hpp"

#include "command_line.hpp"
#include "utf.hpp"
#ifdef FUZZ_WITH_JSON
#include "compilation_database.hpp"
#include "utf8_path.hpp"
#endif

#include <charconv>
#include <cstddef>
#include <sstream>
#include <string>

namespace {

using opinions::strings;

constexpr std::string_view refused = "refused";

// Its answers to all of them; nothing where there is no Python.
std::optional<strings> ask_python(const std::string& about, const strings& questions) {
  std::string frames;
  for (const std::string& each : questions) frames += std::to_string(each.size()) + '\n' + each;
  const auto out = opinions::output_of(spawnpipe::command("python3", {FUZZ_OPINION_SCRIPT, about}), frames);
  if (!out) return std::nullopt;
  strings answers;
  std::string_view left = *out;
  while (!left.empty()) {
    std::size_t size = 0;
    const auto [end, code] = std::from_chars(left.data(), left.data() + left.size(), size);
    REQUIRE(code == std::errc());
    left.remove_prefix(static_cast<std::size_t>(end - left.data()) + 1);
    answers.emplace_back(left.substr(0, size));
    left.remove_prefix(answers.back().size());
  }
  return answers;
}

// Asks, and compares with what we say.
void compare(const std::string& about, const strings& questions, const strings& ours, std::size_t least_accepted) {
  const auto theirs = ask_python(about, questions);
  if (!theirs) SKIP_CASE("there is no python3");
  REQUIRE(theirs->size() == questions.size());
  std::size_t accepted = 0;
  for (std::size_t index = 0; index < questions.size(); ++index) {
    INFO(questions[index]);
    REQUIRE(ours[index] == (*theirs)[index]);
    if (ours[index] != refused) ++accepted;
  }
  CHECK(accepted >= least_accepted);
  CHECK(accepted < questions.size());
}

#ifdef FUZZ_WITH_JSON

// As the script answers.
std::string what_it_says(const std::string& json) {
  std::istringstream stream(json);
  strings texts;
  try {
    for (const compilation& each : read_compilation_database(stream, "/top/compile_commands.json")) {
      const std::string directory = each.command.cwd()->substr(std::string_view("/top/").size());
      const std::string output = each.output ? each.label : "";
      const std::string file = each.output ? "" : each.label;
      texts.insert(texts.end(), {directory, file, output});
      if (each.command.is_shell_line()) {
        texts.insert(texts.end(), {"command", each.command.argv().back()});
      } else {
        texts.insert(texts.end(), {"arguments", std::to_string(each.command.argv().size())});
        texts.insert(texts.end(), each.command.argv().begin(), each.command.argv().end());
      }
    }
  } catch (const bad_database&) {
    return std::string(refused);
  }
  return opinions::with_nuls(texts);
}

// A database that is mostly right: somewhere in it there may be a piece of anything. Directories are relative.
std::string any_database(unit::random_text& random) {
  const strings texts = {
      "a", "b c", "\\u00e9", "\\ud83d\\ude00", "\\\"",    "\\\\", "\\/",           "\\n", "\u00e9", "\U0001F600",
      "'", "{",   "/x",      "\\u0001",        "\\uFFFD", "\x7F", "\\u007f\\u0080"};
  const strings bad_texts = {"\\u0000",      "\\ud800", "\\udc00\\ud800", "\n", "\xFF",
                             "\xED\xA0\x80", "\\x",     "\\u12",          "\"", "\xC0\x80"};
  const strings others = {"null",
                          "true",
                          "-0.5e+3",
                          "01",
                          "1e999",
                          "-",
                          "NaN",
                          "Infinity",
                          "[]",
                          "{}",
                          "\"\"",
                          "[1]",
                          "{\"a\":1,\"a\":2}",
                          "123456789012345678901234567890",
                          "[[[[]]]]",
                          "/**/",
                          "1.",
                          "'a'",
                          ".5",
                          "nul",
                          "\xEF\xBB\xBF"};
  const auto spoiled = [&] { return random.number(60) == 0; };
  const auto text = [&] {
    if (spoiled()) return others[random.number(others.size())];
    std::string inside = "d" + random(texts, 4);
    if (spoiled()) inside += bad_texts[random.number(bad_texts.size())];
    return '"' + inside + '"';
  };
  const auto list = [&] {
    std::string all;
    for (std::size_t count = random.number(4) + (spoiled() ? 0 : 1); count > 0; --count)
      all += text() + (count > 1 ? "," : "");
    return '[' + all + ']';
  };
  std::string json = spoiled() ? "\xEF\xBB\xBF[" : "[";
  for (std::size_t entries = random.number(4); entries > 0; --entries) {
    strings members;
    if (!spoiled()) members.push_back("\"directory\":" + text());
    // The label is the output where there is one: then the file is not asked for.
    const bool with_output = random.number(2) == 0;
    if (!spoiled()) members.push_back("\"file\" : " + (with_output ? "\"\\u0066\"" : text()));
    if (with_output) members.push_back("\"output\":" + text());
    if (random.number(2) == 0) {
      members.push_back("\"command\":" + text());
    } else {
      members.push_back("\"arguments\":\t" + list());
    }
    if (random.number(8) == 0) members.push_back("\"other\":" + others[random.number(others.size())]);
    if (random.number(16) == 0) members.push_back("\"comm\\u0061nd\":" + text());
    std::string object;
    for (const std::string& each : members) object += (object.empty() ? "" : ",") + each;
    json += '{' + object + '}' + (entries > 1 || spoiled() ? ", " : "");
  }
  json += spoiled() ? "" : "]";
  if (spoiled()) json.erase(random.number(json.size()), 1);
  if (spoiled()) json.insert(random.number(json.size()), others[random.number(others.size())]);
  return json + (spoiled() ? "x" : "\r\n");
}

TEST_CASE("Python reads a compilation database as we do") {
  harness::bound_case(std::chrono::seconds(120));
  CAPTURE_SEED();
  unit::random_text random;
  strings questions;
  strings ours;
  for (int count = 0; count < 5'000; ++count) {
    questions.push_back(any_database(random));
    ours.push_back(what_it_says(questions.back()));
  }
  compare("json", questions, ours, 1'000);
}

#else
TEST_CASE("Python reads a compilation database as we do") { SKIP_CASE("nlohmann_json is not installed"); }
#endif

TEST_CASE("Python takes a line of quoted arguments apart into these") {
  harness::bound_case(std::chrono::seconds(120));
  CAPTURE_SEED();
  unit::random_text random;
  strings questions;
  strings ours;
  for (int count = 0; count < 5'000; ++count) {
    const strings arguments = random.list(opinions::hostile_pieces(), 6, 8);
    std::string line;
    for (const std::string& each : arguments) line += ' ' + command_line::quoted(each);
    questions.push_back(line);
    ours.push_back(opinions::with_nuls(arguments));
  }
  questions.emplace_back("'open");
  ours.emplace_back(refused);
  compare("words", questions, ours, 5'000);
}

TEST_CASE("Python has the same idea of WTF-8") {
  harness::bound_case(std::chrono::seconds(120));
  CAPTURE_SEED();
  unit::random_text random;
  constexpr unsigned char leads[] = {0x00, 0x40, 0xC0, 0xE0, 0xED, 0xEE, 0xF0, 0xF3, 0xF4};
  strings questions;
  strings ours;
  for (int count = 0; count < 50'000; ++count) {
    std::string bytes;
    for (std::size_t left = random.number(8); left > 0; --left) {
      const unsigned high = random.number(3) == 0 ? leads[random.number(std::size(leads))] : 0x80U;
      bytes += static_cast<char>(high + random.number(random.number(4) == 0 ? 0x40 : 4));
    }
    questions.push_back(bytes);
    const auto units = spawnpipe::detail::utf16_of(bytes);
    strings numbers;
    for (const char16_t unit : units.value_or(u"")) numbers.push_back(std::to_string(unsigned{unit}));
    ours.push_back(units ? opinions::with_nuls(numbers) : std::string(refused));
  }
  compare("utf", questions, ours, 1'000);
}

}  // namespace
