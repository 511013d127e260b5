// The command builder, and the environment overlay.
#include <spawnpipe/command.hpp>

#include "platform.hpp"

#include <cstddef>
#include <iterator>
#include <utility>

namespace spawnpipe {

environment environment::snapshot() {
  environment all;
  all.clear();
  for (const std::string& variable : platform::host_environment()) {
    const std::size_t end = variable.find('=');
    if (end == 0 || end == std::string::npos) continue;
    all.changes_.try_emplace(variable.substr(0, end),
                             variable.substr(end + 1));  // of two the first counts, as for getenv
  }
  return all;
}

environment& environment::set(std::string name, std::string value) {
  changes_.insert_or_assign(std::move(name), std::move(value));
  return *this;
}

environment& environment::unset(std::string name) {
  changes_.insert_or_assign(std::move(name), std::nullopt);
  return *this;
}

environment& environment::clear() {
  changes_.clear();
  cleared_ = true;
  return *this;
}

command::command(std::string program, std::vector<std::string> arguments) : program_(std::move(program)) {
  arg(program_);
  args(std::move(arguments));
}

command::command(std::initializer_list<std::string_view> argv) {
  argv_.reserve(argv.size());
  for (const std::string_view word : argv) arg(std::string(word));
  if (!argv_.empty()) program_ = argv_.front();
}

command command::shell(std::string line) {
  std::vector<std::string> words = platform::shell_prefix();
  command result(std::initializer_list<std::string_view>{});
  result.program_ = words.front();
  result.args(std::move(words));
  result.arg(std::move(line));
  result.shell_line_ = true;
  return result;
}

command& command::arg(std::string argument) {
  argv_.push_back(std::move(argument));
  return *this;
}

command& command::args(std::vector<std::string> arguments) {
  argv_.insert(argv_.end(), std::move_iterator(arguments.begin()), std::move_iterator(arguments.end()));
  return *this;
}

command& command::argv0(std::string name) {
  if (argv_.empty()) {
    argv_.push_back(std::move(name));
  } else {
    argv_.front() = std::move(name);
  }
  return *this;
}

command& command::cwd(std::string directory) {
  cwd_ = std::move(directory);
  return *this;
}

command& command::env(std::string name, std::string value) {
  environment_.set(std::move(name), std::move(value));
  return *this;
}

command& command::in(stdio::input source) {
  in_ = std::move(source);
  return *this;
}

command& command::out(stdio::output target) {
  out_ = std::move(target);
  return *this;
}

command& command::err(stdio::error_output target) {
  err_ = std::move(target);
  return *this;
}

command& command::descriptor(int number, native_handle source) {
  descriptors_.insert_or_assign(number, source);
  return *this;
}

command& command::group(process_group which) noexcept {
  group_ = which;
  return *this;
}

command& command::tree(process_tree which) noexcept {
  tree_ = which;
  return *this;
}

command& command::end_with_host(bool wanted) noexcept {
  end_with_host_ = wanted;
  return *this;
}

command& command::on_destroy(stop_policy policy) noexcept {
  on_destroy_ = policy;
  return *this;
}

std::string to_string(const command& what) { return platform::line_for_shell(what); }

}  // namespace spawnpipe
