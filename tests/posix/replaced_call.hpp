// Replaces one call of the table through which the back end reaches the system, for as long as it lives:
//
//   const replaced_call<&platform::system_table::read> reads([&](int fd, void* into, std::size_t size) { ... });
//
// What it is replaced by may be any function object; direct() is the call as it was. Calls from several threads are the function
// object's own affair. One replacement of a call at a time.
#ifndef SPAWNPIPE_TESTS_POSIX_REPLACED_CALL_HPP
#define SPAWNPIPE_TESTS_POSIX_REPLACED_CALL_HPP

#include "posix/system.hpp"

#include <cerrno>
#include <functional>
#include <utility>

namespace harness {

namespace platform = spawnpipe::platform;

// The table that is in use, by its type. Others than this one declare their own.
inline platform::system_table& table_in_use(platform::system_table* /*type*/) { return platform::system_calls; }

template <auto Entry>
class replaced_call;

template <class Table, class Type, class... Parameters, Type (*Table::*Entry)(Parameters...)>
class replaced_call<Entry> {
 public:
  explicit replaced_call(std::function<Type(Parameters...)> by) {
    by_ = std::move(by);
    table_in_use(static_cast<Table*>(nullptr)).*
        Entry = [](Parameters... parameters) -> Type { return by_(parameters...); };
  }
  replaced_call(const replaced_call&) = delete;
  replaced_call& operator=(const replaced_call&) = delete;
  ~replaced_call() {
    table_in_use(static_cast<Table*>(nullptr)).*Entry = Table().*Entry;
    by_ = nullptr;
  }

  static Type direct(Parameters... parameters) { return (Table().*Entry)(parameters...); }

 private:
  inline static std::function<Type(Parameters...)> by_;
};

// How a call of the system fails.
inline int failing(int code) {
  errno = code;
  return -1;
}

// Replaces both calls that write, which differ in how they keep SIGPIPE away.
class replaced_writes {
 public:
  using function = std::function<ssize_t(int, const struct iovec*, int)>;

  explicit replaced_writes(const function& by) : loud_(by), quiet_(by) {}

  // As the back end would write without any replacement; SIGPIPE is the caller's affair.
  static ssize_t direct(int fd, const struct iovec* from, int count) {
    return replaced_call<&platform::system_table::writev>::direct(fd, from, count);
  }

 private:
  replaced_call<&platform::system_table::writev> loud_;
  replaced_call<&platform::system_table::writev_nosignal> quiet_;
};

}  // namespace harness

#endif
