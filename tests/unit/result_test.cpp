// result and error: a value or what took its place, and codes that compare with std::errc.
#include "harness.hpp"

#include <cerrno>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace {

using spawnpipe::errc;
using spawnpipe::error;
using spawnpipe::result;
using spawnpipe::stage;

error missing_file() { return {std::make_error_code(std::errc::no_such_file_or_directory), stage::exec, "gti"}; }

TEST_CASE("a result with a value") {
  result<std::string> held = std::string("text");
  CHECK(held.has_value());
  CHECK(static_cast<bool>(held));
  CHECK(*held == "text");
  CHECK(held->size() == 4);
  CHECK(held.value() == "text");
  CHECK(held.value_or("other") == "text");
  CHECK_FALSE(held.failed_with(errc::timed_out));
  *held += "s";
  CHECK(*std::as_const(held) == "texts");
  CHECK(std::as_const(held).value() == "texts");
  const std::string moved = *std::move(held);
  CHECK(moved == "texts");
}

TEST_CASE("a result with an error") {
  const result<int> failed = missing_file();
  CHECK_FALSE(failed.has_value());
  CHECK_FALSE(static_cast<bool>(failed));
  CHECK(failed.error().subject == "gti");
  CHECK(failed.value_or(7) == 7);
  CHECK(failed.failed_with(std::errc::no_such_file_or_directory));
  CHECK_FALSE(failed.failed_with(errc::timed_out));
  CHECK_THROWS_AS((void)failed.value(), std::system_error);
  try {
    (void)failed.value();
  } catch (const std::system_error& thrown) {
    CHECK(thrown.code() == std::errc::no_such_file_or_directory);
    CHECK(std::string(thrown.what()).find("gti") != std::string::npos);
  }
}

TEST_CASE("a result of nothing") {
  const result<void> good;
  CHECK(good.has_value());
  CHECK_NOTHROW(good.value());
  CHECK_FALSE(good.failed_with(errc::closed));

  result<void> bad = error{errc::closed, stage::write};
  CHECK_FALSE(bad.has_value());
  CHECK(bad.failed_with(errc::closed));
  CHECK_THROWS_AS(bad.value(), std::system_error);
  CHECK(std::move(bad).error().where == stage::write);
}

TEST_CASE("a result of a type that can only be moved") {
  result<std::unique_ptr<int>> held = std::make_unique<int>(5);
  CHECK(**held == 5);
  const std::unique_ptr<int> taken = std::move(held).value();
  CHECK(*taken == 5);
  result<std::unique_ptr<int>> failed = missing_file();
  CHECK(std::move(failed).value_or(nullptr) == nullptr);
}

TEST_CASE("the library's codes compare equal to the generic ones") {
  const std::pair<errc, std::errc> pairs[] = {
      {errc::timed_out, std::errc::timed_out},
      {errc::cancelled, std::errc::operation_canceled},
      {errc::would_deadlock, std::errc::resource_deadlock_would_occur},
      {errc::wrong_thread, std::errc::operation_not_permitted},
      {errc::closed, std::errc::bad_file_descriptor},
      {errc::stopped, std::errc::operation_canceled},
      {errc::line_too_long, std::errc::message_size},
      {errc::limit_reached, std::errc::file_too_large},
      {errc::status_unavailable, std::errc::no_child_process},
      {errc::already_exited, std::errc::no_such_process},
      {errc::not_supported, std::errc::not_supported},
      {errc::invalid_argument, std::errc::invalid_argument},
      {errc::zero_write, std::errc::io_error},
  };
  for (const auto& [own, generic] : pairs) {
    const error failure{own, stage::wait};
    CAPTURE(failure.code.message());
    CHECK(failure == own);
    CHECK(failure == generic);
    CHECK(failure.code.category() == spawnpipe::category());
  }
  CHECK(std::string(spawnpipe::category().name()) == "spawnpipe");
}

TEST_CASE("the end of a stream and a stalled output are nothing but themselves") {
  for (const errc own : {errc::end_of_stream, errc::output_stalled}) {
    const error failure{own, stage::wait};
    CHECK(failure == own);
    CHECK_FALSE(failure == errc::timed_out);
    CHECK_FALSE(failure == std::errc::timed_out);
    CHECK_FALSE(failure == std::errc::broken_pipe);
    CHECK_FALSE(failure == std::errc::operation_canceled);
  }
}

TEST_CASE("two codes with one generic meaning stay apart") {
  const error cancelled{errc::cancelled, stage::wait};
  CHECK(cancelled == errc::cancelled);
  CHECK_FALSE(cancelled == errc::stopped);
  const error system{std::make_error_code(std::errc::operation_canceled), stage::wait};
  CHECK(system == std::errc::operation_canceled);
  CHECK_FALSE(system == errc::cancelled);
}

TEST_CASE("every code and every stage has a text of its own") {
  std::set<std::string> texts;
  for (int code = static_cast<int>(errc::timed_out); code <= static_cast<int>(errc::zero_write); ++code) {
    texts.insert(make_error_code(static_cast<errc>(code)).message());
  }
  CHECK(texts.size() == static_cast<std::size_t>(errc::zero_write));
  CHECK_FALSE(texts.contains(""));
  CHECK_FALSE(spawnpipe::category().message(0).empty());
  CHECK_FALSE(spawnpipe::category().message(9999).empty());

  std::set<std::string_view> stages;
  for (int where = static_cast<int>(stage::command); where <= static_cast<int>(stage::signal); ++where) {
    stages.insert(to_string(static_cast<stage>(where)));
  }
  CHECK(stages.size() == static_cast<std::size_t>(stage::signal) + 1);
}

// Those of the enumerators from zero to the last, in a row; and that of a number that is none of them.
template <class Enumeration>
std::string names_up_to(Enumeration last) {
  std::string all;
  for (int each = 0; each <= static_cast<int>(last) + 1; ++each) {
    all += to_string(static_cast<Enumeration>(each));
    all += ' ';
  }
  return all;
}

TEST_CASE("every enumerator has its own name as a text") {
  CHECK(names_up_to(stage::signal) ==
        "command loop pipe redirect cwd attributes process exec read write wait signal ? ");
  CHECK(names_up_to(spawnpipe::stop_phase::kill) == "none close_stdin terminate kill ? ");
  CHECK(names_up_to(spawnpipe::mechanism::job) == "process process_group descendants cgroup job ? ");
  CHECK(names_up_to(spawnpipe::ended_by::output_limit) == "itself deadline cancelled stopped output_limit ? ");
  CHECK(names_up_to(spawnpipe::standard_stream::err) == "in out err ? ");
}

TEST_CASE("an error as one line") {
  CHECK(missing_file().message() == "exec: \"gti\": " + missing_file().code.message());
  const error without_subject{errc::timed_out, stage::read};
  CHECK(without_subject.message().starts_with("read: "));
  CHECK(without_subject.message().find('"') == std::string::npos);
}

}  // namespace
