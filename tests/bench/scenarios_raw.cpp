// The scenarios by raw calls of Windows.
#include "raw_windows.hpp"
#include "scenarios.hpp"

#include <thread>
#include <vector>

namespace bench {
namespace {

std::wstring program() {
  const std::string name = child_program;
  const std::wstring path(name.begin(), name.end());
  std::wstring full(MAX_PATH, L'\0');
  full.resize(::GetFullPathNameW(path.c_str(), static_cast<DWORD>(full.size()), full.data(), nullptr));
  return full;
}

raw::process start(const std::wstring& arguments, HANDLE in, HANDLE out, HANDLE err) {
  static const std::wstring path = program();
  return {path, L'"' + path + L"\" " + arguments, in, out, err};
}

seconds read(std::size_t block) {
  raw::pipe out = raw::make_pipe(raw::direction::from_child);
  const raw::handle null = raw::open_null(GENERIC_READ | GENERIC_WRITE);
  const std::uint64_t all = prelude_size + transfer_size;
  raw::process child = start(L"write " + std::to_wstring(all) + L' ' + std::to_wstring(child_block), null.get(),
                             out.theirs.get(), null.get());
  out.theirs.close();
  raw::overlapped_end reader(std::move(out.ours));
  std::vector<std::byte> buffer(block);
  std::uint64_t got = 0;
  while (got < prelude_size) got += reader.read(buffer);
  const std::uint64_t before = got;
  const auto begin = clock::now();
  while (got < all) {
    const std::size_t count = reader.read(buffer);
    if (count == 0) break;
    got += count;
  }
  const seconds taken = clock::now() - begin;
  expect(got == all && reader.read(buffer) == 0, "the bytes of the child");
  expect(child.wait() == 0, "the child's exit");
  return taken * (static_cast<double>(transfer_size) / static_cast<double>(all - before));
}

seconds write(std::size_t block) {
  raw::pipe in = raw::make_pipe(raw::direction::to_child);
  const raw::handle null = raw::open_null(GENERIC_WRITE);
  raw::process child = start(L"until-eof", in.theirs.get(), null.get(), null.get());
  in.theirs.close();
  raw::overlapped_end writer(std::move(in.ours));
  const std::vector<std::byte> buffer(block, std::byte{'x'});
  writer.write(std::vector<std::byte>(prelude_size));
  const auto begin = clock::now();
  for (std::uint64_t put = 0; put < transfer_size; put += block) writer.write(buffer);
  const seconds taken = clock::now() - begin;
  writer.close();
  expect(child.wait() == 0, "the child's exit");
  return taken;
}

seconds spawn_and_wait(streams which) {
  const auto begin = clock::now();
  if (which == streams::null_device) {
    const raw::handle in = raw::open_null(GENERIC_READ);
    const raw::handle out = raw::open_null(GENERIC_WRITE);
    const raw::handle err = raw::open_null(GENERIC_WRITE);
    raw::process child = start(L"exit", in.get(), out.get(), err.get());
    expect(child.wait() == 0, "the child's exit");
  } else {
    raw::pipe in = raw::make_pipe(raw::direction::to_child);
    raw::pipe out = raw::make_pipe(raw::direction::from_child);
    raw::pipe err = raw::make_pipe(raw::direction::from_child);
    raw::process child = start(L"exit", in.theirs.get(), out.theirs.get(), err.theirs.get());
    for (raw::pipe* const each : {&in, &out, &err}) each->theirs.close();
    expect(child.wait() == 0, "the child's exit");
  }
  return clock::now() - begin;
}

seconds wake_up() {
  const raw::handle wake(::CreateEventW(nullptr, FALSE, FALSE, nullptr));
  const raw::handle reply(::CreateEventW(nullptr, FALSE, FALSE, nullptr));
  if (wake.get() == nullptr || reply.get() == nullptr) raw::fail("CreateEventW");
  std::vector<double> times;
  times.reserve(wakes_in_one_repeat);
  clock::time_point began;  // handed over by the events
  std::jthread sleeper([&] {
    for (int turn = 0; turn < wakes_in_one_repeat; ++turn) {
      ::WaitForSingleObject(wake.get(), INFINITE);
      times.push_back(seconds(clock::now() - began).count());
      ::SetEvent(reply.get());
    }
  });
  for (int turn = 0; turn < wakes_in_one_repeat; ++turn) {
    began = clock::now();
    ::SetEvent(wake.get());
    ::WaitForSingleObject(reply.get(), INFINITE);
  }
  sleeper.join();
  return seconds(median(times));
}

}  // namespace

const scenarios raw_scenarios = {
    .read = &read, .read_in_callbacks = &read, .write = &write, .spawn_and_wait = &spawn_and_wait, .wake_up = &wake_up};

}  // namespace bench
