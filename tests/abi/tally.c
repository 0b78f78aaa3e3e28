// SPDX-License-Identifier: MIT
/*
 * Counts what each call returned.  extra[1] of a process of the suite is the
 * memory of the counters; the first one makes it.
 */
#include <user/startup.h>
#include <user/stdio.h>
#include "tally.h"

#define CALLS 256
#define STATUSES (TALLY_BYTES / sizeof(u32) / CALLS)
_Static_assert(TALLY_NO_STATUS == 1 - (long)STATUSES, "the last counter of a call");
#define TALLY_PAGES DIV_ROUND_UP(TALLY_BYTES, PAGE_SIZE)

long tally(u32 call, long status);
u32 tally_count(u32 call, long status);
long tally_syscall(u64 number, u64 handles, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 *v0,
		   u64 *v1);

static u32 (*counters)[STATUSES];
static handle_t memory;

handle_t tally_memory(void)
{
	return memory;
}

void tally_open(void)
{
	u64 made = startup->extra[1], address;

	if (made == HANDLE_NULL)
		must(cap_create(TYPE_MEMORY, TALLY_PAGES, &made), "cap_create");
	memory = (handle_t)made;
	must(mem_map(startup->self, memory, 0, TALLY_PAGES * PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
		     &address), "mem_map");
	tally_at((void *)address);
}

void tally_at(void *place)
{
	counters = (u32(*)[STATUSES])place;
}

long tally(u32 call, long status)
{
	bool is_status = status <= 0 && status > TALLY_NO_STATUS;

	if (counters)
		__atomic_fetch_add(&counters[call % CALLS][is_status ? -status : -TALLY_NO_STATUS],
				   1, __ATOMIC_RELAXED);
	return status;
}

void tally_clear(void)
{
	for (u32 call = 0; call < CALLS; call++)
		for (u32 i = 0; i < STATUSES; i++)
			__atomic_store_n(&counters[call][i], 0, __ATOMIC_RELAXED);
}

u32 tally_count(u32 call, long status)
{
	return __atomic_load_n(&counters[call][-status], __ATOMIC_RELAXED);
}

long tally_syscall(u64 number, u64 handles, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 *v0,
		   u64 *v1)
{
	return tally((u32)number, __syscall(number, handles, a0, a1, a2, a3, a4, v0, v1));
}
