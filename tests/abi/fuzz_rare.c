// SPDX-License-Identifier: MIT
/*
 * What hardly comes by itself: no memory and no room for capabilities, and the
 * calls that do not return.  All of it is done by the first thread only.
 */
#include "fuzz.h"

#define HOARD 8192
#define ROUNDS 12
#define WIDE 4096UL /* pages of a mapping that is cut to pieces */

#define MOST_SLOTS 65536

static handle_t hoard[HOARD];
static u32 nr_hoarded;
static handle_t wide, root; /* @root: its children fill the slots */
static u64 wide_address, nr_cut;

/* ---- droughts ---- */

static bool take(u64 type, u64 argument)
{
	u64 handle;

	if (nr_hoarded == HOARD || cap_create(type, argument, &handle) != ST_OK)
		return false;
	hoard[nr_hoarded++] = (handle_t)handle;
	return true;
}

static bool take_device(void)
{
	u64 handle;

	if (nr_hoarded == HOARD ||
	    mem_create_device(startup->extra[0], 0xf0000000UL, 1, MEM_DEVICE, &handle) != ST_OK)
		return false;
	hoard[nr_hoarded++] = (handle_t)handle;
	return true;
}

static bool take_ports(void)
{
	u64 handle;

	if (!HAS_PORTS || nr_hoarded == HOARD ||
	    ioport_create(startup->extra[0], 0x2e8, 8, &handle) != ST_OK)
		return false;
	hoard[nr_hoarded++] = (handle_t)handle;
	return true;
}

/* Every frame, then what is left inside of frames that are paid for. */
static void take_memory(void)
{
	for (u64 pages = 1UL << 16; pages; pages >>= 1)
		while (take(TYPE_MEMORY, pages))
			;
	for (u64 type = TYPE_ENDPOINT; type <= TYPE_NOTIFICATION; type++)
		while (take(type, 0))
			;
	while (take_device())
		;
	while (take_ports())
		;
}

static void map_wide(void)
{
	(void)mem_map(startup->self, wide, 0, WIDE * PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
		      &wide_address);
	nr_cut = 0;
}

/* Each cut makes two regions of one. */
static void take_regions(void)
{
	while (2 * nr_cut + 1 < WIDE &&
	       mem_unmap(startup->self, wide_address + (2 * nr_cut + 1) * PAGE_SIZE, PAGE_SIZE,
			 NULL) == ST_OK)
		nr_cut++;
	(void)mem_protect(startup->self, wide_address + (WIDE - 3) * PAGE_SIZE, PAGE_SIZE, MAP_READ,
			  NULL);
}

static void give_all(void)
{
	(void)mem_unmap(startup->self, wide_address, WIDE * PAGE_SIZE, NULL);
	(void)cap_revoke(root);
	while (nr_hoarded)
		(void)cap_delete(hoard[--nr_hoarded]);
	map_wide();
}

/* Without memory a space does not grow, so the slots that it has can be filled. */
static void take_slots(void)
{
	u64 handle;

	for (u32 i = 0; i < MOST_SLOTS; i++)
		if (cap_derive(root, RIGHTS_ALL, 0, &handle) != ST_OK)
			break;
}

/* Those of a process in the pools: they go with it. */
static void take_slots_there(struct fuzzer *fuzzer)
{
	handle_t process = fuzz_handle(fuzzer, TYPE_PROCESS);
	handle_t source = fuzz_handle(fuzzer, TYPE_NOTIFICATION);

	for (u32 i = 0; i < HOARD; i++)
		if (cap_copy(source, process, CAP_LEND, RIGHTS_ALL, 0, NULL) != ST_OK)
			break;
}

void fuzz_drought(struct fuzzer *fuzzer, void (*calls)(struct fuzzer *fuzzer))
{
	bool is_full = fuzz_one_in(fuzzer, 2);

	for (u32 i = 0; i < ROUNDS; i++) {
		take_memory();
		take_regions();
		take_slots_there(fuzzer);
		if (is_full)
			take_slots();
		calls(fuzzer);
	}
	give_all();
}

void fuzz_rare_start(void)
{
	root = create(TYPE_NOTIFICATION, 0);
	wide = create(TYPE_MEMORY, WIDE);
	map_wide();
}

/* ---- those that do not return ---- */

static u64 nr_threads(void)
{
	u64 state, count = 0;

	(void)process_info(startup->self, PROCESS_INFO_STATE, &state, &count);
	return count;
}

/* Until it is off the books: uthread_kill() counts, too. */
void fuzz_end_thread(void)
{
	u64 before = nr_threads(), thread;

	if (thread_create(startup->self, (u64)blob_thread_exit, 0, 0,
			  THREAD_PRIORITY(40) | THREAD_NO_PAGE | THREAD_START, &thread,
			  NULL) != ST_OK)
		return;
	while (nr_threads() > before)
		sleep_for(MILLISECOND / 10);
	(void)tally(SYS_thread_exit, ST_OK);
	(void)cap_delete((handle_t)thread);
}

/* Not until the reaper has taken it apart: that lets all of us run first. */
void fuzz_end_process(void)
{
	u64 base, thread, state = 0, threads;
	handle_t process = process_with_code(&base);

	if (thread_create(process, base + BLOB(blob_process_exit), base, 5,
			  THREAD_PRIORITY(40) | THREAD_NO_PAGE | THREAD_START, &thread,
			  NULL) != ST_OK)
		fail("no process to end");
	(void)cap_delete((handle_t)thread);
	while (process_info(process, PROCESS_INFO_STATE, &state, &threads) == ST_OK &&
	       state < PROCESS_STATE_ENDING)
		sleep_for(MILLISECOND / 10);
	(void)tally(SYS_process_exit, ST_OK);
	(void)cap_delete(process);
}
