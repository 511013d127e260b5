// Every order of the steps of stopping, completing and cancelling (model.hpp), with owners that do any short sequence of what an owner
// can do.
#include "model.hpp"

#include "windows/job.hpp"
#include "windows/process.hpp"

namespace {

using namespace model;

// The child writes this in two pieces.
constexpr std::size_t pieces = 2;

enum class deed { pass, wait, wait_for_it, retire, begin, begin_another };

// Anything that makes sense now, `steps` times. Callbacks that come late may set the host's event for nothing.
void live(endless_loop& loop, reader& in, int steps, bool late) {
  for (int step = 0; step < steps; ++step) {
    std::array<deed, 5> possible = {deed::pass};
    std::size_t count = 1;
    if (in.in_flight()) {
      possible[count++] = deed::retire;
      possible[count++] = deed::begin_another;
      if (in.got() < pieces) {  // else nothing comes any more
        possible[count++] = deed::wait;
        possible[count++] = deed::wait_for_it;
      }
    } else {
      possible[count++] = deed::begin;
    }
    switch (possible.at(schedule::choose(count))) {
      case deed::pass: loop.pass(false); break;
      case deed::wait: loop.pass(true); break;
      case deed::wait_for_it: loop.pass(true, &in.done); break;
      case deed::retire: in.retire(); break;
      case deed::begin: in.begin(); break;
      case deed::begin_another: in.begin_another(); break;
    }
    if (!late && !in.in_flight()) loop.expect_nothing();
  }
}

void read_all(endless_loop& loop, reader& in, std::size_t size, bool direct) {
  while (in.got() < size) {
    if (!in.in_flight()) in.begin();
    if (in.in_flight()) loop.pass(true, direct ? &in.done : nullptr);
  }
}

void write_pieces(const fake::pipe& to) {
  for (std::size_t i = 0; i < pieces; ++i) {
    schedule::point("writes");
    to.feed(pattern::make(1, i));
  }
}

void a_reader(bool late, int steps) {
  fake::late_callbacks(late);
  endless_loop loop;
  if (schedule::choose(2) == 1) loop.host_waits();
  reader in(loop);
  schedule::beside("child", [pipe = in.pipe] { write_pieces(pipe); });
  in.begin();
  live(loop, in, steps, late);
  const bool direct = schedule::choose(2) == 0;
  read_all(loop, in, pieces, direct);
  loop.pass(false);
  expect(in.got() == pieces, "a byte too many");
  // It goes with an operation in flight, which may be in the pool.
  if (!in.in_flight()) in.begin();
  loop.pass(false);
  in.close();
  loop.expect_nothing();
  loop.pass(false);
}

TEST_CASE_FIXTURE(audit, "[R4][R8] every schedule of a reader: begun, waited for, retired, begun again, closed") {
  explore("a reader", 2, [] { a_reader(false, 2); });
}
TEST_CASE_FIXTURE(audit, "[R4][R8] every schedule of a reader whose callbacks come late") {
  explore("a reader, callbacks late", 2, [] { a_reader(true, 2); });
}

// Retired at any moment, armed or not, or closed with the write in flight.
void a_writer(bool late) {
  fake::late_callbacks(late);
  const auto taken = std::make_shared<std::size_t>(0);
  endless_loop loop;
  writer out(loop);
  schedule::beside("child", [pipe = out.pipe, open = out.is_open(), taken] {
    for (int i = 0; i < 2; ++i) {
      static_cast<void>(schedule::wait(
          "reads", [&] { return pipe.held() > 0 || !*open; }, false));
      *taken += pipe.take(too_many).size();
    }
  });
  out.begin();
  switch (schedule::choose(4)) {
    case 0: loop.pass(false); break;
    case 1: loop.pass(true); break;
    case 2: loop.pass(true, &out.done); break;
    default: break;
  }
  if (out.in_flight() && schedule::choose(2) == 0) out.retire();
  if (out.in_flight()) return;  // closed by its destructor
  expect(out.delivered() + out.unknown() == out.size(), "the books do not balance");
  const std::size_t arrived = *taken + out.pipe.held();
  expect(out.delivered() <= arrived, "delivered, and not in the pipe");
  expect(arrived <= out.delivered() + out.unknown(), "in the pipe, and in no book");
}

TEST_CASE_FIXTURE(audit, "[W5][W8] every schedule of a writer: waited for, retired, closed") {
  explore("a writer", 2, [] { a_writer(false); });
  explore("a writer, callbacks late", 2, [] { a_writer(true); });
}

// Two operations end side by side, on two threads of the pool; one may be retired meanwhile, and begun again.
void two_readers(bool late) {
  fake::late_callbacks(late);
  endless_loop loop;
  reader one(loop);
  reader two(loop);
  schedule::beside("child", [one = one.pipe, two = two.pipe] {
    one.feed(pattern::make(1));
    schedule::point("writes to the other");
    two.feed(pattern::make(1));
    schedule::point("writes to the first");
    one.feed(pattern::make(1, 1));
  });
  one.begin();
  two.begin();
  if (one.in_flight() || two.in_flight()) loop.pass(true, schedule::choose(2) == 0 ? &one.done : nullptr);
  if (one.in_flight() && schedule::choose(2) == 0) one.retire();
  read_all(loop, one, 2, false);
  read_all(loop, two, 1, false);
}

TEST_CASE_FIXTURE(audit, "[R4][C1] every schedule of two readers on one loop") {
  explore("two readers", 1, [] { two_readers(false); });
  explore("two readers, callbacks late", 1, [] { two_readers(true); });
}

// The end of a process, which is awaited without being an operation, against every moment of its release.
void a_process(bool late) {
  fake::late_callbacks(late);
  platform::unique_handle around(::CreateJobObjectW(nullptr, nullptr));
  endless_loop loop;
  int told = 0;
  platform::completion exited;
  exited.owner = &told;
  exited.handle = [](void* count) { ++*static_cast<int*>(count); };
  auto child = std::make_unique<platform::process>();
  child->owner = loop.os();
  child->exited = &exited;
  child->job = platform::make_job();
  expect(child->end.create(*loop.os(), &platform::process_ended, nullptr, child.get()), "no wait object");
  child->handle = platform::unique_handle(fake::new_process(around.get()));
  child->end.expect(child->handle.get(), &exited);
  bool over = false;
  schedule::beside("process", [&] {
    ::TerminateJobObject(around.get(), 7);
    over = true;
  });
  switch (schedule::choose(4)) {
    case 0: loop.pass(false); break;
    case 1: loop.pass(true); break;
    case 2: loop.pass(true, &exited); break;
    default: break;
  }
  if (schedule::choose(2) == 0) {
    while (!child->status) loop.pass(true);
    expect(child->status->code() == 7, "another exit code");
    expect(told == 1, "its end was told more or less than once");
  }
  platform::process_release(child.release());
  static_cast<void>(schedule::wait(
      "the process", [&] { return over; }, false));
  const int before = told;
  loop.pass(false);
  expect(told == before && told <= 1, "its end was told after its release");
}

TEST_CASE_FIXTURE(audit, "[P2][P9] every schedule of a process that ends, is waited for, and is released") {
  explore("a process", 4, [] { a_process(false); });
  explore("a process, callbacks late", 4, [] { a_process(true); });
}

}  // namespace
