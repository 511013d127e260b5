// The end of an operation by retiring it: it lasts until Windows has let go of the memory, whatever CancelIoEx answers.
#include "seam.hpp"

#include <atomic>

namespace {

using namespace seam;
using clock = std::chrono::steady_clock;

// CancelIoEx says `code`; so much later the operation ends with `end_code` and `bytes`.
void script_cancel(const fake::pipe& pipe, DWORD code, std::chrono::milliseconds delay, DWORD end_code,
                   DWORD bytes = 0) {
  auto once = std::make_shared<std::atomic<bool>>(false);
  pipe.on_cancel([=] {
    if (!once->exchange(true)) fake::later(delay, [=] { pipe.complete(end_code, bytes); });
    return code;
  });
}

template <class Act>
std::chrono::milliseconds lasting(Act act) {
  const auto began = clock::now();
  act();
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began);
}

TEST_CASE_FIXTURE(on_a_loop, "[W5][R4] a cancel that was accepted and whose completion comes after 1 s is waited for") {
  for (const bool armed : {false, true}) {
    CAPTURE(armed);
    reader in(loop);
    writer out(loop);
    CHECK_FALSE(in.begin());
    CHECK_FALSE(out.begin(pattern::make(too_many)));
    if (armed) loop.arm();
    script_cancel(in.pipe, ERROR_SUCCESS, 1s, ERROR_OPERATION_ABORTED);
    script_cancel(out.pipe, ERROR_SUCCESS, 1s, ERROR_OPERATION_ABORTED);
    CHECK(lasting([&] { CHECK(in.retire().bytes == 0); }) >= 1s);
    CHECK_FALSE(in.outcome.error);
    CHECK_FALSE(in.pipe.in_flight());
    platform::write_retired said;
    CHECK(lasting([&] { said = out.retire(); }) >= 1s);
    CHECK(said.bytes == 0);
    CHECK(said.unknown == too_many);
    CHECK_FALSE(out.pipe.in_flight());
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W9][R8] so it is by the end of a stream") {
  std::optional<reader> in;
  std::optional<writer> out;
  in.emplace(loop);
  out.emplace(loop);
  CHECK_FALSE(in->begin());
  CHECK_FALSE(out->begin(pattern::make(too_many)));
  loop.arm();
  script_cancel(in->pipe, ERROR_SUCCESS, 300ms, ERROR_OPERATION_ABORTED);
  script_cancel(out->pipe, ERROR_NOT_FOUND, 300ms, ERROR_SUCCESS, too_many);
  CHECK(lasting([&] { in.reset(); }) >= 300ms);
  CHECK(lasting([&] { out.reset(); }) >= 300ms);
}

TEST_CASE_FIXTURE(on_a_loop, "[W5][R4] CancelIoEx says NOT_FOUND, or fails: the completion counts, not the answer") {
  for (const DWORD code : {ERROR_NOT_FOUND, ERROR_INVALID_PARAMETER, ERROR_ACCESS_DENIED, ERROR_NO_SYSTEM_RESOURCES}) {
    for (const bool armed : {false, true}) {
      CAPTURE(code);
      CAPTURE(armed);
      reader in(loop);
      writer out(loop);
      CHECK_FALSE(in.begin());
      CHECK_FALSE(out.begin(pattern::make(too_many)));
      if (armed) loop.arm();
      in.pipe.withhold(true);
      in.pipe.feed("raced the cancel");
      script_cancel(in.pipe, code, 30ms, ERROR_SUCCESS, 16);
      script_cancel(out.pipe, code, 30ms, ERROR_SUCCESS, too_many);
      CHECK(lasting([&] { static_cast<void>(in.retire()); }) >= 30ms);
      CHECK(in.text() == "raced the cancel");
      platform::write_retired said;
      CHECK(lasting([&] { said = out.retire(); }) >= 30ms);
      CHECK(said.bytes == too_many);
      CHECK(said.unknown == 0);
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R4] a cancel that succeeds, and data comes all the same: delivered, not lost") {
  reader in(loop);
  CHECK_FALSE(in.begin());
  loop.arm();
  in.pipe.withhold(true);
  in.pipe.feed("abcdef");
  script_cancel(in.pipe, ERROR_SUCCESS, 20ms, ERROR_SUCCESS, 3);
  CHECK(in.retire().bytes == 3);
  CHECK(in.text() == "abc");
  in.pipe.on_cancel({});
  in.pipe.withhold(false);
  CHECK(in.begin());
  CHECK(in.text() == "def");
}

TEST_CASE_FIXTURE(on_a_loop, "[R4][R3] what ends a read in the race with its cancel is told") {
  const auto retired = [&](DWORD code, DWORD bytes) {
    reader in(loop);
    CHECK_FALSE(in.begin());
    in.pipe.withhold(true);
    in.pipe.feed("abcdef");
    script_cancel(in.pipe, ERROR_SUCCESS, 5ms, code, bytes);
    const auto said = in.retire();
    CHECK(in.text() == std::string("abcdef").substr(0, bytes));
    return said;
  };
  CHECK(retired(ERROR_BROKEN_PIPE, 0).end);
  CHECK(retired(ERROR_HANDLE_EOF, 0).end);
  CHECK(retired(ERROR_ACCESS_DENIED, 0).error == std::errc::permission_denied);
  CHECK_FALSE(retired(ERROR_OPERATION_ABORTED, 0).error);
  CHECK_FALSE(retired(ERROR_OPERATION_ABORTED, 4).error);  // bytes beside the cancel
  CHECK_FALSE(retired(ERROR_MORE_DATA, 4).error);
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[W8] how much of a cancelled write went out: what Windows says, and the rest is unknown") {
  const auto retired = [&](DWORD code, DWORD bytes) {
    writer out(loop);
    CHECK_FALSE(out.begin(pattern::make(too_many)));
    script_cancel(out.pipe, ERROR_SUCCESS, 5ms, code, bytes);
    return out.retire();
  };
  const auto is = [](const platform::write_retired& said, std::size_t bytes, std::size_t unknown) {
    return said.bytes == bytes && said.unknown == unknown;
  };
  CHECK(is(retired(ERROR_OPERATION_ABORTED, 0), 0, too_many));
  CHECK(is(retired(ERROR_OPERATION_ABORTED, 1000), 1000, too_many - 1000));
  CHECK(is(retired(ERROR_SUCCESS, too_many), too_many, 0));
  CHECK(is(retired(ERROR_SUCCESS, 1000), 1000, 0));  // the rest was not begun
  CHECK(is(retired(ERROR_BROKEN_PIPE, 0), 0, too_many));
}

TEST_CASE_FIXTURE(on_a_loop, "[W5][R4] a cancel that is lost is sent again") {
  reader in(loop);
  CHECK_FALSE(in.begin());
  std::atomic<int> cancels = 0;
  in.pipe.on_cancel([&] {
    if (++cancels == 3) in.pipe.complete(ERROR_OPERATION_ABORTED);
    return ERROR_SUCCESS;
  });
  CHECK(in.retire().bytes == 0);
  CHECK(cancels == 3);
}

TEST_CASE_FIXTURE(on_a_loop, "[W5][R4] retiring outlives a wait that fails") {
  reader in(loop);
  CHECK_FALSE(in.begin());
  script_cancel(in.pipe, ERROR_SUCCESS, 50ms, ERROR_OPERATION_ABORTED);
  for (int at = 1; at <= 5; ++at) fake::fail(call::WaitForSingleObject, at, ERROR_INVALID_HANDLE);
  CHECK(lasting([&] { static_cast<void>(in.retire()); }) >= 50ms);
  CHECK(fake::all_happened());
  CHECK_FALSE(in.pipe.in_flight());
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[R4] stopped and begun again in every state, over and over: no byte is lost, doubled or moved") {
  reader in(loop);
  std::string sent;
  std::string got;
  int raced = 0;
  for (int round = 0; round < 200; ++round) {
    const auto feed = [&] {
      const std::string piece = pattern::make(3, sent.size());
      sent += piece;
      in.pipe.feed(piece);
    };
    if (in.begin(8)) {
      got += in.text();
      continue;
    }
    if (round % 2 == 0) loop.arm();
    std::thread other;
    if (round % 3 == 0) feed();
    if (round % 3 == 1) other = std::thread(feed);
    if (round % 5 == 0) loop.pass(1ms);
    if (in.pending() || in.done.posted) static_cast<void>(in.retire());
    got += in.text();
    raced += in.outcome.bytes > 0 ? 1 : 0;
    if (other.joinable()) other.join();
  }
  while (in.pipe.held() > 0) {
    REQUIRE(in.begin(8));
    got += in.text();
  }
  CHECK(got == sent);
  CHECK(raced > 20);
}

}  // namespace
