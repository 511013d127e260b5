// result<T>: a value, or the error that took its place.
//
// The shape is that of std::expected, which C++20 lacks. Nothing here throws but value(), and that only where
// exceptions are on; hosts built with -fno-exceptions use the rest.
#ifndef SPAWNPIPE_RESULT_HPP
#define SPAWNPIPE_RESULT_HPP

#include <spawnpipe/error.hpp>

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace spawnpipe {

/// Holds a `T`, or an `error`. Test it (`if (r)`), then use `*r` and `r->`, or `r.error()`.
///
/// `*r` and `r->` require a value, `error()` requires an error: asking for the other one is a mistake in the program
/// and not checked. `value()` checks, and throws `std::system_error`; it exists only where exceptions are on.
template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;  ///< What it holds.

  /// Holds `value`.
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}

  /// Holds `failure`.
  result(spawnpipe::error&& failure) noexcept : state_(std::in_place_index<1>, std::move(failure)) {}
  result(const spawnpipe::error& failure) : state_(std::in_place_index<1>, failure) {}  ///< The same.

  /// Whether it holds a value.
  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }

  /// The same.
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

  /// The value, unchecked.
  [[nodiscard]] T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }    ///< The same.
  [[nodiscard]] T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }  ///< The same.
  [[nodiscard]] T* operator->() noexcept { return std::get_if<0>(&state_); }  ///< Into the value, unchecked.
  [[nodiscard]] const T* operator->() const noexcept { return std::get_if<0>(&state_); }  ///< The same.

  /// The error, unchecked.
  [[nodiscard]] spawnpipe::error& error() & noexcept { return *std::get_if<1>(&state_); }
  [[nodiscard]] const spawnpipe::error& error() const& noexcept { return *std::get_if<1>(&state_); }    ///< The same.
  [[nodiscard]] spawnpipe::error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }  ///< The same.

  /// The value, or `other` where there is none.
  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }
  /// The same.
  template <class U>
  [[nodiscard]] T value_or(U&& other) && {
    return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(other));
  }

#if defined(__cpp_exceptions)
  /// The value; throws `std::system_error` with the code and `error().message()` where there is none.
  [[nodiscard]] T& value() & {
    require();
    return **this;
  }
  /// The same.
  [[nodiscard]] const T& value() const& {
    require();
    return **this;
  }
  /// The same.
  [[nodiscard]] T&& value() && {
    require();
    return *std::move(*this);
  }
#endif

  /// True where there is an error that compares equal to `code` (an `errc` or a `std::errc`).
  template <class Code>
  [[nodiscard]] bool failed_with(Code code) const noexcept {
    return !has_value() && error() == code;
  }

 private:
#if defined(__cpp_exceptions)
  void require() const {
    if (!has_value()) throw std::system_error(error().code, error().message());
  }
#endif

  std::variant<T, spawnpipe::error> state_;
};

/// Success without a value, or an error.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;  ///< It holds nothing.

  /// Success.
  result() noexcept = default;

  /// Holds `failure`.
  result(spawnpipe::error&& failure) noexcept : failure_(std::move(failure)) {}
  result(const spawnpipe::error& failure) : failure_(failure) {}  ///< The same.

  /// Whether it is success.
  [[nodiscard]] bool has_value() const noexcept { return !failure_.has_value(); }

  /// The same.
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

  /// The error, unchecked.
  [[nodiscard]] spawnpipe::error& error() & noexcept { return *failure_; }
  [[nodiscard]] const spawnpipe::error& error() const& noexcept { return *failure_; }    ///< The same.
  [[nodiscard]] spawnpipe::error&& error() && noexcept { return *std::move(failure_); }  ///< The same.

#if defined(__cpp_exceptions)
  /// Throws `std::system_error` with the code and `error().message()` where there is an error.
  void value() const {
    if (!has_value()) throw std::system_error(error().code, error().message());
  }
#endif

  /// True where there is an error that compares equal to `code` (an `errc` or a `std::errc`).
  template <class Code>
  [[nodiscard]] bool failed_with(Code code) const noexcept {
    return !has_value() && error() == code;
  }

 private:
  std::optional<spawnpipe::error> failure_;
};

}  // namespace spawnpipe

#endif
