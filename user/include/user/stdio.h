/* SPDX-License-Identifier: MIT */
/*
 * Output in whole lines: to the console server if the process has its
 * endpoint, else to the kernel's console, else nowhere.
 */
#ifndef USER_STDIO_H
#define USER_STDIO_H

#include <lib/printf.h>
#include <lib/string.h>
#include <user/syscall.h>

/** printf() - lines of threads of one process do not mix. */
void printf(const char *format, ...) __printf(1, 2);

/** print_flush() - write out a line that has no end yet. */
void print_flush(void);

/** print_to() - from now on to this console (HANDLE_NULL: the kernel's, through @system). */
void print_to(handle_t console, handle_t system);

/** exit() - write out, end the process. */
__noreturn void exit(u64 code);

/** fail() - tell why and exit with 1. */
__noreturn void fail(const char *format, ...) __printf(1, 2);

/* An impossible state of this program; never used for what others send. */
#define assert(condition)                                                                        \
	do {                                                                                     \
		if (!(condition))                                                                \
			fail("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition);     \
	} while (0)

/** must() - the call cannot fail in a sound system. */
void must(long status, const char *what);

#endif
