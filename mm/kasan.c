// SPDX-License-Identifier: MIT
/*
 * The runtime of -fsanitize=kernel-address: a shadow byte for every 8 bytes of
 * memory of the machine and of the kernel's image.
 *
 *   0        all 8 bytes may be touched
 *   1 to 7   only so many, the first ones: the end of a variable
 *   0xf1...  none, and why (enum kasan_poison)
 *
 * Poisoned are the frames nobody owns, the items of a slab that are free with
 * the bookkeeping beside them, and the space that the compiler puts behind each
 * variable.  An object that ended is not: its memory is type-stable, and whoever
 * comes late may look at it.  Addresses of the user half are never to be
 * touched; stacks and devices have no shadow and are not looked at.
 *
 * This file is compiled without the sanitizer.  The names and struct kasan_global
 * are gcc's; clang 14 has no kernel-address for bare machines.
 */
#include <kernel/kasan.h>
#include <kernel/panic.h>

#include "internal.h"

#define GRANULE 8UL

/* A range of addresses with shadow; immutable after kasan_init(). */
struct kasan_range {
	kaddr_t start;
	u64 size;
	u8 *shadow;
};

struct kasan_global {
	const void *start;
	u64 size, size_with_zone;
	const char *name, *file;
	u64 has_constructor;
	const void *place;
	u64 indicator;
};

extern char image_start[], image_end[];
extern void (*const constructors_start[])(void), (*const constructors_end[])(void);

static struct kasan_range ranges[RANGE_SET_MAX + 1];
static u32 nr_ranges;
static bool is_ready; /* set once, by the boot CPU before there are others */

static const struct kasan_range *range_of(kaddr_t address)
{
	for (u32 i = 0; i < nr_ranges; i++)
		if (address - ranges[i].start < ranges[i].size)
			return &ranges[i];
	return NULL;
}

static u8 *shadow_of(const struct kasan_range *range, kaddr_t address)
{
	return &range->shadow[(address - range->start) / GRANULE];
}

/* ---- accesses ---- */

static const char *reason(u8 shadow)
{
	switch (shadow) {
	case KASAN_FREE_FRAME:
		return "a free frame";
	case KASAN_FREE_ITEM:
		return "a free item of a slab, or beside one";
	}
	return "behind a variable";
}

static __noreturn void report(kaddr_t address, size_t size, const char *access, const char *what)
{
	panic("address sanitizer: %s of %lu bytes at %#lx: %s", access, (u64)size, address, what);
}

/* The first byte of [address, end) that may not be touched, or @end. */
static kaddr_t first_bad(const struct kasan_range *range, kaddr_t address, kaddr_t end)
{
	while (address < end) {
		u8 shadow = *shadow_of(range, address);
		kaddr_t next = ALIGN_DOWN(address, GRANULE) + GRANULE;

		if (shadow && MIN(next, end) - ALIGN_DOWN(address, GRANULE) > shadow)
			return address;
		if (shadow >= GRANULE)
			return address;
		address = next;
	}
	return end;
}

static void check(kaddr_t address, size_t size, const char *access)
{
	const struct kasan_range *range;
	kaddr_t bad, end;

	if (!is_ready || !size)
		return;
	if (address < DIRECT_BASE)
		report(address, size, access, "of the user half");
	range = range_of(address);
	if (!range)
		return;
	/* What reaches beyond the range has no shadow. */
	end = address + MIN(size, range->size - (address - range->start));
	bad = first_bad(range, address, end);
	if (bad < end)
		report(address, size, access, reason(*shadow_of(range, bad)));
}

#define ACCESS(bytes)                                                                    \
	__used void __asan_load##bytes##_noabort(kaddr_t address);                       \
	void __asan_load##bytes##_noabort(kaddr_t address)                               \
	{                                                                                \
		check(address, bytes, "read");                                           \
	}                                                                                \
	__used void __asan_store##bytes##_noabort(kaddr_t address);                      \
	void __asan_store##bytes##_noabort(kaddr_t address)                              \
	{                                                                                \
		check(address, bytes, "write");                                          \
	}

ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

__used void __asan_loadN_noabort(kaddr_t address, size_t size);
void __asan_loadN_noabort(kaddr_t address, size_t size)
{
	check(address, size, "read");
}

__used void __asan_storeN_noabort(kaddr_t address, size_t size);
void __asan_storeN_noabort(kaddr_t address, size_t size)
{
	check(address, size, "write");
}

/* Stacks are not poisoned. */
__used void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
}

/* ---- poison ---- */

static void fill(const void *start, size_t size, u8 value)
{
	const struct kasan_range *range = range_of((kaddr_t)start);

	if (!range)
		return;
	ASSERT(IS_ALIGNED((kaddr_t)start, GRANULE));
	size = MIN(size, range->size - ((kaddr_t)start - range->start));
	for (u64 i = 0; i < size / GRANULE; i++)
		shadow_of(range, (kaddr_t)start)[i] = value;
}

void kasan_poison(const void *start, size_t size, enum kasan_poison why)
{
	fill(start, size, (u8)why);
}

void kasan_unpoison(const void *start, size_t size)
{
	fill(start, size, 0);
}

/* The compiler's constructors call it with the variables of their file. */
__used void __asan_register_globals(const struct kasan_global *globals, u64 count);
void __asan_register_globals(const struct kasan_global *globals, u64 count)
{
	for (u64 i = 0; i < count; i++) {
		const struct kasan_global *global = &globals[i];
		u64 whole = ALIGN_DOWN(global->size, GRANULE);
		const char *zone = (const char *)global->start + ALIGN_UP(global->size, GRANULE);
		const struct kasan_range *range = range_of((kaddr_t)global->start);

		if (!range)
			continue;
		if (whole != global->size)
			*shadow_of(range, (kaddr_t)global->start + whole) = (u8)(global->size - whole);
		kasan_poison(zone, global->size_with_zone - ALIGN_UP(global->size, GRANULE),
			     KASAN_GLOBAL);
	}
}

__used void __asan_unregister_globals(const struct kasan_global *globals, u64 count);
void __asan_unregister_globals(const struct kasan_global *globals, u64 count)
{
	panic("%lu variables of %s end", count, globals->file);
}

/* ---- at boot ---- */

static void add_range(kaddr_t start, u64 size)
{
	u32 at = nr_ranges++;
	u8 *shadow = bootmem_alloc(size / GRANULE);

	/* The largest first: it is asked for most. */
	for (; at && ranges[at - 1].size < size; at--)
		ranges[at] = ranges[at - 1];
	ranges[at] = (struct kasan_range){ .start = start, .size = size, .shadow = shadow };
}

void kasan_init(void)
{
	add_range((kaddr_t)image_start, ALIGN_UP((u64)(image_end - image_start), PAGE_SIZE));
	for (u32 i = 0; i < bootmem_ram.nr; i++)
		add_range((kaddr_t)phys_to_ptr(bootmem_ram.range[i].base),
			  bootmem_ram.range[i].size);
	for (void (*const *constructor)(void) = constructors_start; constructor < constructors_end;
	     constructor++)
		(*constructor)();
	is_ready = true;
}
