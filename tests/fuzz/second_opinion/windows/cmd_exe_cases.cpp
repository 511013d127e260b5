// cmd.exe, asked to run a batch file with arguments that want to be commands.
#include "../opinions.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

using opinions::strings;

// A folder with a batch file, and a place where no file may appear.
class batch_folder {
 public:
  explicit batch_folder(std::string_view line)
      : path_(std::filesystem::temp_directory_path() / ("spawnpipe-opinions-" + std::to_string(unit::seed()))) {
    std::filesystem::create_directories(path_);
    std::ofstream(path_ / "show.bat", std::ios::binary) << "@echo off\r\n" << line << "\r\n";
  }
  batch_folder(const batch_folder&) = delete;
  batch_folder& operator=(const batch_folder&) = delete;
  ~batch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string script() const { return (path_ / "show.bat").string(); }
  [[nodiscard]] std::string marker() const { return (path_ / "marker").string(); }
  // The batch file alone: nothing that an argument named was made.
  [[nodiscard]] bool untouched() const { return std::distance(std::filesystem::directory_iterator(path_), {}) == 1; }
  [[nodiscard]] spawnpipe::command with(const strings& arguments) const {
    return spawnpipe::command(script(), arguments).cwd(path_.string());
  }

 private:
  std::filesystem::path path_;
};

// Without what is refused.
strings possible_pieces(const strings& more) {
  strings pieces = opinions::hostile_pieces();
  pieces.insert(pieces.end(), more.begin(), more.end());
  std::erase_if(pieces, [](const std::string& piece) { return piece.find_first_of("\r\n\x1A") != std::string::npos; });
  return pieces;
}

TEST_CASE("cmd.exe passes on any arguments, and runs nothing that is in them") {
  harness::bound_case(std::chrono::seconds(180));
  CAPTURE_SEED();
  const std::string program = std::filesystem::absolute(FUZZ_PRINT_ARGUMENTS).make_preferred().string();
  const batch_folder folder('"' + program + "\" %*");
  const std::string command = "echo x>\"" + folder.marker() + '"';
  strings pieces = possible_pieces({command, "&" + command, "\"&" + command, "|" + command, ">marker", "<nul"});
  // Wine's cmd.exe expands % in the values of parameters, which that of Windows does not.
  std::erase_if(pieces, [](const std::string& piece) { return piece.find('%') != std::string::npos; });
  unit::random_text random;
  for (int round = 0; round < 60; ++round) {
    const strings arguments = random.list(pieces, 10, 8);
    INFO(opinions::with_nuls(arguments));
    const auto out = opinions::output_of(folder.with(arguments));
    REQUIRE(out);
    REQUIRE(folder.untouched());
    REQUIRE(opinions::without_nuls(*out) == arguments);
  }
}

TEST_CASE("cmd.exe runs nothing that is in arguments, whatever they want expanded") {
  harness::bound_case(std::chrono::seconds(180));
  CAPTURE_SEED();
  const batch_folder folder("rem");
  const strings pieces =
      possible_pieces({"%", "%", "%%", "%cd:~,%", "%x%", "%1", "%*", "&echo x>marker", "|echo x>marker", ">marker"});
  unit::random_text random;
  for (int round = 0; round < 60; ++round) {
    const strings arguments = random.list(pieces, 10, 8);
    INFO(opinions::with_nuls(arguments));
    const auto done = spawnpipe::run(folder.with(arguments).env("x", "\"&echo x>marker&\""),
                                     {.until = harness::scaled(std::chrono::seconds(60))});
    REQUIRE_OK(done);
    REQUIRE(folder.untouched());
  }
}

}  // namespace
