// exit_status: a fact with three forms, and 32 bits of code.
#include "harness.hpp"

#include <cstdint>
#include <string>

namespace {

using spawnpipe::exit_status;
using spawnpipe::to_string;

TEST_CASE("[P4] an exit code keeps its 32 bits") {
  for (const std::uint32_t code : {0U, 1U, 255U, 256U, 259U, 0x7FFFFFFFU, 0xC0000005U, 0xC000013AU, 0xFFFFFFFFU}) {
    const exit_status status = exit_status::exited(code);
    CHECK(status.known());
    CHECK(status.code() == code);
    CHECK_FALSE(status.signal());
    CHECK_FALSE(status.core_dumped());
    CHECK(status.success() == (code == 0));
  }
}

TEST_CASE("[P4] a signal is not a code") {
  const exit_status killed = exit_status::signalled(9);
  CHECK(killed.known());
  CHECK_FALSE(killed.success());
  CHECK_FALSE(killed.code());
  CHECK(killed.signal() == 9);
  CHECK_FALSE(killed.core_dumped());
  CHECK(killed != exit_status::exited(9));

  CHECK(exit_status::signalled(11, true).core_dumped() == true);
  CHECK(exit_status::signalled(11, false).core_dumped() == false);
  CHECK(exit_status::signalled(11, true) != exit_status::signalled(11));
}

TEST_CASE("[P4] a status that is not known is no success") {
  constexpr exit_status unknown;
  static_assert(!unknown.known() && !unknown.success());
  CHECK_FALSE(unknown.code());
  CHECK_FALSE(unknown.signal());
  CHECK(unknown == exit_status());
  CHECK(unknown != exit_status::exited(0));
}

TEST_CASE("an exit status as text") {
  CHECK(to_string(exit_status::exited(0)) == "exited with code 0");
  CHECK(to_string(exit_status::exited(3)) == "exited with code 3");
  CHECK(to_string(exit_status::exited(0xC0000005U)).find("C0000005") != std::string::npos);
  CHECK(to_string(exit_status::signalled(9)).starts_with("ended by signal 9"));
  CHECK(to_string(exit_status::signalled(6, true)).starts_with("ended by signal 6"));
  CHECK(to_string(exit_status()) == "status not known");
}

TEST_CASE("a run as text says why it was ended, and how") {
  spawnpipe::completed done;
  done.status = exit_status::exited(0);
  CHECK(spawnpipe::to_string(done) == "exited with code 0");
  CHECK(done.success());

  done.status = exit_status::signalled(9);
  done.why = spawnpipe::ended_by::deadline;
  done.elapsed = std::chrono::seconds(5);
  const std::string text = spawnpipe::to_string(done);
  CHECK(text.find("deadline") != std::string::npos);
  CHECK(text.find("5.0 s") != std::string::npos);
  CHECK_FALSE(done.success());

  done.status = exit_status::exited(3);
  const auto said = [&](spawnpipe::ended_by why) {
    done.why = why;
    return spawnpipe::to_string(done);
  };
  CHECK(said(spawnpipe::ended_by::itself) == "exited with code 3");
  CHECK(said(spawnpipe::ended_by::cancelled) == "cancelled after 5.0 s: exited with code 3");
  CHECK(said(spawnpipe::ended_by::stopped) == "stopped after 5.0 s: exited with code 3");
  CHECK(said(spawnpipe::ended_by::output_limit) == "stopped at the output limit after 5.0 s: exited with code 3");
}

TEST_CASE("[P10] a run whose output was cut is no success") {
  spawnpipe::completed done;
  done.status = exit_status::exited(0);
  done.out_dropped = 1;
  CHECK_FALSE(done.success());
  done.out_dropped = 0;
  done.err_dropped = 1;
  CHECK_FALSE(done.success());
  done.err_dropped = 0;
  done.output_error = spawnpipe::error{std::make_error_code(std::errc::io_error), spawnpipe::stage::read};
  CHECK_FALSE(done.success());
  done.output_error.reset();
  CHECK(done.success());
}

}  // namespace
