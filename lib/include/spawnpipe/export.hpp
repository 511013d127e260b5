// The symbol visibility macro, and the only header with a platform conditional outside platform/.
//
// The library is compiled with hidden visibility: what carries SPAWNPIPE_API is its ABI, and nothing else.
// On Windows the import side must be marked too; SPAWNPIPE_STATIC says that there is no import (the Meson
// dependency and the pkg-config file define it where it is needed).
#ifndef SPAWNPIPE_EXPORT_HPP
#define SPAWNPIPE_EXPORT_HPP

#if defined(_WIN32)
#if defined(SPAWNPIPE_STATIC)
#define SPAWNPIPE_API
#elif defined(SPAWNPIPE_BUILDING)
#define SPAWNPIPE_API __declspec(dllexport)
#else
#define SPAWNPIPE_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define SPAWNPIPE_API __attribute__((visibility("default")))
#else
#define SPAWNPIPE_API
#endif

#endif
