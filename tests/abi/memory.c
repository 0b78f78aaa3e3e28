// SPDX-License-Identifier: MIT
/*
 * Memory: mapping, access, sealing, and that what is gone is gone everywhere.
 */
#include "test.h"

#define SELF startup->self
#define RW (MAP_READ | MAP_WRITE)
#define HIGH 0x2000000000UL /* an address nothing is at */
#ifdef CONFIG_HOST
#define ZERO_ROUNDS 2u /* each word takes long */
#else
#define ZERO_ROUNDS 8u
#endif

static void test_map(void)
{
	handle_t memory = create(TYPE_MEMORY, 4), reader, root, deep, ended = ended_process();
	u64 at = 0, done;
	u32 dirty = 0;

	WANT(mem_map(SELF, memory, HIGH, 4 * PAGE_SIZE, 0, RW, &at), ST_OK);
	same(at, HIGH, "it is mapped where it was asked for");
	for (u64 i = 0; i < 4 * PAGE_SIZE / 8; i++)
		dirty += ((volatile u64 *)HIGH)[i] != 0;
	same(dirty, 0, "fresh memory is zero");
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
	WANT(mem_map(SELF, deep, 0, 5 * PAGE_SIZE, 0, RW, NULL), ST_INVALID);
	(void)cap_delete(root);
	WANT(mem_unmap(SELF, HIGH + 1, PAGE_SIZE, &done), ST_INVALID);
	WANT(mem_unmap(SELF, HIGH + PAGE_SIZE, PAGE_SIZE, &done), ST_OK);
	*(volatile u64 *)HIGH = 1;
	*(volatile u64 *)(HIGH + 2 * PAGE_SIZE) = 2;
	check(*(volatile u64 *)HIGH == 1 && *(volatile u64 *)(HIGH + 2 * PAGE_SIZE) == 2,
	      "unmapping one page of four leaves the others (%lu, %lu)", *(volatile u64 *)HIGH,
	      *(volatile u64 *)(HIGH + 2 * PAGE_SIZE));
	WANT(mem_protect(SELF, HIGH, 4 * PAGE_SIZE, MAP_READ, &done), ST_NOTFOUND);
	WANT(mem_unmap(SELF, HIGH, 4 * PAGE_SIZE, &done), ST_OK);
	same(done, 4 * PAGE_SIZE, "all of the range is reported done");
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
	check(info == 1 && flags == MEM_FLAG_SEALED,
	      "it is one sealed page (%lu, flags %#lx)", info, flags);
	must(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_READ, &at), "mem_map");
	WANT(mem_protect(SELF, at, PAGE_SIZE, RW, &done), ST_SEALED);
	WANT(mem_unmap(SELF, at, PAGE_SIZE, &done), ST_OK);
	WANT(mem_info(memory, 99, 0, &info, &flags), ST_INVALID);
	WANT(mem_info(memory, MEM_INFO_PHYSICAL, 1, &info, &flags), ST_INVALID);
	(void)cap_delete(memory);
}

/* Only what is writable counts as such, not what was mapped together with it. */
static void test_seal_beside(void)
{
	handle_t memory = create(TYPE_MEMORY, 2);
	u64 at, done;

	must(mem_map(SELF, memory, 0, 2 * PAGE_SIZE, 0, MAP_READ, &at), "mem_map");
	must(mem_protect(SELF, at, PAGE_SIZE, RW, &done), "mem_protect");
	must(mem_unmap(SELF, at, PAGE_SIZE, &done), "mem_unmap");
	gave(mem_seal(memory), ST_OK,
	     "what is left of a mapping when its writable page is gone can be sealed");
	must(mem_unmap(SELF, at + PAGE_SIZE, PAGE_SIZE, &done), "mem_unmap");
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

/* Freed dirty, made again: zero, every word of it. */
static void test_zeroed(void)
{
	u64 dirty = 0;

	for (u32 round = 0; round < ZERO_ROUNDS; round++) {
		handle_t memory;
		volatile u64 *word = memory_new(16, &memory);

		if (!word)
			fail("no memory");
		for (u64 i = 0; i < 16 * PAGE_SIZE / 8; i++) {
			dirty += word[i] != 0;
			word[i] = ~0UL;
		}
		memory_free((void *)word, 16, memory);
	}
	same(dirty, 0, "memory that somebody has used before is zero");
}

/* Ranges that begin, end or wrap where nothing may be. */
static void test_ranges(void)
{
	static const struct {
		u64 address, size, offset;
	} bad[] = {
		{ HIGH, ~0UL, 0 }, { HIGH, ~(PAGE_SIZE - 1), 0 }, { HIGH, 1UL << 63, 0 },
		{ HIGH, PAGE_SIZE, ~0UL }, { HIGH, PAGE_SIZE, 1UL << 63 },
		{ HIGH, 2 * PAGE_SIZE, ~(PAGE_SIZE - 1) }, { HIGH, PAGE_SIZE, 4 * PAGE_SIZE },
		{ ~(PAGE_SIZE - 1), PAGE_SIZE, 0 }, { ~(PAGE_SIZE - 1), 2 * PAGE_SIZE, 0 },
		{ 1UL << 63, PAGE_SIZE, 0 }, { (1UL << 63) - PAGE_SIZE, 2 * PAGE_SIZE, 0 },
		{ 1UL << 47, PAGE_SIZE, 0 }, { 0xffffffff80000000UL, PAGE_SIZE, 0 },
		{ PAGE_SIZE, PAGE_SIZE, 0 }, { 0xf000, 2 * PAGE_SIZE, 0 }, { HIGH, 0, 0 },
		{ HIGH + 8, PAGE_SIZE, 0 }, { HIGH, PAGE_SIZE + 8, 0 }, { HIGH, PAGE_SIZE, 8 },
	};
	handle_t memory = create(TYPE_MEMORY, 4);
	u64 done;

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		u64 address = bad[i].address, size = bad[i].size, offset = bad[i].offset;
		bool is_of_object = offset || size > 4 * PAGE_SIZE;

		gave(mem_map(SELF, memory, address, size, offset, RW, NULL), ST_INVALID,
		     "mem_map of %#lx bytes from %#lx at %#lx", size, offset, address);
		if (address == HIGH && (is_of_object || !size))
			continue; /* only mem_map minds */
		gave(mem_unmap(SELF, address, size, &done), ST_INVALID,
		     "mem_unmap of %#lx bytes at %#lx", size, address);
		gave(mem_protect(SELF, address, size, MAP_READ, &done), ST_INVALID,
		     "mem_protect of %#lx bytes at %#lx", size, address);
	}
	(void)cap_delete(memory);
}

/* No way leads to memory that is writable and executable, here or there. */
static void test_wx(void)
{
	handle_t memory = create(TYPE_MEMORY, 1), other = create(TYPE_PROCESS, 0);
	u64 at, there, done, device = 0;

	WANT(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_WRITE | MAP_EXECUTE, NULL), ST_INVALID);
	WANT(mem_map(SELF, memory, 0, PAGE_SIZE, 0, RW | MAP_EXECUTE, NULL), ST_INVALID);
	must(mem_map(other, memory, 0, PAGE_SIZE, 0, RW, &there), "mem_map");
	gave(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_READ | MAP_EXECUTE, NULL), ST_SEALED,
	     "executable here while another process may write");
	gave(mem_seal(memory), ST_BUSY, "sealing while another process may write");
	must(mem_protect(other, there, PAGE_SIZE, MAP_READ, &done), "mem_protect");
	must(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_READ, &at), "mem_map");
	gave(mem_seal(memory), ST_OK, "sealing when nobody may write any more");
	gave(mem_protect(other, there, PAGE_SIZE, RW, &done), ST_SEALED,
	     "writing again in a mapping that could");
	gave(mem_protect(SELF, at, PAGE_SIZE, MAP_READ | MAP_EXECUTE, &done), ST_OK,
	     "a mapping made before the sealing becomes executable");
	gave(mem_protect(SELF, at, PAGE_SIZE, RW, &done), ST_SEALED, "and writable never");
	gave(mem_protect(SELF, at, PAGE_SIZE, RW | MAP_EXECUTE, &done), ST_INVALID,
	     "nor both at once");
	WANT(mem_unmap(SELF, at, PAGE_SIZE, &done), ST_OK);
	WANT(mem_create_device(startup->system, 0xf0000000UL, 1, MEM_DEVICE, &device), ST_OK);
	gave(mem_map(SELF, (handle_t)device, 0, PAGE_SIZE, 0, MAP_READ | MAP_EXECUTE, NULL),
	     ST_SEALED, "device memory executable");
	(void)cap_delete((handle_t)device);
	(void)cap_destroy(other);
	(void)cap_delete(memory);
}

/* Every subset of READ, WRITE, EXECUTE maps exactly that. */
static void test_rights(void)
{
	handle_t plain = create(TYPE_MEMORY, 1), sealed = create(TYPE_MEMORY, 1);
	u64 at;

	must(mem_seal(sealed), "mem_seal");
	for (u32 mask = 0; mask < 8; mask++) {
		handle_t weak = weaker(plain, mask << 4), weak_sealed = weaker(sealed, mask << 4);
		u32 ways = 0, right = 0;

		for (u32 access = MAP_READ; access <= (MAP_READ | MAP_EXECUTE); access += 2) {
			handle_t memory = access & MAP_EXECUTE ? weak_sealed : weak;
			bool maps = mem_map(SELF, memory, 0, PAGE_SIZE, 0, access, &at) == ST_OK;

			if (access == (RW | MAP_EXECUTE))
				continue;
			ways |= (u32)maps << access;
			right |= (u32)!(access & ~mask) << access;
			if (maps)
				(void)mem_unmap(SELF, at, PAGE_SIZE, NULL);
		}
		same(ways, right, "memory with%s%s%s%s: mapped as its rights say",
		     mask & MAP_READ ? " READ" : "", mask & MAP_WRITE ? " WRITE" : "",
		     mask & MAP_EXECUTE ? " EXECUTE" : "", mask ? "" : " no right");
		(void)cap_delete(weak);
		(void)cap_delete(weak_sealed);
	}
	(void)cap_delete(plain);
	(void)cap_delete(sealed);
}

/* One object in two places of two processes is the same memory. */
static void test_shared(void)
{
	handle_t memory;
	volatile u64 *word = memory_new(2, &memory), *again;
	u64 second = 0, resident = 0, writers = 0;

	if (!word)
		fail("no memory");
	word[0] = 11;
	word[PAGE_SIZE / 8] = 22;
	must(mem_map(SELF, memory, 0, PAGE_SIZE, PAGE_SIZE, RW, &second), "mem_map");
	again = (volatile u64 *)second;
	same(again[0], 22, "an offset shows the object's second page");
	again[1] = 33;
	same(word[PAGE_SIZE / 8 + 1], 33, "two mappings of a page are the same memory");
	WANT(mem_info(memory, MEM_INFO_RESIDENT, 0, &resident, &writers), ST_OK);
	check(resident == 2 && writers == 2, "two frames, two writers (%lu, %lu)", resident,
	      writers);
	must(mem_unmap(SELF, second, PAGE_SIZE, NULL), "mem_unmap");
	same(word[PAGE_SIZE / 8 + 1], 33, "what is written stays when a mapping goes");
	memory_free((void *)word, 2, memory);
}

/* ---- what is gone is gone on every CPU ---- */

enum way { WAY_UNMAP, WAY_REVOKE, WAY_DELETE, WAY_DESTROY, WAY_PROTECT, WAYS };

static const char *const way_names[WAYS] = {
	"unmapped", "revoked", "its capability deleted", "destroyed", "made read-only",
};

struct victim {
	handle_t process, counter, page, child, faults, reply[CONFIG_NR_CPUS];
	u64 base, at, counter_at, mine;
};

static void make_victim(struct victim *v)
{
	u64 thread;

	v->process = process_with_code(&v->base);
	v->counter = create(TYPE_MEMORY, 1);
	v->page = create(TYPE_MEMORY, 1);
	v->child = weaker(v->page, RIGHTS_ALL);
	v->faults = create(TYPE_ENDPOINT, 0);
	must(process_set_fault(v->process, v->faults), "process_set_fault");
	must(mem_map(SELF, v->counter, 0, PAGE_SIZE, 0, RW, &v->mine), "mem_map");
	must(mem_map(v->process, v->counter, 0, PAGE_SIZE, 0, RW, &v->counter_at), "mem_map");
	must(mem_map(SELF, v->page, HIGH, PAGE_SIZE, 0, RW, NULL), "mem_map");
	/* A word of its own for each: the store of one that was held up would set the others back. */
	for (u64 cpu = 0; cpu < cpus_online(); cpu++)
		((volatile u64 *)HIGH)[cpu] = v->counter_at + cpu * sizeof(u64);
	must(mem_map(v->process, v->child, 0, PAGE_SIZE, 0, MAP_READ, &v->at), "mem_map");
	for (u64 cpu = 0; cpu < cpus_online(); cpu++) {
		must(thread_create(v->process, v->base + BLOB(blob_read_loop), 0,
				   v->at + cpu * sizeof(u64),
				   THREAD_PRIORITY(8) | THREAD_CPU(cpu) | THREAD_NO_PAGE |
					   THREAD_START, &thread, NULL), "thread_create");
		(void)cap_delete((handle_t)thread);
	}
}

static void free_victim(struct victim *v)
{
	(void)mem_unmap(SELF, HIGH, PAGE_SIZE, NULL);
	(void)mem_unmap(SELF, v->mine, PAGE_SIZE, NULL);
	(void)cap_destroy(v->process);
	(void)cap_delete(v->page);
	(void)cap_delete(v->counter);
	(void)cap_delete(v->faults);
	for (u64 cpu = 0; cpu < cpus_online(); cpu++)
		(void)cap_delete(v->reply[cpu]);
}

static u64 rounds(const struct victim *v)
{
	u64 sum = 0;

	for (u64 cpu = 0; cpu < cpus_online(); cpu++)
		sum += ((volatile u64 *)v->mine)[cpu];
	return sum;
}

static void take_away(const struct victim *v, enum way way)
{
	switch (way) {
	case WAY_UNMAP: must(mem_unmap(v->process, v->at, PAGE_SIZE, NULL), "mem_unmap"); break;
	case WAY_REVOKE: must(cap_revoke(v->page), "cap_revoke"); break;
	case WAY_DELETE: must(cap_delete(v->child), "cap_delete"); break;
	case WAY_DESTROY: must(cap_destroy(v->page), "cap_destroy"); break;
	default:
		must(mem_protect(v->process, v->counter_at, PAGE_SIZE, MAP_READ, NULL),
		     "mem_protect");
	}
}

/*
 * A process loops on each CPU, reading one page and writing another.  When the
 * call returns no CPU does so any more: each loop has ended by a fault, or ends
 * before its next round.
 */
static void gone_everywhere(enum way way)
{
	struct victim v;
	u64 before, after, kind = way == WAY_PROTECT ? FAULT_WRITE : FAULT_READ;
	u32 right = 0;

	make_victim(&v);
	/* All of them shall have it in their TLBs. */
	for (u64 end = now() + 20 * MILLISECOND; !rounds(&v) || now() < end;)
		sleep_for(MILLISECOND);
	take_away(&v, way);
	before = rounds(&v);
	sleep_for(10 * MILLISECOND);
	after = rounds(&v);
	/*
	 * One step of each CPU may lie between the read and its count.  What is destroyed goes
	 * when the reaper comes to it.
	 */
	if (way != WAY_DESTROY)
		check(after <= before + (way == WAY_PROTECT ? 0 : cpus_online()),
		      "%s: no CPU's loop goes on (%lu, %lu)", way_names[way], before, after);
	for (u64 cpu = 0; cpu < cpus_online(); cpu++) {
		struct message message = { .flags = MSG_TIMEOUT, .deadline = now() + PATIENCE };
		u64 where = way == WAY_PROTECT ? v.counter_at : v.at;

		v.reply[cpu] = create(TYPE_REPLY, 0);
		if (ipc_receive(v.faults, v.reply[cpu], &message) == ST_OK)
			right += message.label == kind &&
				 message.word[FAULT_WORD_ADDRESS] - where < PAGE_SIZE;
	}
	same(right, cpus_online(), "%s: every loop ends by a fault there", way_names[way]);
	free_victim(&v);
}

/* The page below a stack is not mapped, whatever the library had there. */
static void idle_run(void *argument)
{
	(void)notify_wait(*(handle_t *)argument, TIME_NEVER, NULL);
}

static void test_guard(void)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0);
	struct uthread thread;
	u64 done = 0;

	must(uthread_start(&thread, idle_run, &bits, THREAD_DEFAULT), "uthread_start");
	gave(mem_protect(SELF, thread.stack_address - PAGE_SIZE, PAGE_SIZE, RW, &done), ST_NOTFOUND,
	     "the page below a thread's stack");
	gave(mem_unmap(SELF, thread.page, PAGE_SIZE, &done), ST_INVALID,
	     "a message page is not unmapped");
	gave(mem_protect(SELF, thread.page, PAGE_SIZE, MAP_READ, &done), ST_INVALID,
	     "nor protected");
	(void)notify_signal(bits, 1);
	must(uthread_join(&thread, PATIENCE), "uthread_join");
	(void)cap_delete(bits);
}

void test_memory(void)
{
	test_map();
	test_seal();
	test_seal_beside();
	test_protect_rights();
	test_zeroed();
	test_ranges();
	test_wx();
	test_rights();
	test_shared();
	test_guard();
	for (enum way way = 0; way < WAYS; way++)
		gone_everywhere(way);
}
