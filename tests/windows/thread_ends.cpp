// For gcc only (mingw-w64, measured with gcc 12): the end of a thread, in the right order.
//
// Where the compiler keeps thread_local objects in memory of its own (-femulated-tls, the default here), that memory goes by
// the destructor of a thread key, and the objects' destructors run by that of another. Keys end in the order in which they
// were made, and the memory's key is made first, by the first access: the destructors run in memory that was freed, and the
// heap is broken (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=80816). doctest has such objects. A registration before
// everything else makes the destructors' key the first.
#include <cxxabi.h>

namespace {

struct first_of_all {
  first_of_all() noexcept {
    abi::__cxa_thread_atexit([](void*) {}, nullptr, nullptr);
  }
};
[[gnu::init_priority(101)]] const first_of_all made;

}  // namespace
