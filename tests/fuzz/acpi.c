// SPDX-License-Identifier: MIT
/*
 * drivers/acpi: the input is physical memory from BASE on, beginning with the
 * root pointer.  Its first byte is not part of it: bit 0 repairs the checksum of
 * each view, because no fuzzer guesses checksums; bit 1 takes one range of usable
 * memory away, so that both an empty and a filled list are cut by the SRAT.
 *
 * Each view is a copy of its exact size that replaces the last one, so the
 * sanitizer sees reads outside of a view and uses of an old view.
 */
#include "bootinfo.h"

#define BASE 0x7fe0000UL
#define MODE_REPAIR 1
#define MODE_NO_MEMORY 2
#define VIEWS_MAX 100000

static struct {
	const u8 *data;
	size_t size;
	u8 mode;
	u8 *view;
	unsigned int nr_views;
} memory;

static void repair(u8 *view, size_t size)
{
	/* The root pointer has its sums at 8 and, from 36 bytes on, at 32; tables have theirs at 9. */
	size_t at = memcmp(view, "RSD PTR ", 8) != 0 ? 9 : size > 20 ? 32 : 8;
	u8 sum = 0;

	view[at] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (u8)(sum + view[i]);
	view[at] = (u8)(0 - sum);
}

static const void *map(paddr_t base, size_t size)
{
	FUZZ_ASSERT(++memory.nr_views < VIEWS_MAX);
	free(memory.view);
	memory.view = NULL;
	if (!range_within(base, size, BASE, BASE + memory.size))
		return NULL;
	memory.view = fuzz_copy(memory.data + (base - BASE), size);
	if ((memory.mode & MODE_REPAIR) && size >= 20)
		repair(memory.view, size);
	return memory.view;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct boot_info info;
	const char *error;

	if (!size)
		return 0;
	memory.data = data + 1;
	memory.size = size - 1;
	memory.mode = data[0];
	memory.nr_views = 0;
	memset(&info, 0, sizeof(info));
	boot_info_add_usable(&info, 0, 0x9fc00, 0);
	if (!(memory.mode & MODE_NO_MEMORY))
		boot_info_add_usable(&info, 0x100000, 0x1ff00000 - 0x100000, 0);
	error = acpi_parse(BASE, map, &info);
	free(memory.view);
	memory.view = NULL;
	FUZZ_ASSERT(!error || *error);
	FUZZ_ASSERT(error || info.nr_cpus);
	check_bootinfo(&info);
	return 0;
}
