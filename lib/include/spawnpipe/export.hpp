// The symbol visibility macro, and the only header with a platform conditional outside platform/.
//
// The shared library is compiled with hidden visibility: what carries SPAWNPIPE_API is its ABI, and nothing else. On Windows the
// import side must be marked too. SPAWNPIPE_STATIC says that the library is linked statically (the Meson dependency, the
// pkg-config file and the CMake package define it): then there is no import, and nothing of it is exported by a shared library that it is
// linked into.
#ifndef SPAWNPIPE_EXPORT_HPP
#define SPAWNPIPE_EXPORT_HPP

#if defined(SPAWNPIPE_STATIC)
#define SPAWNPIPE_API
#elif defined(_WIN32)
#if defined(SPAWNPIPE_BUILDING)
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
