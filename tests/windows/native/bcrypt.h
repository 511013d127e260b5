// As windows.h here: what platform/windows/ needs of Windows' header of this name.
#ifndef SPAWNPIPE_TESTS_WINDOWS_NATIVE_BCRYPT_H
#define SPAWNPIPE_TESTS_WINDOWS_NATIVE_BCRYPT_H

#include "windows.h"

using BCRYPT_ALG_HANDLE = void*;
inline constexpr ULONG BCRYPT_USE_SYSTEM_PREFERRED_RNG = 2;

LONG BCryptGenRandom(BCRYPT_ALG_HANDLE algorithm, UCHAR* into, ULONG size, ULONG flags);

#endif
