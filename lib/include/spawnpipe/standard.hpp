// What the headers use of <chrono> (durations and clocks) and of <functional> (std::function).
//
// Much is in those two that is not used here: calendars and their formatting, hashed containers. With libstdc++ they would be half of
// the time that the umbrella header takes to compile. It keeps the parts in headers of its own, which are taken where they are; else the whole.
#ifndef SPAWNPIPE_STANDARD_HPP
#define SPAWNPIPE_STANDARD_HPP

#if __has_include(<bits/chrono.h>) && __has_include(<bits/std_function.h>)
#include <bits/chrono.h>
#include <bits/std_function.h>
#else
#include <chrono>
#include <functional>
#endif

#endif
