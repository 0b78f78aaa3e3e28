/* SPDX-License-Identifier: MIT */
/*
 * The address sanitizer: memory that may not be touched is poisoned, and the
 * compiler has every access of the kernel looked at.  Without CONFIG_KASAN
 * nothing of it is left.
 */
#ifndef KERNEL_KASAN_H
#define KERNEL_KASAN_H

#include <kernel/types.h>

/* Why memory may not be touched; in the shadow, so 0x80 and up. */
enum kasan_poison {
	KASAN_FREE_FRAME = 0xf1,
	KASAN_FREE_ITEM = 0xf2, /* of a slab; also what belongs to no item */
	KASAN_GLOBAL = 0xf3,    /* behind a variable */
};

#ifdef CONFIG_KASAN
/** kasan_init() - shadow memory; accesses are looked at from now on. Between kmap_init() and frame_init(). */
void kasan_init(void);

/** kasan_poison() / kasan_unpoison() - @start is a multiple of 8; in memory without shadow nothing happens. */
void kasan_poison(const void *start, size_t size, enum kasan_poison why);
void kasan_unpoison(const void *start, size_t size);
#else
static inline void kasan_init(void)
{
}

static inline void kasan_poison(const void *start, size_t size, enum kasan_poison why)
{
	(void)start;
	(void)size;
	(void)why;
}

static inline void kasan_unpoison(const void *start, size_t size)
{
	(void)start;
	(void)size;
}
#endif

#endif
