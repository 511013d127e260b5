// Every code with which Windows is known to answer reads and writes, at each of the first calls, at once and later: it goes to
// success, to the end, or to an error that a caller can branch on.
#include "seam.hpp"

namespace {

using namespace seam;

struct expected {
  DWORD code;
  bool read_ends;  // the end of the stream, of a read
  std::errc error;
};

constexpr std::array codes = {
    expected{5, false, std::errc::permission_denied},
    expected{6, false, std::errc::bad_file_descriptor},
    expected{8, false, std::errc::not_enough_memory},
    expected{14, false, std::errc::not_enough_memory},
    expected{38, true, {}},
    expected{87, false, std::errc::invalid_argument},
    expected{109, true, std::errc::broken_pipe},
    expected{232, true, std::errc::broken_pipe},
    expected{233, true, std::errc::broken_pipe},
    expected{995, false, std::errc::operation_canceled},
    expected{1450, false, std::errc::not_enough_memory},
    expected{1455, false, std::errc::not_enough_memory},
    expected{1816, false, std::errc::not_enough_memory},
};

enum class moment { refused, pending, at_result };

// Makes the call of this number end so; those before it end well.
void script(const fake::pipe& pipe, DWORD code, int at, moment when) {
  if (when == moment::at_result) return fake::fail(call::GetOverlappedResult, at, code);
  pipe.on_begin([=, count = 0](DWORD) mutable -> std::optional<fake::answer> {
    if (++count != at) return std::nullopt;
    return fake::answer{.pending = when == moment::pending, .code = code};
  });
}

TEST_CASE_FIXTURE(on_a_loop, "[R3][R6][R7] each code of a read, at calls 1 to 3") {
  for (const expected& each : codes) {
    const DWORD code = each.code;
    const std::errc error = each.error;
    const bool ends = each.read_ends;
    for (int at = 1; at <= 3; ++at) {
      for (const moment when : {moment::refused, moment::pending, moment::at_result}) {
        for (const bool direct : {false, true}) {
          CAPTURE(code);
          CAPTURE(at);
          CAPTURE(when);
          reader in(loop);
          script(in.pipe, code, at, when);
          for (int before = 1; before < at; ++before) {
            in.pipe.feed("ab");
            CHECK(in.begin());
            CHECK(in.text() == "ab");
          }
          if (when == moment::at_result) in.pipe.feed("ab");
          const bool at_once = in.begin();
          CHECK(at_once == (when != moment::pending));
          if (!at_once) {
            fake::later(1ms, [&] { in.pipe.complete(code); });
            REQUIRE(in.finish(direct));
          }
          CHECK(in.outcome.end == ends);
          if (ends) {
            CHECK_FALSE(in.outcome.error);
          } else {
            CHECK(in.outcome.error == error);
          }
          // The bytes that came beside a code are not lost.
          CHECK(in.outcome.bytes == (when == moment::at_result ? 2 : 0));
          CHECK_FALSE(in.pipe.in_flight());
          fake::join_threads();
        }
      }
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W6][W7] each code of a write, at calls 1 to 3") {
  for (const expected& each : codes) {
    const DWORD code = each.code;
    const std::errc error = each.error;
    if (code == ERROR_HANDLE_EOF) continue;  // of reads only
    for (int at = 1; at <= 3; ++at) {
      for (const moment when : {moment::refused, moment::pending, moment::at_result}) {
        for (const bool direct : {false, true}) {
          CAPTURE(code);
          CAPTURE(at);
          CAPTURE(when);
          writer out(loop);
          script(out.pipe, code, at, when);
          for (int before = 1; before < at; ++before) {
            CHECK(out.begin("ab"));
            CHECK(out.outcome.bytes == 2);
            CHECK_FALSE(out.outcome.error);
          }
          const bool at_once = out.begin("ab");
          CHECK(at_once == (when != moment::pending));
          if (!at_once) {
            fake::later(1ms, [&] { out.pipe.complete(code, 1); });
            REQUIRE(out.finish(direct));
          }
          CHECK(out.outcome.error == error);
          CHECK(out.outcome.bytes == (when == moment::at_result ? 2 : when == moment::pending ? 1 : 0));
          CHECK_FALSE(out.pipe.in_flight());
          fake::join_threads();
        }
      }
    }
  }
}

}  // namespace
