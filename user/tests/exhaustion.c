// SPDX-License-Identifier: MIT
/*
 * No memory left: every call that needs some says so, and nothing is lost.
 * The suite takes all frames for the time; the servers need none meanwhile.
 */
#include "test.h"

#define HOARD 4096
#define SYSTEM startup->system
#define SELF startup->self

static handle_t *hoard;
static u32 nr_hoarded;

static u64 frames(void)
{
	u64 available = 0, unused;

	must(system_info(SYSTEM, INFO_MEMORY_QUOTA, 0, &available, &unused), "system_info");
	return available;
}

/* Objects of falling size, down to single pages, until nothing fits. */
static void take_all(void)
{
	for (u64 pages = 1UL << 16; pages; pages >>= 1) {
		u64 handle;

		while (nr_hoarded < HOARD && cap_create(TYPE_MEMORY, pages, &handle) == ST_OK)
			hoard[nr_hoarded++] = (handle_t)handle;
	}
}

static void give_all(void)
{
	while (nr_hoarded)
		(void)cap_delete(hoard[--nr_hoarded]);
}

/* Small objects fill what is left inside frames that are already paid for. */
static void fill_slabs(u64 type)
{
	u64 handle;

	while (nr_hoarded < HOARD && cap_create(type, 0, &handle) == ST_OK)
		hoard[nr_hoarded++] = (handle_t)handle;
}

struct prepared {
	handle_t process, endpoint, bits, memory, reply;
	u64 wide, irq, line;
};

static void prepare(struct prepared *p)
{
	u64 lines, unused;

	p->process = create(TYPE_PROCESS, 0);
	p->endpoint = create(TYPE_ENDPOINT, 0);
	p->bits = create(TYPE_NOTIFICATION, 0);
	p->memory = create(TYPE_MEMORY, 16);
	p->reply = create(TYPE_REPLY, 0);
	must(mem_map(SELF, p->memory, 0, 16 * PAGE_SIZE, 0, MAP_READ | MAP_WRITE, &p->wide), "mem_map");
	must(system_info(SYSTEM, INFO_IRQS, 0, &lines, &unused), "system_info");
	for (p->line = lines - 1; p->line && irq_create(SYSTEM, p->line, &p->irq) != ST_OK; p->line--)
		;
}

/* Until @status comes, and at least once: what partly filled slabs still hold goes first. */
static bool until(long (*attempt)(struct prepared *), struct prepared *p, long status)
{
	long is = ST_OK;

	for (u32 i = 0; i < HOARD && is == ST_OK; i++)
		is = attempt(p);
	return is == status;
}

static long try_thread(struct prepared *p)
{
	u64 thread;

	return thread_create(p->process, PAGE_SIZE, PAGE_SIZE, 0, 0, &thread, NULL);
}

static long try_map(struct prepared *p)
{
	return mem_map(p->process, p->memory, 0, PAGE_SIZE, 0, MAP_READ, NULL);
}

static long try_device(struct prepared *p)
{
	u64 handle;

	(void)p;
	return mem_create_device(SYSTEM, 0xf0000000UL, 1, MEM_DEVICE, &handle);
}

static long try_protect(struct prepared *p)
{
	static u64 page = 1;
	long status = mem_protect(SELF, p->wide + page * PAGE_SIZE, PAGE_SIZE, MAP_READ, NULL);

	page += 2;
	return page < 16 ? status : ST_INVALID;
}

static long try_derive(struct prepared *p)
{
	u64 child;

	return cap_derive(p->bits, RIGHTS_ALL, 0, &child);
}

static long try_copy(struct prepared *p)
{
	u64 child;

	return cap_copy(p->bits, p->process, CAP_LEND, RIGHTS_ALL, 0, &child);
}

static void test_no_memory(struct prepared *p)
{
	u64 handle;
	bool memory, thread, map, device;

	take_all();
	memory = cap_create(TYPE_MEMORY, 1, &handle) == ST_NOMEM;
	fill_slabs(TYPE_ENDPOINT);
	fill_slabs(TYPE_MEMORY);
	thread = until(try_thread, p, ST_NOMEM);
	map = until(try_map, p, ST_NOMEM);
	device = until(try_device, p, ST_NOMEM);
	(void)until(try_protect, p, ST_NOMEM);
	give_all();
	check(memory, "cap_create without memory: NOMEM");
	check(thread, "thread_create without memory: NOMEM");
	check(map, "mem_map without memory: NOMEM");
	check(device, "mem_create_device without memory: NOMEM");
}

static void test_no_slots(struct prepared *p)
{
	bool derive, copy;

	take_all();
	derive = until(try_derive, p, ST_NOSLOTS);
	copy = until(try_copy, p, ST_NOSLOTS);
	give_all();
	check(derive, "cap_derive without room: NOSLOTS");
	check(copy, "cap_copy without room: NOSLOTS");
}

static void test_exact(void)
{
	u64 before, after = 0, one;

	before = frames();
	take_all();
	check(frames() == 0, "all frames can be taken, to the last (%lu)", frames());
	give_all();
	for (u32 tries = 0; tries < 200 && after < before; tries++) {
		after = frames();
		sleep_for(5 * MILLISECOND);
	}
	check(after >= before, "and they all come back (%lu of %lu)", after, before);
	WANT(cap_create(TYPE_MEMORY, 1, &one), ST_OK);
	(void)cap_delete((handle_t)one);
}

void test_exhaustion(void)
{
	struct prepared p;

	hoard = malloc(HOARD * sizeof(*hoard));
	if (!hoard)
		fail("no memory");
	test_exact();
	prepare(&p);
	test_no_memory(&p);
	test_no_slots(&p);
	(void)mem_unmap(SELF, p.wide, 16 * PAGE_SIZE, NULL);
	(void)cap_delete((handle_t)p.irq);
	(void)cap_destroy(p.process);
	(void)cap_delete(p.endpoint);
	(void)cap_delete(p.reply);
	(void)cap_delete(p.bits);
	(void)cap_delete(p.memory);
	free(hoard);
}
