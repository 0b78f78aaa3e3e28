/* SPDX-License-Identifier: MIT */
/*
 * Small arithmetic used everywhere: no overflow hidden, no argument evaluated twice.
 */
#ifndef LIB_UTIL_H
#define LIB_UTIL_H

#include <lib/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(pointer, type, member)                                              \
	((type *)((char *)(pointer) - offsetof(type, member)))

#define MIN(a, b)                                                                        \
	({                                                                               \
		__typeof__(a) min_a_ = (a);                                              \
		__typeof__(b) min_b_ = (b);                                              \
		min_a_ < min_b_ ? min_a_ : min_b_;                                       \
	})
#define MAX(a, b)                                                                        \
	({                                                                               \
		__typeof__(a) max_a_ = (a);                                              \
		__typeof__(b) max_b_ = (b);                                              \
		max_a_ > max_b_ ? max_a_ : max_b_;                                       \
	})

/* @n must be a power of two. */
#define ALIGN_DOWN(x, n) ((x) & ~((__typeof__(x))(n)-1))
#define ALIGN_UP(x, n) ALIGN_DOWN((x) + (n)-1, n)
#define IS_ALIGNED(x, n) (((x) & ((__typeof__(x))(n)-1)) == 0)

#define DIV_ROUND_UP(x, n) (((x) + (n)-1) / (n))
#define BIT(n) (1UL << (n))

/* @a times the fraction @b / 2^32; the product has 128 bits meanwhile. */
static inline u64 mul_shift_32(u64 a, u64 b)
{
	return (u64)((unsigned __int128)a * b >> 32);
}

/* True if start + size runs past 2^64. */
static inline bool range_overflows(u64 start, u64 size)
{
	return start + size < start;
}

/* [start, start + size) lies inside [low, high). */
static inline bool range_within(u64 start, u64 size, u64 low, u64 high)
{
	return start >= low && start <= high && size <= high - start;
}

/* The ranges share a byte. */
static inline bool ranges_overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a_size && b_size && a < b + b_size && b < a + a_size;
}

#endif
