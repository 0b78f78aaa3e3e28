/* SPDX-License-Identifier: MIT */
/*
 * The kernel's calls as C functions: the generated stubs of all that are not
 * IPC, and what they are made of.
 */
#ifndef USER_SYSCALL_H
#define USER_SYSCALL_H

#include <lib/types.h>
#include <lib/util.h>
#include <veridian/fault.h>
#include <veridian/info.h>
#include <veridian/init.h>
#include <veridian/message.h>
#include <veridian/status.h>
#include <veridian/types.h>

typedef u32 handle_t;

#include <generated/syscall_stubs.h>

#define PAGE_SIZE 4096UL
#define TIME_NEVER (~0UL)
#define SECOND 1000000000UL
#define MILLISECOND 1000000UL

/** status_name() - "BADHANDLE" for ST_BADHANDLE. */
const char *status_name(long status);

/** now() - nanoseconds since boot. */
static inline u64 now(void)
{
	u64 time = 0;

	(void)clock_now(&time);
	return time;
}

/** sleep_for() - let @nanoseconds pass. */
static inline void sleep_for(u64 nanoseconds)
{
	(void)thread_sleep(now() + nanoseconds);
}

/** random_bits() - 64 random bits. */
static inline u64 random_bits(void)
{
	u64 bits = 0;

	(void)random_get(&bits, NULL);
	return bits;
}

/** cycles() - the processor's own fast counter, for measuring only. */
static inline u64 cycles(void)
{
#if defined(__x86_64__)
	u32 low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
#elif defined(__aarch64__)
	u64 count;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count) : : "memory");
	return count;
#else
	u64 count;

	__asm__ volatile("rdtime %0" : "=r"(count) : : "memory");
	return count;
#endif
}

#endif
