// SPDX-License-Identifier: MIT
/*
 * What PVH and Multiboot2 loaders hand over.  The first byte chooses the
 * protocol, the rest is memory from BASE on; the structure begins there.  Each
 * view is a copy of its exact size, so that reading beyond it is seen.
 */
#include "bootinfo.h"
#include <kernel/handover.h>
#include <kernel/printk.h>

#define BASE 0x98000UL

static struct {
	const u8 *data;
	size_t size;
	void *view;
} memory;

void printk(enum log_level level, const char *format, ...)
{
	FUZZ_ASSERT(level <= LOG_DEBUG && *format);
}

static const void *map(paddr_t base, size_t size)
{
	free(memory.view);
	memory.view = NULL;
	if (!range_within(base, size, BASE, BASE + memory.size))
		return NULL;
	memory.view = fuzz_copy(memory.data + (base - BASE), size);
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
	memset(&info, 0, sizeof(info));
	error = data[0] & 1 ? multiboot_parse(BASE, map, &info) : pvh_parse(BASE, map, &info);
	free(memory.view);
	memory.view = NULL;
	FUZZ_ASSERT(!error || *error);
	check_bootinfo(&info);
	return 0;
}
