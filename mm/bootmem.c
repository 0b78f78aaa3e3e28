// SPDX-License-Identifier: MIT
/*
 * Memory before the frame allocator.
 *
 * Owns two sets of ranges made out of what firmware told: all memory the
 * direct map is to show, and the part of it that is free.  Firmware's ranges
 * may be unordered, unaligned and overlapping; usable ones are rounded
 * inwards and reserved ones outwards, so that doubt always makes memory less.
 * What bootmem_alloc() hands out is never given back.
 */
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <lib/string.h>

#include "internal.h"

struct range_set bootmem_ram, bootmem_free;

/* Until the final tables are in use, the direct map shows only this much. */
static paddr_t window_start, window_end;

static paddr_t range_end(const struct boot_range *range)
{
	return range->base + range->size;
}

static void range_set_append(struct range_set *set, paddr_t base, paddr_t end)
{
	if (base >= end)
		return;
	if (set->nr == RANGE_SET_MAX) {
		set->nr_lost++;
		return;
	}
	set->range[set->nr++] = (struct boot_range){ .base = base, .size = end - base };
}

void range_set_add(struct range_set *set, paddr_t base, paddr_t end)
{
	u32 i = 0;

	if (base >= end)
		return;
	/* The new range swallows all it touches; its growth may make it touch more, so start over. */
	while (i < set->nr) {
		struct boot_range *range = &set->range[i];

		if (range->base > end || range_end(range) < base) {
			i++;
			continue;
		}
		base = MIN(base, range->base);
		end = MAX(end, range_end(range));
		*range = set->range[--set->nr];
		i = 0;
	}
	range_set_append(set, base, end);
}

void range_set_remove(struct range_set *set, paddr_t base, paddr_t end)
{
	u32 i = 0;

	while (i < set->nr && base < end) {
		struct boot_range old = set->range[i];

		if (old.base >= end || range_end(&old) <= base) {
			i++;
			continue;
		}
		/* Its place takes the last one, looked at next; what is left of it does not overlap. */
		set->range[i] = set->range[--set->nr];
		range_set_append(set, old.base, base);
		range_set_append(set, end, range_end(&old));
	}
}

/* The end of a range, saturated: a range that wraps around ends at the top. */
static paddr_t clamp_end(paddr_t base, u64 size)
{
	return range_overflows(base, size) ? ALIGN_DOWN(~0UL, PAGE_SIZE) : base + size;
}

static void remove_outwards(paddr_t base, u64 size)
{
	paddr_t end = clamp_end(base, size);

	if (size)
		range_set_remove(&bootmem_free, ALIGN_DOWN(base, PAGE_SIZE),
				 ALIGN_UP(MIN(end, ALIGN_DOWN(~0UL, PAGE_SIZE)), PAGE_SIZE));
}

static void show_outwards(paddr_t base, u64 size)
{
	if (size && !range_overflows(base, size + PAGE_SIZE))
		range_set_add(&bootmem_ram, ALIGN_DOWN(base, PAGE_SIZE),
			      ALIGN_UP(base + size, PAGE_SIZE));
}

void bootmem_init(const struct boot_info *info)
{
	u64 image = info->kernel_end - info->kernel_start;
	u64 pages = 0;

	for (u32 i = 0; i < info->nr_usable; i++) {
		const struct boot_range *range = &info->usable[i];
		paddr_t end = ALIGN_DOWN(clamp_end(range->base, range->size), PAGE_SIZE);

		if (range->base >= end)
			continue;
		range_set_add(&bootmem_free, ALIGN_UP(range->base, PAGE_SIZE), end);
		range_set_add(&bootmem_ram, ALIGN_UP(range->base, PAGE_SIZE), end);
	}
	for (u32 i = 0; i < info->nr_reserved; i++)
		remove_outwards(info->reserved[i].base, info->reserved[i].size);
	remove_outwards(info->kernel_start, image);
	remove_outwards(info->archive, info->archive_size);
	remove_outwards(info->firmware, info->firmware_size);
	remove_outwards(0, PAGE_SIZE); /* frame 0 means "none" */
	show_outwards(info->kernel_start, image);
	show_outwards(info->archive, info->archive_size);
	show_outwards(info->firmware, info->firmware_size);

	for (u32 i = 0; i < bootmem_free.nr; i++)
		pages += bootmem_free.range[i].size >> PAGE_SHIFT;
	if (!pages)
		panic("the boot loader left no usable memory (%u ranges usable, %u reserved)",
		      info->nr_usable, info->nr_reserved);
	if (info->nr_ranges_lost || bootmem_free.nr_lost)
		pr_warning("memory: %u ranges too many, left unused",
			   info->nr_ranges_lost + bootmem_free.nr_lost);
	window_start = info->early_start;
	window_end = info->early_end;
}

void bootmem_set_mapped(void)
{
	window_start = 0;
	window_end = ~0UL;
}

/* The highest place for @size bytes: low memory is scarce and wanted for DMA. */
static paddr_t bootmem_find(u64 size)
{
	paddr_t best = 0;

	for (u32 i = 0; i < bootmem_free.nr; i++) {
		const struct boot_range *range = &bootmem_free.range[i];
		paddr_t start = MAX(range->base, ALIGN_UP(window_start, PAGE_SIZE));
		paddr_t end = MIN(range_end(range), ALIGN_DOWN(window_end, PAGE_SIZE));

		if (start < end && end - start >= size)
			best = MAX(best, end - size);
	}
	return best;
}

void *bootmem_alloc(size_t size)
{
	paddr_t base;

	ASSERT(!frame_is_ready());
	size = ALIGN_UP(size, PAGE_SIZE);
	base = bootmem_find(size);
	if (!base)
		panic("no room for %lu bytes during boot (window %lx-%lx)", (u64)size, window_start,
		      window_end);
	range_set_remove(&bootmem_free, base, base + size);
	memset(phys_to_ptr(base), 0, size);
	return phys_to_ptr(base);
}
