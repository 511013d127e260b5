// What the back end is made of beside the files under test: the start of a child, whose other side is the case.
#ifndef SPAWNPIPE_TESTS_WINDOWS_NATIVE_STAND_INS_HPP
#define SPAWNPIPE_TESTS_WINDOWS_NATIVE_STAND_INS_HPP

#include "fake_system.hpp"

#include "windows/handle.hpp"

namespace fake {

// The side of the child. By its end its handles are closed.
struct child {
  HANDLE process = nullptr;  // the back end's handle: use it while the child is not released
  pipe in;
  pipe out;
  spawnpipe::platform::unique_handle in_end;
  spawnpipe::platform::unique_handle out_end;

  void exit(DWORD code) {
    in_end.reset();
    out_end.reset();
    exit_process(process, code);
  }
};
// Of the last spawn on this thread.
[[nodiscard]] child& last_child();

}  // namespace fake

#endif
