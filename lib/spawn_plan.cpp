// Checking a command before the system sees it, and starting it.
//
// Systems cut strings at a NUL and take `A=B=c` for a variable A: what they would misread is refused here, with its name. The
// cores are made before the process, so that nothing can fail between its start and the moment it has an owner.
#include "spawn_plan.hpp"

#include "joined.hpp"
#include "platform.hpp"
#include "reader_core.hpp"
#include "refuse.hpp"
#include "writer_core.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace spawnpipe::detail {
namespace {

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// Names the string without its NUL, so that the text can be printed.
error refuse_nul(std::string_view what, std::string_view text) {
  return refuse({what, " contains NUL after \"", text.substr(0, text.find('\0')), "\""});
}

constexpr int first_extra_descriptor = 3;
constexpr int last_extra_descriptor = 1023;

template <class Stdio>
std::optional<error> impossible_stream(const char* name, const std::optional<Stdio>& stream) {
  if (!stream) return std::nullopt;
  if (const auto* pipe = std::get_if<stdio::pipe>(&*stream)) {
    if (pipe->capacity == 0 || pipe->capacity > stdio::pipe::max_capacity) {
      return refuse({name, ": capacity ", decimal(static_cast<std::int64_t>(pipe->capacity))});
    }
  }
  const std::string* path = nullptr;
  if constexpr (std::is_same_v<Stdio, stdio::input>) {
    if (const auto* file = std::get_if<stdio::from_file>(&*stream)) path = &file->path;
  } else {
    if (const auto* file = std::get_if<stdio::to_file>(&*stream)) path = &file->path;
  }
  if (path != nullptr && has_nul(*path)) return refuse_nul(joined({name, ": path"}), *path);
  return std::nullopt;
}

std::optional<error> impossible_environment(const environment& changes) {
  for (const auto& [name, value] : changes.changes()) {
    if (name.empty()) return refuse("environment: empty name");
    if (has_nul(name)) return refuse_nul("environment: name", name);
    if (name.find('=') != std::string::npos) return refuse({"environment: name \"", name, "\" contains ="});
    if (value && has_nul(*value)) return refuse({"environment: value of ", name, " contains NUL"});
  }
  return std::nullopt;
}

std::string_view name_of(std::string_view variable) {
  // Windows has variables such as "=C:=C:\\dir": a leading = belongs to the name.
  return variable.substr(0, variable.find('=', variable.empty() ? 0 : 1));
}

// The plan, and what it points into.
struct planned {
  planned(const command& what, const stream_defaults& defaults)
      : variables(merge_environment(&platform::host_environment, &platform::same_variable, what.env())),
        plan{.program = what.program(),
             .argv = what.argv(),
             .cwd = what.cwd(),
             .environment = variables,
             .in = what.in().value_or(defaults.in),
             .out = what.out().value_or(defaults.out),
             .err = what.err().value_or(defaults.err),
             .descriptors = {},
             .group = what.group(),
             .tree = what.tree(),
             .end_with_host = what.end_with_host(),
             .shell_line = what.is_shell_line()} {
    for (const auto& [number, source] : what.descriptors()) plan.descriptors.push_back({number, source});
  }
  planned(const planned&) = delete;
  planned& operator=(const planned&) = delete;

  std::optional<std::vector<std::string>> variables;
  platform::spawn_plan plan;
};

}  // namespace

std::optional<error> impossible(const command& what) {
  if (what.argv().empty()) return refuse("argv is empty");
  if (what.program().empty()) return refuse("program is empty");
  if (has_nul(what.program())) return refuse_nul("program", what.program());
  for (std::size_t index = 0; index < what.argv().size(); ++index) {
    if (has_nul(what.argv()[index])) {
      return refuse_nul(joined({"argv[", decimal(static_cast<std::int64_t>(index)), "]"}), what.argv()[index]);
    }
  }
  if (what.cwd() && has_nul(*what.cwd())) return refuse_nul("cwd", *what.cwd());
  if (auto wrong = impossible_environment(what.env())) return wrong;
  if (auto wrong = impossible_stream("in", what.in())) return wrong;
  if (auto wrong = impossible_stream("out", what.out())) return wrong;
  if (auto wrong = impossible_stream("err", what.err())) return wrong;
  for (const auto& [number, source] : what.descriptors()) {
    if (number < first_extra_descriptor || number > last_extra_descriptor) {
      return refuse({"descriptor ", decimal(number)});
    }
  }
  if (what.out() && what.err()) {
    const auto* out = std::get_if<stdio::to_file>(&*what.out());
    const auto* err = std::get_if<stdio::to_file>(&*what.err());
    if (out != nullptr && err != nullptr && out->path == err->path && out->mode != err->mode) {
      return refuse({"out and err: \"", out->path, "\" in two modes"});
    }
  }
  return impossible(what.on_destroy());
}

std::optional<std::vector<std::string>> merge_environment(std::vector<std::string> (*host)(), same_name* same,
                                                          const environment& changes) {
  if (!changes.cleared() && changes.changes().empty()) return std::nullopt;
  std::vector<std::string> merged;
  if (!changes.cleared()) {
    merged = host();
    std::erase_if(merged, [&](const std::string& variable) {
      return std::any_of(changes.changes().begin(), changes.changes().end(),
                         [&](const auto& change) { return same(change.first, name_of(variable)); });
    });
  }
  for (const auto& [name, value] : changes.changes()) {
    if (value) merged.push_back(joined({name, "=", *value}));
  }
  return merged;
}

result<core_ref<child_core>> start(loop_core& loop, const command& what, const stream_defaults& defaults) {
  if (!loop.usable_here()) return error{errc::wrong_thread, stage::process, what.program()};
  const auto failed = [&](error why, platform::time_point began) {
    loop.tell(
        &observer::spawn_failed,
        {.loop = loop.observed_by().loop(), .what = what, .why = why, .began = began, .when = platform::clock_now()});
    return why;
  };
  if (auto wrong = impossible(what)) return failed(*std::move(wrong), platform::clock_now());

  const planned all(what, defaults);
  const platform::spawn_plan& plan = all.plan;

  auto child = core_ref<child_core>::adopt(new child_core(loop, what.on_destroy()));
  core_ref<writer_core> in;
  core_ref<reader_core> out;
  core_ref<reader_core> err;
  if (const auto* pipe = std::get_if<stdio::pipe>(&plan.in)) {
    in = core_ref<writer_core>::adopt(new writer_core(loop, pipe->capacity, "in"));
  }
  if (const auto* pipe = std::get_if<stdio::pipe>(&plan.out)) {
    out = core_ref<reader_core>::adopt(new reader_core(loop, pipe->capacity, "out"));
  }
  if (const auto* pipe = std::get_if<stdio::pipe>(&plan.err)) {
    err = core_ref<reader_core>::adopt(new reader_core(loop, pipe->capacity, "err"));
  }

  auto spawned = platform::spawn(loop.os(), plan, child->exit_completion());
  if (!spawned) return failed(std::move(spawned).error(), child->born());
  if (in) in->attach(spawned->in);
  if (out) out->attach(spawned->out);
  if (err) err->attach(spawned->err);
  child->attach(*spawned, std::move(in), std::move(out), std::move(err));
  child->tell_spawned(what);
  return child;
}

result<std::int64_t> start_detached(const command& what) {
  if (auto wrong = impossible(what)) return *std::move(wrong);
  const planned all(what, {.in = stdio::null{}, .out = stdio::null{}, .err = stdio::null{}});
  if (std::holds_alternative<stdio::pipe>(all.plan.in)) return refuse("in: a pipe of a detached process");
  if (std::holds_alternative<stdio::pipe>(all.plan.out)) return refuse("out: a pipe of a detached process");
  if (std::holds_alternative<stdio::pipe>(all.plan.err)) return refuse("err: a pipe of a detached process");
  if (what.end_with_host()) return refuse("end_with_host of a detached process");
  if (what.tree() != process_tree::group) return refuse("a tree of a detached process");
  if (what.group() != process_group::automatic && what.group() != process_group::session) {
    return refuse("the group of a detached process, which is a session");
  }
  return platform::spawn_detached(all.plan);
}

}  // namespace spawnpipe::detail
