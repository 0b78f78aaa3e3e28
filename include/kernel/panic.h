/* SPDX-License-Identifier: MIT */
/*
 * The end of the kernel: states that must not be.  User mistakes never come
 * here.  ASSERT vanishes without CONFIG_ASSERTIONS but is always compiled.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include <kernel/types.h>

/** panic() - print the reason, registers and a backtrace, stop all CPUs, end the machine with a failure status. */
__noreturn void panic(const char *format, ...) __printf(1, 2);

/** panic_is_under_way() - locks of the console are ignored from now on. */
bool panic_is_under_way(void);

#define ASSERT(condition)                                                                \
	do {                                                                             \
		if (IS_ENABLED(CONFIG_ASSERTIONS) && unlikely(!(condition)))             \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition); \
	} while (0)

#endif
