// The simulated back end itself: that it notes what the library may not do, so that a clean audit means something.
#include "bare_seam.hpp"

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(bare_seam,
                  "the simulated back end notes operations that overlap, end twice, or outlive their stream") {
  auto& script = sim.next_child();
  const auto child = spawn();
  std::array<std::byte, 8> buffer{};
  platform::completion second;
  second.handle = done.handle;
  CHECK(noted() == "");

  CHECK_FALSE(platform::read_begin(child.out, buffer, done));
  CHECK(platform::read_begin(child.out, buffer, second)->error == std::errc::device_or_resource_busy);
  CHECK(noted() == "out: begun while an operation is in flight; ");
  CHECK(platform::read_retire(child.out).bytes == 0);
  CHECK(noted() == "");
  CHECK(platform::read_retire(child.out).bytes == 0);
  CHECK(noted() == "out: a read was retired that is not in flight; ");
  CHECK(platform::write_retire(child.in).bytes == 0);
  CHECK(noted() == "in: a write was retired that is not in flight; ");

  CHECK_FALSE(platform::read_begin(child.out, buffer, done));
  buffer[3] = std::byte{0};
  script.out.feed("x");
  CHECK_FALSE(platform::loop_wait(loop, platform::clock_now(), nullptr));
  CHECK(noted() == "out: a lent buffer was written to; ");
  CHECK(platform::read_begin(child.out, buffer, done) == std::nullopt);
  CHECK(noted() == "out: begun while its completion is in the inbox; ");
  inbox.remove(done);
  platform::stream_close(child.out);
  CHECK(noted() == "out: closed with an operation in flight; ");
  platform::stream_close(child.out);
  CHECK(noted() == "stream_close: stream is closed; ");
  CHECK(platform::read_begin(child.out, buffer, done)->error);
  CHECK(noted() == "read_begin: stream is closed; ");

  std::string text = "abc";
  const std::span<const std::byte> lent = as_bytes(text);
  CHECK_FALSE(platform::write_begin(child.in, std::span(&lent, 1), done));
  text[1] = 'x';
  CHECK(platform::write_try(child.in, lent).bytes == 0);
  CHECK(noted() == "in: a write was tried while one is in flight; ");
  script.in.room_for_all();
  CHECK_FALSE(platform::loop_wait(loop, platform::clock_now(), nullptr));
  CHECK(noted() == "in: lent bytes were changed; ");
  inbox.remove(done);
  CHECK(platform::write_try(child.in, {}).bytes == 0);
  CHECK(noted() == "in: nothing was to be written; ");

  platform::loop_close(loop);
  CHECK(noted() == "loop_close: stream is open: in; loop_close: process is not released; ");
  platform::loop_close(loop);
  CHECK(noted() == "loop_close: closed already; ");
  platform::process_release(child.handle);
  platform::process_release(child.handle);
  CHECK(noted() == "process_release: process is released; ");
  platform::stream_close(child.in);
  CHECK(noted() == "");
  CHECK(sim.objects() == simulated::object_counts{});
}

TEST_CASE_FIXTURE(bare_seam, "the simulated back end gets out of a wait that nothing can end, and counts it") {
  static_cast<void>(sim.next_child());
  const auto child = spawn();
  std::array<std::byte, 8> buffer{};
  CHECK_FALSE(platform::read_begin(child.out, buffer, done));
  CHECK(platform::loop_wait(loop, time_point::max(), nullptr));
  CHECK(sim.deadlocks() == 1);
  CHECK(done.posted);
  CHECK(done.outcome.end);
  CHECK(exited.posted);
  for (auto* pipe : {child.in, child.out}) platform::stream_close(pipe);
  platform::process_release(child.handle);
  platform::loop_close(loop);
  CHECK(noted() == "");
}

TEST_CASE_FIXTURE(bare_seam, "the simulated clock moves in waits only, and to what comes first") {
  const auto began = sim.now();
  std::string order;
  sim.after(20ms, [&] { order += "timed "; });
  sim.at_next_wait([&] { order += "next "; });
  sim.when_idle([&] { order += "idle "; });
  CHECK_FALSE(platform::loop_wait(loop, began + 10ms, nullptr));
  CHECK(order == "next idle ");
  CHECK(sim.now() == began + 10ms);
  CHECK_FALSE(platform::loop_wait(loop, began + 20ms, nullptr));
  CHECK(order == "next idle timed ");
  CHECK(sim.now() == began + 20ms);
  platform::loop_wake(platform::loop_waker(loop));
  CHECK(platform::loop_wait(loop, began + 1h, nullptr));
  CHECK(sim.now() == began + 20ms);
  CHECK_FALSE(platform::loop_wait(loop, time_point::min(), nullptr));
  sim.spurious(1);
  CHECK_FALSE(platform::loop_wait(loop, began + 1h, nullptr));
  CHECK(sim.now() == began + 20ms);
  sim.early(1ms);
  CHECK_FALSE(platform::loop_wait(loop, began + 1h, nullptr));
  CHECK(sim.now() == began + 1h - 1ms);
  CHECK(sim.waits().size() == 6);
  platform::loop_close(loop);
  CHECK(noted() == "");
}

}  // namespace
