// What programs did with other means, done with spawnpipe: the right-hand column of the guide's page on porting.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
#include <string>
#include <vector>
using namespace std::chrono_literals;

namespace {

void like_system() {
  //! [system]
  auto line = spawnpipe::command::shell("sort names > sorted");
  auto child = spawnpipe::spawn(line).value();
  auto status = child.wait(1min).value();
  if (!status.success()) std::cout << "sort failed\n";
  //! [system]
}

void like_popen() {
  //! [popen_read]
  auto who = spawnpipe::run({"uname", "-s"}, {.until = 1min}).value();
  std::cout << who.out;
  //! [popen_read]

  //! [popen_write]
  std::string text = "pear\napple\n";
  spawnpipe::run_options options{.input = text, .until = 1min};
  auto sorted = spawnpipe::run({"sort"}, options).value();
  std::cout << sorted.out;
  //! [popen_write]
}

void like_reproc() {
  //! [reproc]
  namespace sp = spawnpipe;
  sp::run_options options;
  options.until = 500ms;
  options.policy = {.terminate = 100ms, .kill = true};
  auto done = sp::run({"sleep", "60"}, options).value();
  std::cout << to_string(done.why) << '\n';
  //! [reproc]
}

void like_boost() {
  //! [boost]
  namespace sp = spawnpipe;
  sp::command seq("seq", {"3"});
  auto child = sp::spawn(seq.out(sp::stdio::pipe{})).value();
  while (auto line = child.out().read_line(1min)) {
    std::cout << *line << ' ';
  }
  std::cout << to_string(child.wait(1min).value()) << '\n';
  //! [boost]
}

void like_qprocess() {
  //! [qprocess]
  namespace sp = spawnpipe;
  auto loop = sp::event_loop::create().value();
  sp::command print("printenv", {"WHO"});
  print.env("WHO", "me").cwd("/");
  auto show = [](const sp::completed& done) {
    if (done.success()) std::cout << "got " << done.out;
    if (!done.success()) std::cout << to_string(done) << '\n';
  };
  auto job = sp::run_async(loop, print, {.until = 1min}, show);
  loop.run(1min).value();  // or in your own loop
  //! [qprocess]
}

}  // namespace

int main() {
  like_system();
  like_popen();
  like_reproc();
  like_boost();
  like_qprocess();
}
