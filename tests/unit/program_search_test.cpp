// Which file a name means: PATH and PATHEXT, and nothing that happens to lie around.
#include "program_search.hpp"

#include "batch_escape.hpp"
#include "harness.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using spawnpipe::detail::find_windows_program;
using spawnpipe::detail::windows_program_search;
using strings = std::vector<std::string>;

constexpr std::string_view nothing = "";

// A system with these files, which does not mind case.
struct files {
  strings present;
  windows_program_search where = {.directory = R"(C:\work)", .path = R"(C:\one;D:\two)", .path_extensions = {}};
  strings asked = {};

  std::string find(std::string_view name) {
    asked.clear();
    return find_windows_program(name, where,
                                [&](const std::string& path) {
                                  asked.push_back(path);
                                  return std::any_of(present.begin(), present.end(), [&](const std::string& file) {
                                    return std::equal(file.begin(), file.end(), path.begin(), path.end(),
                                                      [](unsigned char a, unsigned char b) {
                                                        return std::tolower(a) == std::tolower(b);
                                                      });
                                  });
                                })
        .value_or(std::string(nothing));
  }
};

TEST_CASE("a name is looked for in PATH, folder by folder, extension by extension") {
  files system{{R"(D:\two\git.exe)", R"(C:\one\git.cmd)", R"(D:\two\git.com)", R"(D:\two\only.bat)"}};
  CHECK(system.find("git") == R"(C:\one\git.cmd)");
  CHECK(system.asked == strings{R"(C:\one\git.com)", R"(C:\one\git.exe)", R"(C:\one\git.bat)", R"(C:\one\git.cmd)"});
  CHECK(system.find("only") == R"(D:\two\only.bat)");
  CHECK(system.find("git.exe") == R"(D:\two\git.exe)");
  CHECK(system.find("GIT.EXE") == R"(D:\two\GIT.EXE)");
  CHECK(system.find("missing") == nothing);
}

TEST_CASE("the current directory is never looked at") {
  files system{{R"(C:\work\git.exe)", "git.exe", R"(.\git.exe)", R"(\git.exe)", R"(C:git.exe)",
                R"(C:\work\bin\git.exe)", R"(bin\git.exe)"}};
  for (const std::string_view path : {"", ";", ".", ";;.;;", R"(.\)", "bin", R"(\)", "/", "C:", R"(..\x)", R"(\bin)",
                                      R"("";"."; ;%PATH%)", " C:\\work", R"(//?/C:/work)"}) {
    CAPTURE(path);
    system.where.path = path;
    CHECK(system.find("git") == nothing);
    CHECK(system.find("git.exe") == nothing);
    CHECK(system.asked.empty());
  }
}

TEST_CASE("entries of PATH") {
  files system{
      {R"(C:\a;b\x.exe)", R"(C:\sp ace\y.exe)", R"(\\server\share\z.exe)", R"(C:\root.exe)", R"(\\?\C:\v\w.exe)"}};
  system.where.path = R"(;rel;"C:\a;b";C:\sp ace\;//server/share;C:/;\\?\C:\v)";
  CHECK(system.find("x") == R"(C:\a;b\x.exe)");
  CHECK(system.find("y") == R"(C:\sp ace\y.exe)");
  CHECK(system.find("z") == R"(\\server\share\z.exe)");
  CHECK(system.find("root") == R"(C:\root.exe)");
  CHECK(system.find("w") == R"(\\?\C:\v\w.exe)");
  system.where.path = R"("C:\sp ace)";
  CHECK(system.find("y") == R"(C:\sp ace\y.exe)");
}

TEST_CASE("an unquoted path with spaces is not guessed at") {
  files system{{R"(C:\sp.exe)", R"(C:\sp)", R"(C:\work\sp.exe)"}};
  CHECK(system.find(R"(C:\sp ace\real.exe)") == nothing);
  CHECK(system.find(R"(C:\sp ace\real)") == nothing);
  CHECK(system.find(R"("C:\sp")") == nothing);
}

TEST_CASE("extensions") {
  files system{{R"(C:\one\my.tool.exe)", R"(C:\one\node)", R"(C:\one\node.cmd)", R"(C:\one\a.b)", R"(C:\one\a.b.exe)",
                R"(C:\one\script.py)", R"(C:\one\.hidden)"}};
  CHECK(system.find("my.tool") == R"(C:\one\my.tool.exe)");
  CHECK(system.find("node") == R"(C:\one\node.cmd)");
  CHECK(system.find(R"(C:\one\node)") == R"(C:\one\node.cmd)");
  CHECK(system.find("a.b") == R"(C:\one\a.b)");
  CHECK(system.find("a") == nothing);
  CHECK(system.find(".hidden") == R"(C:\one\.hidden)");
  CHECK(system.find("script") == nothing);
  system.where.path_extensions = ".PY;.EXE";
  CHECK(system.find("script") == R"(C:\one\script.py)");
  CHECK(system.find("node") == nothing);
  system.where.path_extensions = "exe;;.;\\x;.a\\b;.a/b;.c:d;.*; ";  // none of them is one: the usual ones
  CHECK(system.find("node") == R"(C:\one\node.cmd)");
  system.where.path_extensions = ".CMD. ;\".exe\"";
  CHECK(system.find("node") == R"(C:\one\node.cmd)");
  CHECK(system.find("my.tool") == R"(C:\one\my.tool.exe)");
}

TEST_CASE("paths") {
  files system{{R"(C:\work\x.exe)", R"(C:\work\sub\x.exe)", R"(C:\work\.\x.exe)", R"(C:\work\..\x.exe)", R"(C:\x.exe)",
                R"(D:\dir\x.bat)", R"(\\server\share\x.exe)", R"(\\server\share\d\y.exe)", R"(\\?\C:\long\x.exe)",
                R"(\\.\C:\dev\x.exe)"}};
  CHECK(system.find(R"(sub\x)") == R"(C:\work\sub\x.exe)");
  CHECK(system.find("sub/x.exe") == R"(C:\work\sub\x.exe)");
  CHECK(system.find("./x") == R"(C:\work\.\x.exe)");
  CHECK(system.find(R"(..\x)") == R"(C:\work\..\x.exe)");
  CHECK(system.find(R"(\x)") == R"(C:\x.exe)");
  CHECK(system.find("D:/dir/x") == R"(D:\dir\x.bat)");
  CHECK(system.find("//server/share/x") == R"(\\server\share\x.exe)");
  CHECK(system.find(R"(\\?\C:\long\x.exe)") == R"(\\?\C:\long\x.exe)");
  CHECK(system.find(R"(\\?\C:\long\x)") == R"(\\?\C:\long\x.exe)");
  CHECK(system.find("//./C:/dev/x") == R"(\\.\C:\dev\x.exe)");
  CHECK(system.find("//?/C:/long/x.exe") == nothing);
  for (const std::string_view name : {"C:x", "C:x.exe", "C:..\\x.exe", "C:sub/x", "D:"}) {
    CAPTURE(name);
    CHECK(system.find(name) == nothing);
    CHECK(system.asked.empty());
  }

  system.where.directory = R"(\\server\share\d)";
  CHECK(system.find(R"(.\y)") == nothing);
  CHECK(system.asked.front() == R"(\\server\share\d\.\y.com)");
  CHECK(system.find(R"(\x)") == R"(\\server\share\x.exe)");
  CHECK(system.find("/d/y") == R"(\\server\share\d\y.exe)");
  for (const std::string_view directory : {"", ".", "C:", R"(\work)", R"(work)"}) {
    CAPTURE(directory);
    system.where.directory = directory;
    CHECK(system.find(R"(sub\x)") == nothing);
    CHECK(system.find(R"(\x)") == nothing);
  }
  system.where.directory = R"(\\?\C:\work)";
  CHECK(system.find(R"(\x)") == nothing);
}

TEST_CASE("where a path leads, whatever is there") {
  using spawnpipe::detail::windows_path_from;
  CHECK(windows_path_from("sub/x", R"(C:\work)") == R"(C:\work\sub\x)");
  CHECK(windows_path_from(R"(\x)", R"(C:\work)") == R"(C:\x)");
  CHECK(windows_path_from("D:/dir", R"(C:\work)") == R"(D:\dir)");
  for (const std::string_view name : {"", "x", "C:x", "D:"}) {
    CAPTURE(name);
    CHECK(windows_path_from(name, R"(C:\work)") == std::nullopt);
  }
}

TEST_CASE("dots and spaces at the end are dropped before anything is decided") {
  files system{{R"(C:\one\evil.bat)", R"(C:\one\evil.exe)", R"(C:\work\.\evil.bat)", R"(\\?\C:\one\evil.bat.)"}};
  for (const std::string_view tail : {".", " ", "..", ". .", "   ", ".. . ."}) {
    CAPTURE(tail);
    for (const std::string_view name : {"evil.bat", R"(C:\one\evil.bat)", R"(.\evil.bat)"}) {
      const std::string found = system.find(std::string(name) + std::string(tail));
      CHECK(found.ends_with(R"(\evil.bat)"));
      CHECK(spawnpipe::detail::is_batch_file(found));
    }
    CHECK(system.find("evil" + std::string(tail)) == R"(C:\one\evil.exe)");
  }
  CHECK(system.find(R"(\\?\C:\one\evil.bat.)") == R"(\\?\C:\one\evil.bat.)");
  CHECK(spawnpipe::detail::is_batch_file(R"(\\?\C:\one\evil.bat.)"));
}

TEST_CASE("what names no file") {
  files system{{}};
  for (const std::string_view name : {"",
                                      ".",
                                      "..",
                                      "...",
                                      " ",
                                      ". .",
                                      "/",
                                      "\\",
                                      "a/",
                                      "a\\",
                                      R"(a\.)",
                                      R"(a\..)",
                                      R"(C:\)",
                                      R"(C:\x.bat\)",
                                      R"(C:\x.bat\.)",
                                      "a\"b",
                                      "a*",
                                      "a?",
                                      "a|b",
                                      "<a>",
                                      "a\nb",
                                      "a.txt:b.exe",
                                      R"(C:\a.txt:b.exe)",
                                      "x.bat::$DATA",
                                      "ab:c",
                                      "1:\\a",
                                      "nul",
                                      "NUL.exe",
                                      "con .exe",
                                      "aux.tar.gz",
                                      "COM1",
                                      "lpt9.bat",
                                      "com\xC2\xB2",
                                      "conin$",
                                      R"(C:\one\nul)",
                                      R"(\??\C:\x.exe)",
                                      R"(\\?\C:\a/b.exe)",
                                      R"(\\?\C:\a.txt:b.exe)",
                                      R"(\\?\C:\)"}) {
    CAPTURE(name);
    CHECK(system.find(name) == nothing);
    CHECK(system.asked.empty());
  }
  for (const std::string_view name : {"com", "com10", "console", "nulls.exe", "lptx", "auxiliary", "a.con"}) {
    CAPTURE(name);
    CHECK(system.find(name) == nothing);
    CHECK_FALSE(system.asked.empty());
  }
}

}  // namespace
