// SPDX-License-Identifier: MIT
/*
 * Device memory.
 */
#include "test.h"

#define SYSTEM startup->system

static void test_device_memory(void)
{
	u64 memory = 0, physical = 0, unused, info, flags;
	handle_t ram = create(TYPE_MEMORY, 1);
	u64 at;

	WANT(mem_create_device(SYSTEM, 1, 1, MEM_DEVICE, &memory), ST_INVALID);
	WANT(mem_create_device(SYSTEM, 0, 0, MEM_DEVICE, &memory), ST_INVALID);
	WANT(mem_create_device(SYSTEM, 0, 1, 7, &memory), ST_INVALID);
	WANT(mem_create_device(SYSTEM, ~0UL << 60, 1, MEM_DEVICE, &memory), ST_INVALID);
	must(mem_map(startup->self, ram, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, &at), "mem_map");
	*(volatile u64 *)at = 1;
	WANT(mem_info(ram, MEM_INFO_PHYSICAL, 0, &physical, &unused), ST_OK);
	WANT(mem_create_device(SYSTEM, physical, 1, MEM_DEVICE, &memory), ST_BUSY);
	if (KERNEL_DEVICE) {
		WANT(mem_create_device(SYSTEM, KERNEL_DEVICE, 1, MEM_DEVICE, &memory), ST_BUSY);
		WANT(mem_create_device(SYSTEM, KERNEL_DEVICE - PAGE_SIZE, 3, MEM_DEVICE, &memory),
		     ST_BUSY);
	}
	/* Beyond every device of these machines, but inside their physical addresses. */
	WANT(mem_create_device(SYSTEM, 0xf0000000UL, 1, MEM_DEVICE, &memory), ST_OK);
	WANT(mem_info((handle_t)memory, MEM_INFO_SIZE, 0, &info, &flags), ST_OK);
	check(flags & MEM_FLAG_DEVICE, "it is known as a device range");
	WANT(mem_seal((handle_t)memory), ST_INVALID);
	(void)cap_delete((handle_t)memory);
	(void)mem_unmap(startup->self, at, PAGE_SIZE, NULL);
	(void)cap_delete(ram);
}

/* As much as one object can be: 512 page tables, made and taken apart in steps. */
static void test_large_range(void)
{
	const u64 pages = 1UL << 18, size = pages * PAGE_SIZE;
	u64 memory = 0, at = 0, done = 0;

	WANT(mem_create_device(SYSTEM, 1UL << 36, pages, MEM_DEVICE, &memory), ST_OK);
	WANT(mem_map(startup->self, (handle_t)memory, 0, size, 0, MAP_READ, &at), ST_OK);
	WANT(mem_map(startup->self, (handle_t)memory, at + size - PAGE_SIZE, PAGE_SIZE, 0, MAP_READ,
		     NULL), ST_EXISTS);
	WANT(mem_unmap(startup->self, at, size, &done), ST_OK);
	check(done == size, "1 GiB is mapped and unmapped (%#lx bytes)", done);
	WANT(mem_map(startup->self, (handle_t)memory, at, size, 0, MAP_READ, NULL), ST_OK);
	WANT(cap_delete((handle_t)memory), ST_OK);
}

void test_device(void)
{
	test_device_memory();
	test_large_range();
}
