// SPDX-License-Identifier: MIT
/*
 * Device memory.
 */
#include "test.h"

#define SYSTEM startup->system
#define MARK 0x77000UL /* an address where nobody has anything */
#ifdef CONFIG_HOST
#define READS_DEVICES false /* the simulator has none */
#else
#define READS_DEVICES true
#endif

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
	check(flags & MEM_FLAG_DEVICE, "it is known as a device range (flags %#lx)", flags);
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

/* Somebody else reads what is at @memory. Return: the reading ends in a fault, and not in @alias. */
static bool is_nothing_there(handle_t memory, const volatile u64 *alias)
{
	handle_t faults = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);
	struct message message = { .flags = MSG_TIMEOUT, .deadline = now() + PATIENCE };
	u64 base, at, thread, before = *alias;
	handle_t process = process_with_code(&base);
	bool faults_there;

	must(process_set_fault(process, faults), "process_set_fault");
	must(mem_map(process, memory, 0, PAGE_SIZE, 0, MAP_READ, &at), "mem_map");
	/* What it reads it takes for the address of a counter. */
	must(thread_create(process, base + BLOB(blob_read_loop), 0, at,
			   THREAD_PRIORITY(32) | THREAD_NO_PAGE | THREAD_START, &thread, NULL),
	     "thread_create");
	faults_there = ipc_receive(faults, reply, &message) == ST_OK;
	(void)cap_destroy(process);
	(void)cap_delete((handle_t)thread);
	(void)cap_delete(reply);
	(void)cap_delete(faults);
	return faults_there && message.word[FAULT_WORD_ADDRESS] != MARK && *alias == before;
}

/*
 * Addresses that are memory of ours but for one bit far above: either they are
 * refused, or nothing is there.  What a page table cannot name must not arrive there
 * as something else.
 */
static void test_beyond(void)
{
	handle_t ram;
	volatile u64 *word = memory_new(1, &ram);
	u64 physical = 0, unused, device = HANDLE_NULL;
	u32 accepted = 0;

	if (!word)
		fail("no memory");
	*word = MARK;
	must(mem_info(ram, MEM_INFO_PHYSICAL, 0, &physical, &unused), "mem_info");
	for (u32 bit = 36; bit < 64; bit++) {
		u64 base = physical | 1UL << bit;
		long status = mem_create_device(SYSTEM, base, 1, MEM_CACHED, &device);

		if (status == ST_INVALID)
			continue;
		gave(status, ST_OK, "a device at %#lx", base);
		check(bit < 56, "which is no address beyond all tables (bit %u)", bit);
		if (READS_DEVICES)
			check(is_nothing_there((handle_t)device, word), "nothing is at %#lx", base);
		(void)cap_delete((handle_t)device);
		accepted++;
	}
	check(accepted > 0, "some of these addresses could be a device's (%u)", accepted);
	memory_free((void *)word, 1, ram);
}

void test_device(void)
{
	test_device_memory();
	test_large_range();
	test_beyond();
}
