// Nothing here asks an inherited handle anything but whether it is one: to peek into a pipe that somebody else reads from, or to
// ask for its type or its console mode, blocks until his read ends.
#include "child_streams.hpp"

#include "error.hpp"
#include "file.hpp"
#include "named_pipe.hpp"
#include "pipe_security.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace spawnpipe::platform {
namespace {

bool is_handle(HANDLE handle) noexcept {
  DWORD flags = 0;
  return valid_or_none(handle) != nullptr && sys::GetHandleInformation(handle, &flags) != FALSE;
}

struct maker {
  std::unique_ptr<pipe_security> security = nullptr;  // made for the first pipe

  result<void> pipe(connection& to, bool child_reads, const char* name) {
    if (!security) security = pipe_security::make();
    if (!security) return last_error(stage::pipe, name);
    auto ends = make_pipe(security->attributes(), child_reads ? direction::to_child : direction::from_child, name);
    if (!ends) return std::move(ends).error();
    to.ours = std::move(ends->ours);
    to.opened = std::move(ends->theirs);
    to.child = to.opened.get();
    return {};
  }

  static result<void> null(connection& to, bool child_reads) {
    to.opened = unique_handle(sys::CreateFileW(L"NUL", child_reads ? GENERIC_READ : GENERIC_WRITE, share_all, nullptr,
                                               OPEN_EXISTING, 0, nullptr));
    if (!to.opened) return last_error(stage::redirect, "NUL");
    to.child = to.opened.get();
    return {};
  }

  static result<void> file(connection& to, const std::string& path, DWORD access, DWORD disposition) {
    auto opened = open_file(path, access, disposition);
    if (!opened) return std::move(opened).error();
    to.opened = *std::move(opened);
    to.child = to.opened.get();
    return {};
  }

  static result<void> inherit(connection& to, bool child_reads, DWORD which) {
    HANDLE const own = sys::GetStdHandle(which);
    if (!is_handle(own)) return null(to, child_reads);
    to.child = own;
    return {};
  }

  static result<void> handle(connection& to, native_handle value, const char* name) {
    auto* const given = reinterpret_cast<HANDLE>(value.value);
    if (!is_handle(given)) return system_error(ERROR_INVALID_HANDLE, stage::redirect, name);
    to.child = given;
    return {};
  }
};

struct writing {
  DWORD access;
  DWORD disposition;
};

writing how(stdio::file_mode mode) noexcept {
  switch (mode) {
    // Without FILE_WRITE_DATA every write goes to the end, whoever else writes.
    case stdio::file_mode::append: return {FILE_GENERIC_WRITE & ~DWORD{FILE_WRITE_DATA}, OPEN_ALWAYS};
    case stdio::file_mode::create_new: return {GENERIC_WRITE, CREATE_NEW};
    case stdio::file_mode::truncate: break;
  }
  return {GENERIC_WRITE, CREATE_ALWAYS};
}

// Connects one stream as `target` says. `out` is what standard output is connected to, for stderr.
template <class Stdio>
result<void> connect(maker& make, connection& to, const Stdio& target, std::size_t number, const connection* out) {
  static constexpr std::array names = {"in", "out", "err"};
  static constexpr std::array<DWORD, standard_streams> own = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
  const bool child_reads = number == 0;
  return std::visit(
      [&]<class Kind>(const Kind& kind) -> result<void> {
        if constexpr (std::is_same_v<Kind, stdio::inherit>) {
          return maker::inherit(to, child_reads, own[number]);
        } else if constexpr (std::is_same_v<Kind, stdio::null>) {
          return maker::null(to, child_reads);
        } else if constexpr (std::is_same_v<Kind, stdio::pipe>) {
          return make.pipe(to, child_reads, names[number]);
        } else if constexpr (std::is_same_v<Kind, stdio::from_file>) {
          return maker::file(to, kind.path, GENERIC_READ, OPEN_EXISTING);
        } else if constexpr (std::is_same_v<Kind, stdio::to_file>) {
          const writing as = how(kind.mode);
          return maker::file(to, kind.path, as.access, as.disposition);
        } else if constexpr (std::is_same_v<Kind, stdio::handle>) {
          return maker::handle(to, kind.value, names[number]);
        } else {
          to.child = out->child;
          return {};
        }
      },
      target);
}

// One file that is named for both is opened once, so that the two share its position.
bool same_file(const spawn_plan& plan) {
  const auto* out = std::get_if<stdio::to_file>(&plan.out);
  const auto* err = std::get_if<stdio::to_file>(&plan.err);
  return out != nullptr && err != nullptr && out->path == err->path;
}

}  // namespace

result<void> connect_streams(connections& streams, const spawn_plan& plan) {
  maker make;
  if (auto done = connect(make, streams[0], plan.in, 0, nullptr); !done) return done;
  if (auto done = connect(make, streams[1], plan.out, 1, nullptr); !done) return done;
  if (same_file(plan)) {
    streams[2].child = streams[1].child;
    return {};
  }
  return connect(make, streams[2], plan.err, 2, &streams[1]);
}

bool inherits_any(const spawn_plan& plan) noexcept {
  return std::holds_alternative<stdio::inherit>(plan.in) || std::holds_alternative<stdio::inherit>(plan.out) ||
         std::holds_alternative<stdio::inherit>(plan.err);
}

}  // namespace spawnpipe::platform
