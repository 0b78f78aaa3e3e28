/* SPDX-License-Identifier: MIT */
/*
 * What stands in for the rest of the kernel when one of its files is tested on
 * the host: physical memory, locks that count, and a panic that a test can expect.
 * Included by one file of a test program.
 */
#ifndef TESTS_HOST_KERNEL_H
#define TESTS_HOST_KERNEL_H

#include "test.h"
#include <kernel/arch.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/spinlock.h>

unsigned char host_memory[HOST_MEMORY_SIZE] __attribute__((aligned(4096)));

void pte_write(pte_t *entry, pte_t pte)
{
	*entry = pte;
}

/* A test that provokes a panic comes back here with its text. */
static jmp_buf panic_return;
static bool is_panic_expected;
static char panic_text[256];

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(panic_text, sizeof(panic_text), format, args);
	va_end(args);
	if (is_panic_expected)
		longjmp(panic_return, 1);
	fail_msg("panic: %s", panic_text);
	abort();
}

/* The statement must panic, for the reason that @words are part of. */
#define assert_panics(statement, words)                                                            \
	do {                                                                                       \
		is_panic_expected = true;                                                          \
		if (!setjmp(panic_return)) {                                                       \
			statement;                                                                 \
			is_panic_expected = false;                                                 \
			fail_msg("no panic: %s", #statement);                                      \
		}                                                                                  \
		is_panic_expected = false;                                                         \
		locks_held = 0;                                                                    \
		if (!strstr(panic_text, words))                                                    \
			fail_msg("panic \"%s\" instead of \"%s\"", panic_text, words);             \
	} while (0)

static int locks_held;

void spin_init(struct spinlock *lock, enum lock_rank rank)
{
	*lock = (struct spinlock){ .rank = (u8)rank };
}

void spin_lock(struct spinlock *lock)
{
	assert_int_equal(lock->next, lock->owner);
	lock->next++;
	locks_held++;
}

void spin_unlock(struct spinlock *lock)
{
	assert_int_equal(lock->next, lock->owner + 1);
	lock->owner++;
	locks_held--;
}

static char host_said[256]; /* the last line of the log */

void printk(enum log_level level, const char *format, ...)
{
	va_list args;

	(void)level;
	va_start(args, format);
	vsnprintf(host_said, sizeof(host_said), format, args);
	va_end(args);
}

#endif
