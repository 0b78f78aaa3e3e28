// SPDX-License-Identifier: MIT
/*
 * Memory: mapping, access, sealing, and that what is gone is gone everywhere.
 */
#include "test.h"

#define SELF startup->self
#define RW (MAP_READ | MAP_WRITE)
#define HIGH 0x2000000000UL /* an address nothing is at */

static void test_map(void)
{
	handle_t memory = create(TYPE_MEMORY, 4), reader, root, deep, ended = ended_process();
	u64 at = 0, done;
	u32 zero = 1;

	WANT(mem_map(SELF, memory, HIGH, 4 * PAGE_SIZE, 0, RW, &at), ST_OK);
	check(at == HIGH, "it is mapped where it was asked for");
	for (u64 i = 0; i < 4 * PAGE_SIZE / 8; i++)
		zero &= ((volatile u64 *)HIGH)[i] == 0;
	check(zero, "fresh memory is zero");
	WANT(mem_map(SELF, memory, HIGH, PAGE_SIZE, 0, RW, NULL), ST_EXISTS);
	WANT(mem_map(SELF, memory, HIGH + 1, PAGE_SIZE, 0, RW, NULL), ST_INVALID);
	WANT(mem_map(SELF, memory, 0, 0, 0, RW, NULL), ST_INVALID);
	WANT(mem_map(SELF, memory, 0, 5 * PAGE_SIZE, 0, RW, NULL), ST_INVALID);
	WANT(mem_map(SELF, memory, 0, PAGE_SIZE, ~(PAGE_SIZE - 1), RW, NULL), ST_INVALID);
	WANT(mem_map(SELF, memory, PAGE_SIZE, PAGE_SIZE, 0, RW, NULL), ST_INVALID);
	WANT(mem_map(SELF, memory, ~(PAGE_SIZE - 1), PAGE_SIZE, 0, RW, NULL), ST_INVALID);
	WANT(mem_map(SELF, memory, 0, PAGE_SIZE, 0, 0, NULL), ST_INVALID);
	WANT(mem_map(SELF, memory, 0, PAGE_SIZE, 0, RW | MAP_EXECUTE, NULL), ST_INVALID);
	WANT(mem_map(ended, memory, 0, PAGE_SIZE, 0, RW, NULL), ST_DEAD);
	reader = weaker(memory, RIGHT_READ);
	WANT(mem_map(SELF, reader, 0, PAGE_SIZE, 0, RW, NULL), ST_NORIGHTS);
	deep = deepest(memory, &root);
	WANT(mem_map(SELF, deep, 0, PAGE_SIZE, 0, RW, NULL), ST_DEPTH);
	(void)cap_delete(root);
	WANT(mem_unmap(SELF, HIGH + 1, PAGE_SIZE, &done), ST_INVALID);
	WANT(mem_unmap(SELF, HIGH + PAGE_SIZE, PAGE_SIZE, &done), ST_OK);
	*(volatile u64 *)HIGH = 1;
	*(volatile u64 *)(HIGH + 2 * PAGE_SIZE) = 1;
	check(true, "unmapping one page of four leaves the others");
	WANT(mem_protect(SELF, HIGH, 4 * PAGE_SIZE, MAP_READ, &done), ST_NOTFOUND);
	WANT(mem_unmap(SELF, HIGH, 4 * PAGE_SIZE, &done), ST_OK);
	check(done == 4 * PAGE_SIZE, "all of the range is reported done");
	(void)cap_delete(memory);
	(void)cap_delete(ended);
}

static void test_seal(void)
{
	handle_t memory = create(TYPE_MEMORY, 1);
	u64 at, done, info, flags;

	WANT(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_READ | MAP_EXECUTE, NULL), ST_SEALED);
	must(mem_map(SELF, memory, 0, PAGE_SIZE, 0, RW, &at), "mem_map");
	WANT(mem_seal(memory), ST_BUSY);
	WANT(mem_protect(SELF, at, PAGE_SIZE, MAP_READ | MAP_EXECUTE, &done), ST_SEALED);
	WANT(mem_protect(SELF, at, PAGE_SIZE, RW | MAP_EXECUTE, &done), ST_INVALID);
	WANT(mem_protect(SELF, at, PAGE_SIZE, MAP_READ, &done), ST_OK);
	must(mem_unmap(SELF, at, PAGE_SIZE, &done), "mem_unmap");
	WANT(mem_seal(memory), ST_OK);
	WANT(mem_map(SELF, memory, 0, PAGE_SIZE, 0, RW, NULL), ST_SEALED);
	WANT(mem_info(memory, MEM_INFO_SIZE, 0, &info, &flags), ST_OK);
	check(info == 1 && flags == MEM_FLAG_SEALED, "it is one sealed page");
	must(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_READ, &at), "mem_map");
	WANT(mem_protect(SELF, at, PAGE_SIZE, RW, &done), ST_SEALED);
	WANT(mem_unmap(SELF, at, PAGE_SIZE, &done), ST_OK);
	WANT(mem_info(memory, 99, 0, &info, &flags), ST_INVALID);
	WANT(mem_info(memory, MEM_INFO_PHYSICAL, 1, &info, &flags), ST_INVALID);
	(void)cap_delete(memory);
}

static void test_protect_rights(void)
{
	handle_t memory = create(TYPE_MEMORY, 1), reader = weaker(memory, RIGHT_READ);
	handle_t no_dma = weaker(memory, RIGHTS_ALL & ~RIGHT_DMA);
	u64 at, done, first, second;

	must(mem_map(SELF, reader, 0, PAGE_SIZE, 0, MAP_READ, &at), "mem_map");
	WANT(mem_protect(SELF, at, PAGE_SIZE, RW, &done), ST_NORIGHTS);
	WANT(mem_info(no_dma, MEM_INFO_PHYSICAL, 0, &first, &second), ST_NORIGHTS);
	(void)mem_unmap(SELF, at, PAGE_SIZE, NULL);
	(void)cap_delete(memory);
}

/* A process loops on another CPU, reading a page; it must have faulted when the page is gone. */
static void gone_everywhere(const char *how, bool revoke)
{
	u64 base, at, counter_at, mine, thread, before, kind = 0, address = 0, second;
	handle_t process = process_with_code(&base), counter = create(TYPE_MEMORY, 1);
	handle_t page = create(TYPE_MEMORY, 1), child = weaker(page, RIGHTS_ALL);
	volatile u64 *count;

	must(mem_map(SELF, counter, 0, PAGE_SIZE, 0, RW, &mine), "mem_map");
	count = (volatile u64 *)mine;
	must(mem_map(process, counter, 0, PAGE_SIZE, 0, RW, &counter_at), "mem_map");
	must(mem_map(SELF, page, HIGH, PAGE_SIZE, 0, RW, NULL), "mem_map");
	*(volatile u64 *)HIGH = counter_at;
	must(mem_map(process, child, 0, PAGE_SIZE, 0, MAP_READ, &at), "mem_map");
	must(thread_create(process, base + BLOB(blob_read_loop), 0, at,
			   THREAD_PRIORITY(8) | THREAD_CPU(cpus_online() - 1) | THREAD_NO_PAGE |
				   THREAD_START, &thread, NULL), "thread_create");
	while (!*count)
		sleep_for(MILLISECOND);
	if (revoke)
		must(cap_revoke(page), "cap_revoke");
	else
		must(mem_unmap(process, at, PAGE_SIZE, NULL), "mem_unmap");
	before = *count;
	sleep_for(10 * MILLISECOND);
	/* One step may lie between the read and its count. */
	check(*count <= before + 1, "%s: another CPU's loop reads it no more", how);
	must(program_wait(process, PATIENCE), "program_wait");
	(void)process_info(process, PROCESS_INFO_EXIT, &second, &kind);
	(void)process_info(process, PROCESS_INFO_FAULT, &address, &second);
	check(kind == FAULT_READ && address == at, "%s: it ended by a read fault there", how);
	(void)mem_unmap(SELF, HIGH, PAGE_SIZE, NULL);
	(void)mem_unmap(SELF, mine, PAGE_SIZE, NULL);
	(void)cap_delete(process);
	(void)cap_delete(page);
	(void)cap_delete(counter);
}

void test_memory(void)
{
	test_map();
	test_seal();
	test_protect_rights();
	gone_everywhere("unmapped", false);
	gone_everywhere("revoked", true);
}
