#include "children.hpp"

#include "allocation.hpp"
#include "results.hpp"

#include <cstdlib>
#include <exception>
#include <fstream>
#include <sstream>
#include <thread>

namespace harness {

namespace {

// Control groups are asked for; the others are there by themselves.
std::optional<std::string> mechanism_missing() {
  if (tree_to_ask_for() == spawnpipe::process_tree::group) return std::nullopt;
  const auto tried = spawnpipe::spawn(command("exit"));
  if (tried) return std::nullopt;
  if (tried.failed_with(spawnpipe::errc::not_supported)) return "no control group is delegated to this host";
  return tried.error().message();
}
const auto asked_first = [] {
  before_the_cases = mechanism_missing;
  return true;
}();

std::string as_lines(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& each : all) (text += each) += '\n';
  return text;
}

}  // namespace

const std::string& child_program() {
  static const std::string path = [] {
    const char* named = std::getenv("SPAWNPIPE_TEST_CHILD");
    return text_of(std::filesystem::absolute(path_of(named == nullptr ? HARNESS_CHILD_PROGRAM : named)));
  }();
  return path;
}

spawnpipe::process_tree tree_to_ask_for() {
  static const bool contained = chosen_mechanism() == to_string(spawnpipe::mechanism::cgroup);
  return contained ? spawnpipe::process_tree::contained : spawnpipe::process_tree::group;
}

bool use_everything() {
  const auto fed =
      spawnpipe::run(command("cat").cwd("/").env("SPAWNPIPE_TEST_X", "1"), {.input = "text", .until = patience()});
  bool good = fed && fed->success() && fed->out == "text";

  auto breaks = spawnpipe::spawn(command("read", 1, 0).in(spawnpipe::stdio::pipe{}).out(spawnpipe::stdio::pipe{}));
  good = good && breaks && breaks->in().write("x") && breaks->wait(patience());
  if (breaks) {
    (void)breaks->in().write("y");
    good = !breaks->in().flush(patience()) && breaks->in().error() && good;
  }

  auto loop = spawnpipe::event_loop::create();
  bool ended = false;
  if (loop) {
    auto stopped = spawnpipe::spawn(*loop, quiet(command("hang")));
    if (stopped) {
      stopped->on_exit([&](spawnpipe::child&, const spawnpipe::exit_status& how) { ended = was_killed(how); });
      good = stopped->begin_stop(spawnpipe::stop_policy::immediate()) && loop->run(patience()) && good;
    }
  }
  return good && ended && !spawnpipe::spawn(spawnpipe::command("./spawnpipe-no-such-program"));
}

void warm_up() {
  thread_local bool warm = false;
  if (warm) return;
  warm = true;
  (void)spawnpipe::run(command("exit"), {.until = patience()});
}

leak_check::leak_check() {
  warm_up();
  descriptors_ = as_lines(host_os::open_descriptors());
  children_ = as_lines(host_os::children());
}

leak_check::~leak_check() {
  if (std::uncaught_exceptions() > 0) return;  // the case failed already, and its objects are where they were
  // A host that adopts orphans reaps them when it looks at a tree.
  if (chosen_mechanism() == to_string(spawnpipe::mechanism::descendants)) {
    (void)spawnpipe::run(command("exit"), {.until = patience()});
  }
  CHECK(as_lines(host_os::open_descriptors()) == descriptors_);
  CHECK(as_lines(host_os::children()) == children_);
}

std::filesystem::path path_of(std::string_view text) { return std::u8string(text.begin(), text.end()); }

std::string text_of(const std::filesystem::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

temp_dir::temp_dir() {
  const allocation_pause ours;
  path_ = host_os::make_temp_dir();
}

temp_dir::~temp_dir() {
  const allocation_pause ours;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) {
  const allocation_pause ours;
  std::ostringstream text;
  text << std::ifstream(path_of(path), std::ios::binary).rdbuf();
  return std::move(text).str();
}

void write_file(const std::string& path, std::string_view bytes) {
  const allocation_pause ours;
  std::ofstream(path_of(path), std::ios::binary) << bytes;
}

bool gone_within(std::int64_t id, std::chrono::milliseconds time) {
  const allocation_pause ours;
  const auto until = std::chrono::steady_clock::now() + scaled(time);
  while (host_os::running(id)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace harness
