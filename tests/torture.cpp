#include "torture.hpp"

#include "allocation.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace torture {

excuse excused;
int fault_code = 0;
std::span<const spawnpipe::stage> fault_stages;
int errors_heard = 0;

spawnpipe::deadline limit() {
  return excused.held || excused.false_end ? spawnpipe::deadline(harness::scaled(std::chrono::milliseconds(500)))
                                           : harness::patience();
}

spawnpipe::stop_policy brief(spawnpipe::stop_policy how) {
  how.reap_limit = harness::scaled(std::chrono::milliseconds(200));
  return how;
}
spawnpipe::stop_policy kill_soon() { return brief(spawnpipe::stop_policy::immediate()); }

void check_said(const spawnpipe::error& said, std::initializer_list<std::errc> expected) {
  const harness::allocation_pause ours;
  CHECK(said.code);
  CHECK_FALSE(said.message().empty());
  if (said.code.category() == spawnpipe::category()) return;
  ++errors_heard;
  using spawnpipe::stage;
  // Where memory is what fails, there may be none for the name either.
  const bool may_be_nameless = fault_code == 0 && said == std::errc::not_enough_memory;
  switch (said.where) {
    case stage::pipe:
    case stage::redirect:
    case stage::cwd:
    case stage::process:
    case stage::exec:
    case stage::read:
    case stage::write: CHECK((may_be_nameless || !said.subject.empty())); break;
    default: break;
  }
  if (fault_code == 0 || said.code.category() != std::system_category()) return;
  // A child whose output failed, or that was ended, reads no more. What that is libuv leaves to the next write (it says EBADF of any
  // descriptor that polls with an error); where that one is made to say "later", its word stands.
  const bool put_off = fault_code == EAGAIN && said == std::errc::bad_file_descriptor;
  const bool natural = (said.where == stage::write && (said == std::errc::broken_pipe || put_off)) ||
                       std::any_of(expected.begin(), expected.end(), [&](std::errc each) { return said == each; });
  if (!natural) CHECK(said.code.value() == fault_code);
  if (!natural)
    CHECK_MESSAGE(std::find(fault_stages.begin(), fault_stages.end(), said.where) != fault_stages.end(),
                  to_string(said.where));
}

void finish(spawnpipe::child& running) {
  note(running.stop(kill_soon(), limit()));
  note_streams(running);
}

void note_run(const spawnpipe::completed& done) {
  if (done.output_error) check_said(*done.output_error);
  errors_heard += done.unread_input > 0 ? 1 : 0;  // all that a run says of a write that failed
}

void note_streams(const spawnpipe::pipe_writer& in, const spawnpipe::pipe_reader& out) {
  if (const auto failed = in.error()) check_said(*failed);
  if (const auto failed = out.error()) check_said(*failed);
}

void note_streams(spawnpipe::child& running) {
  note(running.out().stop());
  note(running.err().stop());
  note_streams(running.in(), running.out());
  if (const auto failed = running.err().error()) check_said(*failed);
}

// ---- the report

namespace {

// 2914 as "2,914".
std::string grouped(int number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

}  // namespace

void report::case_played(std::string_view what) {
  ++cases_;
  if (!what_.contains(what)) what_.emplace(what);
  const int failures = harness::failed_assertions();
  failed_cases_ += failures > std::exchange(failures_before_, failures) ? 1 : 0;
}

void report::print(std::string_view noun, std::string_view bounds) const {
  const std::string line = std::string(kind_) + " (" + std::string(harness::this_column.program) +
                           "): " + std::to_string(scenarios_) + " scenarios, " + std::to_string(what_.size()) + ' ' +
                           std::string(noun) + ", " + grouped(cases_) + " cases, " + grouped(failed_cases_) +
                           " failures; " + std::string(bounds);
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

int most_places() {
  const char* const wanted = std::getenv("SPAWNPIPE_TORTURE");
  if (wanted == nullptr) return 3;
  const int number = std::atoi(wanted);
  return number > 0 ? number : all_places;
}

std::span<const scenario> chosen(std::span<const scenario> all) {
  const char* const name = std::getenv("SPAWNPIPE_SCENARIO");
  if (name == nullptr) return all;
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const scenario& each) { return each.name == std::string_view(name); });
  return at != all.end() ? std::span(at, 1) : all.first(0);
}

std::string said_places() {
  const int most = most_places();
  if (most == all_places) return "each at every place";
  return most == 1 ? "each at its first place" : "each at its first " + std::to_string(most) + " places";
}

}  // namespace torture
