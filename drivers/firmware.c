// SPDX-License-Identifier: MIT
/*
 * Collecting what firmware tells: the append functions of struct boot_info,
 * used by the boot protocols of the architectures and by the table parsers.
 * They keep the arrays in bounds and count what does not fit.
 */
#include <kernel/bootinfo.h>

/* Return: false if the list is full; an empty range is dropped without loss. */
static bool add_range(struct boot_range *list, u32 *count, struct boot_range range)
{
	if (!range.size)
		return true;
	/* So that base + size is a number: the last byte of the number space is no memory. */
	if (range_overflows(range.base, range.size))
		range.size = ~0UL - range.base;
	if (*count == BOOT_MAX_RANGES)
		return false;
	list[(*count)++] = range;
	return true;
}

void boot_info_add_usable(struct boot_info *info, paddr_t base, u64 size, u32 node)
{
	struct boot_range range = { .base = base, .size = size, .node = node };

	if (!add_range(info->usable, &info->nr_usable, range))
		info->nr_ranges_lost++;
}

void boot_info_add_reserved(struct boot_info *info, paddr_t base, u64 size)
{
	struct boot_range range = { .base = base, .size = size };

	if (!add_range(info->reserved, &info->nr_reserved, range))
		info->nr_ranges_lost++;
}

const struct boot_range *boot_info_usable_around(const struct boot_info *info, paddr_t base,
						 u64 size)
{
	for (const struct boot_range *r = info->usable; r < info->usable + info->nr_usable; r++)
		if (range_within(base, size, r->base, r->base + r->size))
			return r;
	return NULL;
}

bool boot_info_place_image(struct boot_info *info, paddr_t start, paddr_t end, paddr_t limit)
{
	const struct boot_range *range = boot_info_usable_around(info, start, end - start);

	info->kernel_start = start;
	info->kernel_end = end;
	if (!range)
		return false;
	info->early_start = range->base;
	info->early_end = MIN(range->base + range->size, limit);
	return true;
}

bool boot_ranges_overlap(const struct boot_range *range, u32 count, paddr_t base, u64 size)
{
	for (u32 i = 0; i < count; i++)
		if (ranges_overlap(base, size, range[i].base, range[i].size))
			return true;
	return false;
}

void boot_info_add_cpu(struct boot_info *info, u64 hwid, u32 node, u32 intc)
{
	for (u32 i = 0; i < info->nr_cpus; i++)
		if (info->cpus[i].hwid == hwid)
			return;
	if (info->nr_cpus == BOOT_MAX_CPUS) {
		info->nr_cpus_lost++;
		return;
	}
	info->cpus[info->nr_cpus++] = (struct boot_cpu){ .hwid = hwid, .node = node, .intc = intc };
}
