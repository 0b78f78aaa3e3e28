/* SPDX-License-Identifier: MIT */
/*
 * The end of the kernel: states that must not be.  User mistakes never come
 * here.  ASSERT vanishes without CONFIG_ASSERTIONS but is always compiled.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include <kernel/types.h>

struct arch_regs;

/** panic() - print the reason, registers and a backtrace, stop all CPUs, end the machine with a failure status. */
__noreturn void panic(const char *format, ...) __printf(1, 2);

/** panic_exception() - the same for an exception in the kernel, which @regs were saved at. */
__noreturn void panic_exception(const struct arch_regs *regs, const char *format, ...)
	__printf(2, 3);

/** panic_is_under_way() - locks of the console are ignored from now on. */
bool panic_is_under_way(void);

#define ASSERT(condition)                                                                \
	do {                                                                             \
		if (IS_ENABLED(CONFIG_ASSERTIONS) && unlikely(!(condition)))             \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition); \
	} while (0)

#endif
