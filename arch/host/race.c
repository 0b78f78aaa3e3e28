// SPDX-License-Identifier: MIT
/*
 * Plain accesses.  hooks.c tells of every access of the kernel; two accesses of different CPUs to
 * the same bytes, one a store and not both atomic, must be ordered by the
 * clocks of views.c.  Each 8 bytes of kernel memory have a shadow with the
 * last accesses; a page that was cleared as a whole has one for all of it.
 */
#include <sys/mman.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define KEPT 6u

struct access {
	const void *pc;
	u32 epoch;
	u8 cpu;
	u8 mask; /* bytes; 0: no access */
	u8 flags;
};

struct granule {
	struct location *locations;
	struct access access[KEPT];
};

struct page {
	struct access cleared;
	bool is_used; /* its granules say something */
};

/* Kernel data, simulated memory included. The simulator's own lies there, too, and is never touched. */
extern char __data_start[], _end[];

static struct granule *granules;
static struct page *pages;
static u64 first_page;

void race_init(void)
{
	u64 size = (u64)_end - ALIGN_DOWN((u64)__data_start, PAGE_SIZE) + PAGE_SIZE;

	first_page = (u64)__data_start >> PAGE_SHIFT;
	granules = mmap(NULL, size / 8 * sizeof(struct granule), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pages = calloc(size >> PAGE_SHIFT, sizeof(*pages));
	if (granules == MAP_FAILED || !pages)
		abort();
}

static bool is_shadowed(u64 address)
{
	return address >= (u64)__data_start && address < (u64)_end;
}

static struct page *page_of(u64 address)
{
	return &pages[(address >> PAGE_SHIFT) - first_page];
}

static struct granule *granule_of(u64 address)
{
	return &granules[(address - (first_page << PAGE_SHIFT)) / 8];
}

struct location **race_location(const volatile void *address)
{
	if (!is_shadowed((u64)address))
		return NULL;
	page_of((u64)address)->is_used = true;
	return &granule_of((u64)address)->locations;
}

static const char *describe(const struct access *access)
{
	if (access->flags & ACCESS_ATOMIC)
		return access->flags & ACCESS_WRITE ? "atomic store" : "atomic load";
	return access->flags & ACCESS_WRITE ? "store" : "load";
}

static void compare(u64 address, const struct access *old, const struct access *new)
{
	char kind[64];

	if (!(old->mask & new->mask) || old->cpu == new->cpu ||
	    !((old->flags | new->flags) & ACCESS_WRITE) ||
	    (old->flags & new->flags &ACCESS_ATOMIC) || views_knows(old->cpu, old->epoch))
		return;
	snprintf(kind, sizeof(kind), "race of %p and %p", old->pc, new->pc);
	fail(kind, "%s by CPU %u at @%p is not ordered after the %s by CPU %u at @%p (address %lx)",
	     describe(new), new->cpu, new->pc, describe(old), old->cpu, old->pc, address);
}

/* A later access of the same CPU and kind that covers an earlier one speaks for it. */
static void remember(struct granule *granule, const struct access *new)
{
	u32 oldest = 0;

	for (u32 i = 0; i < KEPT; i++) {
		const struct access *old = &granule->access[i];

		if (!old->mask || (old->cpu == new->cpu && old->flags == new->flags &&
				   !(old->mask & ~new->mask))) {
			granule->access[i] = *new;
			return;
		}
		/* Whoever races with what is ordered before a store would race with the store. */
		if ((new->flags &ACCESS_WRITE) && !(old->mask & ~new->mask) &&
		    old->cpu == new->cpu) {
			granule->access[i] = *new;
			return;
		}
		if (old->epoch < granule->access[oldest].epoch)
			oldest = i;
	}
	granule->access[oldest] = *new;
}

static void access_granule(u64 address, u64 size, struct access *new)
{
	struct granule *granule = granule_of(address);
	struct page *page = page_of(address);

	new->mask = (u8)(((1u << size) - 1) << (address & 7));
	page->is_used = true;
	compare(address, &page->cleared, new);
	for (u32 i = 0; i < KEPT; i++)
		compare(address, &granule->access[i], new);
	remember(granule, new);
	if ((new->flags &ACCESS_WRITE) && !(new->flags &ACCESS_ATOMIC) && granule->locations)
		views_overwritten(granule->locations, address, size);
}

void race_access(const volatile void *address, u64 size, u32 flags, const void *pc)
{
	u64 at = (u64)address, end = at + size;
	struct access new = { .pc = pc, .flags = (u8)flags };

	if (!running || machine_is_alone || !is_shadowed(at))
		return;
	new.cpu = (u8)cpu_number(running);
	new.epoch = views_epoch();
	while (at < end) {
		u64 next = MIN(ALIGN_DOWN(at, 8) + 8, end);

		access_granule(at, next - at, &new);
		at = next;
	}
	if ((flags & ACCESS_WRITE) && (u64)address >= DIRECT_BASE &&
	    (u64)address < DIRECT_BASE + HOST_MEMORY_SIZE)
		mmu_written(ptr_to_phys((const void *)address));
}

void race_clear_page(void *address, const void *pc)
{
	struct page *page = page_of((u64)address);
	struct granule *first = granule_of((u64)address);
	struct access new = { .pc = pc, .flags = ACCESS_WRITE, .mask = 0xff };

	if (!running || machine_is_alone || !is_shadowed((u64)address))
		return;
	new.cpu = (u8)cpu_number(running);
	new.epoch = views_epoch();
	compare((u64)address, &page->cleared, &new);
	page->cleared = new;
	for (u32 i = 0; page->is_used && i < PAGE_SIZE / 8; i++) {
		for (u32 k = 0; k < KEPT; k++) {
			compare((u64)address + i * 8, &first[i].access[k], &new);
			first[i].access[k].mask = 0;
		}
		views_overwritten(first[i].locations, (u64)address + i * 8, 8);
	}
}
