// An error as text: its parts for a log, and a sentence for a person.
#include <spawnpipe/error.hpp>

#include "bounded_text.hpp"

namespace spawnpipe {
namespace {

struct phrase {
  std::string_view text;
  std::string_view before_name;  // where the subject is a name; else it is words of the library's own, behind a colon
};

phrase what_failed(stage where) noexcept {
  switch (where) {
    case stage::command: return {"cannot do what was asked", {}};
    case stage::loop: return {"the event loop cannot go on", {}};
    case stage::pipe: return {"cannot make a pipe", " for "};
    case stage::redirect: return {"cannot redirect the child's streams", " to "};
    case stage::cwd: return {"cannot enter the directory", " "};
    case stage::attributes: return {"cannot make the process as it was asked for", {}};
    case stage::process: return {"cannot make a process", " for "};
    case stage::exec: return {"cannot start", " "};
    case stage::read: return {"cannot read", " from "};
    case stage::write: return {"cannot write", " to "};
    case stage::wait: return {"cannot wait for the process", {}};
    case stage::signal: return {"cannot signal the process", {}};
  }
  return {"failed", " on "};
}

// What the code alone says to do, where nothing was seen beside it.
std::string_view advice(const error& failure) noexcept {
  if (failure.where == stage::exec) {
    if (failure == std::errc::executable_format_error) return "it is not a program for this system";
    if (failure == std::errc::text_file_busy) return "another process has the file open to write to it";
    if (failure == std::errc::device_or_resource_busy) return "another process has the file open";
  }
  if (failure.where == stage::write && failure == std::errc::broken_pipe)
    return "whoever reads it has closed it, or has ended";
  return {};
}

// A path that is empty is one all the same.
bool is_path(stage where) noexcept { return where == stage::cwd || where == stage::redirect || where == stage::exec; }

// One line: the system may end its text with a full stop and a line end.
std::string reason(const std::error_code& code) {
  std::string text = code.message();
  text.resize(text.find_last_not_of(". \r\n") + 1);
  return text;
}

}  // namespace

std::string error::message() const {
  std::string text(to_string(where));
  text += ": ";
  if (!subject.empty()) {
    text += '"';
    text += subject;
    text += "\": ";
  }
  text += code.message();
  return text;
}

std::string to_string(const error& failure) {
  const phrase what = what_failed(failure.where);
  std::string text(what.text);
  const auto put = [&](std::string_view piece) { text += piece; };
  if (!what.before_name.empty() && (!failure.subject.empty() || is_path(failure.where))) {
    put(what.before_name);
    detail::put_in_quotes(failure.subject, put);
  } else if (!failure.subject.empty()) {
    put(": ");
    detail::put_readably(failure.subject, put);
  }
  text += ": " + reason(failure.code);
  const std::string_view more = failure.hint.empty() ? advice(failure) : failure.hint.view();
  if (!more.empty()) (text += "; ") += more;
  return text;
}

}  // namespace spawnpipe
