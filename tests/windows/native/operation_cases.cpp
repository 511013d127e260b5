// Reads and writes as Windows ends them: at once, later, in part, at the end of the stream; and the two ways to wait for them.
#include "seam.hpp"

namespace {

using namespace seam;

TEST_CASE_FIXTURE(on_a_loop, "[R2][R3] a read ends at once, or later, or at the end of the stream") {
  for (const bool direct : {false, true}) {
    CAPTURE(direct);
    reader in(loop);
    in.pipe.feed("at once");
    CHECK(in.begin());
    CHECK(in.text() == "at once");
    CHECK_FALSE(in.begin());
    CHECK(in.pipe.in_flight());
    fake::later(20ms, [&] { in.pipe.feed("later"); });
    REQUIRE(in.finish(direct));
    CHECK(in.text() == "later");
    CHECK(in.completions == 1);
    in.pipe.feed("more than fits at one time");
    CHECK(in.begin(9));
    CHECK(in.text() == "more than");
    CHECK(in.begin(100));
    CHECK(in.text() == " fits at one time");
    CHECK_FALSE(in.begin());
    fake::later(20ms, [&] { in.theirs.reset(); });
    REQUIRE(in.finish(direct));
    fake::join_threads();
    CHECK(in.outcome.end);
    CHECK_FALSE(in.outcome.error);
    CHECK(in.begin());
    CHECK(in.outcome.end);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W2][W6] a write ends at once, or when the child reads, or by a broken pipe") {
  for (const bool direct : {false, true}) {
    CAPTURE(direct);
    writer out(loop);
    CHECK(out.begin("fits"));
    CHECK(out.outcome.bytes == 4);
    CHECK(out.pipe.take(99) == "fits");
    CHECK_FALSE(out.begin(pattern::make(too_many)));
    CHECK_FALSE(out.finish(direct, 50ms));
    std::string got;
    fake::later(20ms, [&] {
      while (got.size() < too_many) got += out.pipe.take(10'000);
    });
    REQUIRE(out.finish(direct));
    fake::join_threads();
    CHECK(out.outcome.bytes == too_many);
    CHECK(got == pattern::make(too_many));
    CHECK_FALSE(out.begin(pattern::make(too_many)));
    fake::later(20ms, [&] { out.theirs.reset(); });
    REQUIRE(out.finish(direct));
    fake::join_threads();
    CHECK(out.outcome.error == std::errc::broken_pipe);
    CHECK(out.begin("nobody reads this"));
    CHECK(out.outcome.error == std::errc::broken_pipe);
    CHECK(out.outcome.bytes == 0);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W10] completions in part, and of nothing, are told as they are") {
  reader in(loop);
  writer out(loop);
  in.pipe.on_begin([](DWORD) { return fake::answer{.bytes = 0}; });
  CHECK(in.begin());
  CHECK((in.outcome.bytes == 0 && !in.outcome.end && !in.outcome.error));
  in.pipe.on_begin([](DWORD) { return fake::answer{.pending = true}; });
  CHECK_FALSE(in.begin());
  CHECK(in.pipe.complete(ERROR_SUCCESS));
  REQUIRE(in.finish(false));
  CHECK((in.outcome.bytes == 0 && !in.outcome.end && !in.outcome.error));
  in.pipe.feed("abc");
  CHECK_FALSE(in.begin());
  CHECK(in.pipe.complete(ERROR_MORE_DATA, 2));  // the rest of a message: data all the same
  REQUIRE(in.finish(true));
  CHECK((in.text() == "ab" && !in.outcome.end && !in.outcome.error));

  out.pipe.on_begin([](DWORD size) { return fake::answer{.bytes = size / 2}; });
  CHECK(out.begin("abcdef"));
  CHECK((out.outcome.bytes == 3 && !out.outcome.error));
  out.pipe.on_begin([](DWORD) { return fake::answer{.pending = true}; });
  CHECK_FALSE(out.begin("abcdef"));
  CHECK(out.pipe.complete(ERROR_SUCCESS, 2));
  REQUIRE(out.finish(false));
  CHECK((out.outcome.bytes == 2 && !out.outcome.error));
  CHECK(out.pipe.take(99) == "abcab");
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[W8][R4] while one is in flight, a second start is refused, and does no harm to the first") {
  reader in(loop);
  writer out(loop);
  CHECK_FALSE(in.begin());
  CHECK_FALSE(out.begin(pattern::make(too_many)));
  const int reads = fake::calls(call::ReadFile);
  const int writes = fake::calls(call::WriteFile);
  platform::completion other;
  std::array<std::byte, 4> bytes{};
  const auto read = platform::read_begin(in.stream(), bytes, other);
  REQUIRE(read);
  CHECK(read->error == std::errc::device_or_resource_busy);
  const std::array<std::span<const std::byte>, 1> spans = {std::span<const std::byte>(bytes)};
  const auto written = platform::write_begin(out.stream(), spans, other);
  REQUIRE(written);
  CHECK(written->error == std::errc::device_or_resource_busy);
  CHECK(fake::calls(call::ReadFile) == reads);
  CHECK(fake::calls(call::WriteFile) == writes);

  in.pipe.feed("first");
  REQUIRE(in.finish(false));
  CHECK(in.text() == "first");
  const auto said = out.retire();
  CHECK(said.bytes + said.unknown == too_many);
  CHECK_FALSE(other.posted);
}

TEST_CASE_FIXTURE(on_a_loop, "[R4][W8] nothing in flight is retired to nothing, without a call") {
  reader in(loop);
  writer out(loop);
  CHECK(in.retire().bytes == 0);
  CHECK(out.retire().unknown == 0);
  in.pipe.feed("x");
  CHECK(in.begin());
  CHECK(out.begin("x"));
  CHECK(platform::read_retire(in.stream()).bytes == 0);
  CHECK(platform::write_retire(out.stream()).bytes == 0);
  CHECK(fake::calls(call::CancelIoEx) == 0);
}

TEST_CASE_FIXTURE(on_a_loop, "[R1] a pipe is backed up when more than half of it is full") {
  reader in(loop);
  in.pipe.feed(std::string(platform::pipe_quota / 2, 'x'));
  CHECK_FALSE(platform::stream_backed_up(in.stream()));
  in.pipe.feed("x");
  CHECK(platform::stream_backed_up(in.stream()));
  fake::fail(call::PeekNamedPipe, 1, ERROR_BROKEN_PIPE);
  CHECK_FALSE(platform::stream_backed_up(in.stream()));
}

// ---- the direct wait, and the pool's

TEST_CASE_FIXTURE(on_a_loop, "[T1] what a blocking call is after is waited for directly, and the pool is not asked") {
  reader in(loop);
  reader beside(loop);
  CHECK_FALSE(in.begin());
  fake::later(20ms, [&] { in.pipe.feed("x"); });
  REQUIRE(in.finish(true));
  CHECK(fake::calls(call::SetThreadpoolWait) == 0);

  CHECK_FALSE(in.begin());
  CHECK_FALSE(beside.begin());
  fake::later(20ms, [&] { in.pipe.feed("y"); });
  REQUIRE(in.finish(true));
  CHECK(fake::calls(call::SetThreadpoolWait) == 1);  // for the one beside it
  beside.pipe.feed("z");
  REQUIRE(beside.finish(true));  // armed already: the hint comes too late, and does no harm
  CHECK(beside.text() == "z");
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[T4] a pass that does not wait takes what has ended, and asks neither the pool nor the event") {
  reader in(loop);
  writer out(loop);
  CHECK_FALSE(in.begin());
  CHECK_FALSE(out.begin(pattern::make(too_many)));
  CHECK_FALSE(loop.pass());
  in.pipe.feed("x");
  CHECK(out.pipe.take(too_many).size() > 0);
  CHECK_FALSE(loop.pass());
  CHECK(in.completions == 1);
  CHECK(in.text() == "x");
  CHECK(out.completions == 1);
  CHECK(fake::calls(call::SetThreadpoolWait) == 0);

  CHECK_FALSE(in.begin());
  loop.arm();
  in.pipe.feed("y");  // armed: found in memory, whether the pool has told it or not
  loop.pass();
  CHECK(in.completions == 2);
  for (int i = 0; i < 3; ++i) loop.pass(1ms);
  CHECK(in.completions == 2);
  CHECK_FALSE(loop.event_is_set());
}

TEST_CASE_FIXTURE(on_a_loop, "[T5] one operation waited for by turns, directly and with the others, ends once") {
  for (const bool direct_first : {false, true}) {
    for (const bool end_while_direct : {false, true}) {
      CAPTURE(direct_first);
      CAPTURE(end_while_direct);
      reader in(loop);
      CHECK_FALSE(in.begin());
      loop.pass(5ms, direct_first ? &in.done : nullptr);
      loop.pass(5ms, direct_first ? nullptr : &in.done);
      loop.pass(5ms, &in.done);
      CHECK(in.pending());
      in.pipe.feed("x");
      REQUIRE(in.finish(end_while_direct));
      for (int i = 0; i < 3; ++i) loop.pass(2ms);
      CHECK(in.completions == 1);
      CHECK(in.text() == "x");
      CHECK_FALSE(loop.event_is_set());
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R4][W8] many operations on one stream, by whatever wait") {
  reader in(loop);
  writer out(loop);
  std::string sent;
  std::string got;
  for (int round = 0; round < 300; ++round) {
    const std::string piece = pattern::make(1 + static_cast<std::size_t>(round) % 7, sent.size());
    sent += piece;
    const bool begun_first = round % 2 == 0;
    if (begun_first) CHECK_FALSE(in.begin(8));
    if (round % 3 == 0) loop.arm();
    if (round % 5 == 0) loop.pass();
    in.pipe.feed(piece);
    if (!begun_first) CHECK(in.begin(8));
    if (begun_first) REQUIRE(in.finish(round % 4 == 0));
    got += in.text();
    CHECK(out.begin(piece));
  }
  CHECK(got == sent);
  CHECK(out.pipe.take(sent.size() + 1) == sent);
}

// ---- the thread that began an operation ends

TEST_CASE_FIXTURE(
    audit, "[R7][W8] an operation whose thread has ended is told as cancelled, and can be retired from another") {
  std::optional<small_loop> loop;
  std::optional<reader> in;
  std::optional<writer> out;
  loop.emplace();
  in.emplace(*loop);
  out.emplace(*loop);
  on_own_thread([&] {
    CHECK_FALSE(in->begin());
    CHECK_FALSE(out->begin(pattern::make(too_many)));
  });
  CHECK_FALSE(in->pipe.in_flight());
  const auto said = out->retire();
  CHECK(said.bytes == 0);
  CHECK(said.unknown == too_many);
  REQUIRE(in->finish(false));
  CHECK(in->outcome.error == std::errc::operation_canceled);
  CHECK(in->outcome.bytes == 0);
  out.reset();
  in.reset();
  loop.reset();
}

}  // namespace
