/* SPDX-License-Identifier: MIT */
/*
 * What must hold for a struct boot_info after any of its parsers, also after one
 * that found a mistake: every count is within its array, every range is a range.
 */
#ifndef TESTS_FUZZ_BOOTINFO_H
#define TESTS_FUZZ_BOOTINFO_H

#include "fuzz.h"
#include <kernel/bootinfo.h>

static inline void check_ranges(const struct boot_range *range, u32 count)
{
	FUZZ_ASSERT(count <= BOOT_MAX_RANGES);
	for (u32 i = 0; i < count; i++) {
		FUZZ_ASSERT(!range_overflows(range[i].base, range[i].size));
		FUZZ_ASSERT(range[i].node < BOOT_MAX_NODES);
	}
}

static inline void check_bootinfo(const struct boot_info *info)
{
	check_ranges(info->usable, info->nr_usable);
	check_ranges(info->reserved, info->nr_reserved);
	FUZZ_ASSERT(!range_overflows(info->archive, info->archive_size));
	FUZZ_ASSERT(memchr(info->cmdline, 0, BOOT_CMDLINE_SIZE));
	FUZZ_ASSERT(info->seed_size <= BOOT_SEED_SIZE);
	FUZZ_ASSERT(info->nr_cpus <= BOOT_MAX_CPUS);
	FUZZ_ASSERT(info->nr_nodes <= BOOT_MAX_NODES);
	for (u32 i = 0; i < info->nr_cpus; i++) {
		FUZZ_ASSERT(info->cpus[i].node < BOOT_MAX_NODES);
		for (u32 j = 0; j < i; j++)
			FUZZ_ASSERT(info->cpus[i].hwid != info->cpus[j].hwid);
	}
	FUZZ_ASSERT(info->nr_plic_contexts <= ARRAY_SIZE(info->plic_context));
	FUZZ_ASSERT(info->nr_ioapics <= BOOT_MAX_IOAPICS);
	FUZZ_ASSERT(info->nr_overrides <= BOOT_MAX_OVERRIDES);
}

#endif
