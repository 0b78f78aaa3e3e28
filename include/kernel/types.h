/* SPDX-License-Identifier: MIT */
/*
 * Value types of the kernel.  Addresses of the three worlds (physical, user,
 * kernel) never meet without a named conversion: phys_to_ptr and ptr_to_phys.
 */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <lib/types.h>
#include <lib/util.h>
#include <veridian/status.h>
#include <veridian/types.h>

typedef u64 paddr_t; /* physical address */
typedef u64 uaddr_t; /* address in a user address space */
typedef u64 kaddr_t; /* address in the kernel half */
typedef u64 ktime_t; /* nanoseconds since boot */
typedef u32 handle_t;

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define TIME_NEVER (~0UL)

/*
 * True if the boolean option is on; for C conditions: if (IS_ENABLED(CONFIG_SMP)).
 * An option that is on is the word 1, which turns the probe into "0," and so
 * moves the 1 into the place that is returned; anything else leaves the 0 there.
 * (Variadic, because cppcheck splits the "0," before it counts arguments.)
 */
#define IS_ENABLED(option) IS_ENABLED_VALUE(option)
#define IS_ENABLED_VALUE(value) IS_ENABLED_PROBE(IS_ENABLED_SHIFT_##value)
#define IS_ENABLED_SHIFT_1 0,
#define IS_ENABLED_PROBE(...) IS_ENABLED_SECOND(__VA_ARGS__ 1, 0, 0)
#define IS_ENABLED_SECOND(ignored, value, ...) value

/* What a system-call handler may return besides a status (0 or negative). */
#define SYSCALL_DONE 1    /* the result is written, or will be when the thread wakes */
#define SYSCALL_RESTART 2 /* issue the call again: it has come to a preemption point */

/* How many things a step of bounded work takes; what is left is another step's. */
#define BATCH(n) (IS_ENABLED(CONFIG_SMALL_BATCHES) ? 2 : (n))

#endif
