// The numbers of system calls that an older C library does not name. As all calls since 5.1, the same on every processor.
#ifndef SPAWNPIPE_PLATFORM_POSIX_CALL_NUMBERS_LINUX_HPP
#define SPAWNPIPE_PLATFORM_POSIX_CALL_NUMBERS_LINUX_HPP

#include <sys/syscall.h>

#if !defined(SYS_clone3)
#define SYS_clone3 435
#endif
#if !defined(SYS_pidfd_open)
#define SYS_pidfd_open 434
#endif
#if !defined(SYS_pidfd_send_signal)
#define SYS_pidfd_send_signal 424
#endif
#if !defined(SYS_close_range)
#define SYS_close_range 436
#endif

#endif
