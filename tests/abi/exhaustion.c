// SPDX-License-Identifier: MIT
/*
 * No memory left: every call that needs some says so, and nothing is lost.
 * The suite takes all frames for the time; the servers need none meanwhile.
 */
#include "blocked.h"
#include "test.h"

#define HOARD 4096
#define ENOUGH 4096UL
#define SYSTEM startup->system
#define SELF startup->self
#define WIDE 512UL /* pages of a mapping that is split */
#define FEW 400UL   /* frames left that are counted one by one */
#define QUIET 20    /* milliseconds without a change: nothing is being taken apart */
#define DEAD 400u
#define WATCHED 80 /* more than the kernel's capabilities in a leaf */

static handle_t *hoard;
static u32 nr_hoarded;

static u64 frames(void)
{
	u64 available = 0, unused;

	must(system_info(SYSTEM, INFO_MEMORY_QUOTA, 0, &available, &unused), "system_info");
	return available;
}

/* What is being taken apart has come back: so many are free, for a while without a change. */
static u64 frames_settled(void)
{
	u64 end = now() + PATIENCE, last = frames();

	for (u32 quiet = 0; quiet < QUIET && now() < end; quiet++) {
		u64 is;

		sleep_for(MILLISECOND);
		is = frames();
		quiet = is == last ? quiet : 0;
		last = is;
	}
	return last;
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
	u64 wide, irq, line; /* the next line to try */
	handle_t watched[WATCHED];
	u32 nr_watched;
};

static void prepare(struct prepared *p)
{
	u64 lines, unused;

	p->process = create(TYPE_PROCESS, 0);
	p->endpoint = create(TYPE_ENDPOINT, 0);
	p->bits = create(TYPE_NOTIFICATION, 0);
	p->memory = create(TYPE_MEMORY, WIDE);
	p->reply = create(TYPE_REPLY, 0);
	p->nr_watched = 0;
	for (u32 i = 0; i < WATCHED; i++)
		p->watched[i] = create(TYPE_PROCESS, 0);
	must(mem_map(SELF, p->memory, 0, WIDE * PAGE_SIZE, 0, MAP_READ | MAP_WRITE, &p->wide),
	     "mem_map");
	must(system_info(SYSTEM, INFO_IRQS, 0, &lines, &unused), "system_info");
	for (p->line = lines - 1; p->line && irq_create(SYSTEM, p->line, &p->irq) != ST_OK;
	     p->line--)
		;
}

/* Until it is refused, and at least once: what partly filled slabs still hold goes first. */
static long until_refused(long (*attempt)(struct prepared *), struct prepared *p)
{
	long is = ST_OK;

	for (u32 i = 0; i < HOARD && is == ST_OK; i++)
		is = attempt(p);
	return is;
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
	static u64 page = WIDE / 2;
	long status = mem_protect(SELF, p->wide + page * PAGE_SIZE, PAGE_SIZE, MAP_READ, NULL);

	page += 2;
	return page < WIDE ? status : ST_INVALID;
}

static long try_unmap(struct prepared *p)
{
	static u64 page = 1;
	long status = mem_unmap(SELF, p->wide + page * PAGE_SIZE, PAGE_SIZE, NULL);

	page += 2;
	return page < WIDE / 2 ? status : ST_INVALID;
}

/* What the kernel holds for us needs a capability of its own. */
static long try_watch(struct prepared *p)
{
	if (p->nr_watched == WATCHED)
		return ST_INVALID;
	return process_set_watch(p->watched[p->nr_watched++], p->bits, 1);
}

static long try_ports(struct prepared *p)
{
	u64 ports;
	long status = ioport_create(SYSTEM, 0x2e8, 8, &ports);

	(void)p;
	if (status == ST_OK && nr_hoarded < HOARD)
		hoard[nr_hoarded++] = (handle_t)ports;
	return status;
}

static long try_copy(struct prepared *p)
{
	u64 child;

	return cap_copy(p->bits, p->process, CAP_LEND, RIGHTS_ALL, 0, &child);
}

static const struct {
	const char *name;
	long (*attempt)(struct prepared *p);
} needy[] = {
	{ "thread_create", try_thread },   { "mem_map", try_map },
	{ "mem_create_device", try_device }, { "mem_unmap", try_unmap },
	{ "process_set_watch", try_watch },
};

static void test_no_memory(struct prepared *p)
{
	long refused[ARRAY_SIZE(needy)], ports = ST_OK, memory, fault, bind;
	u64 handle;

	take_all();
	memory = cap_create(TYPE_MEMORY, 1, &handle);
	fill_slabs(TYPE_ENDPOINT);
	fill_slabs(TYPE_MEMORY);
	fill_slabs(TYPE_NOTIFICATION);
	fill_slabs(TYPE_REPLY);
	for (u32 i = 0; i < ARRAY_SIZE(needy); i++)
		refused[i] = until_refused(needy[i].attempt, p);
	if (HAS_PORTS)
		ports = until_refused(try_ports, p);
	(void)until_refused(try_protect, p);
	fault = process_set_fault(p->process, p->endpoint);
	bind = irq_bind((handle_t)p->irq, p->bits, 1);
	give_all();
	want(memory, ST_NOMEM, "cap_create without memory");
	for (u32 i = 0; i < ARRAY_SIZE(needy); i++)
		gave(refused[i], ST_NOMEM, "%s without memory", needy[i].name);
	if (HAS_PORTS)
		want(ports, ST_NOMEM, "ioport_create without memory");
	want(fault, ST_NOMEM, "process_set_fault without memory");
	want(bind, ST_NOMEM, "irq_bind without memory");
}

static u64 slots_of(handle_t process)
{
	u64 pages, used = 0;

	(void)process_info(process, PROCESS_INFO_MEMORY, &pages, &used);
	return used;
}

/* What @handle is, with its badge mixed in; 0 if it names nothing. */
static u64 nature(handle_t handle)
{
	u64 info = 0, badge = 0;

	return cap_inspect(handle, &info, &badge) == ST_OK ? info + (badge << 32) : 0;
}

struct attempt {
	long status;
	u64 is, slots; /* the capability and the target's slots afterwards */
};

static struct attempt give(handle_t capability, handle_t target)
{
	struct attempt attempt;
	u64 there;

	attempt.status = cap_copy(capability, target, CAP_GIVE, 0, 0, &there);
	attempt.is = nature(capability);
	attempt.slots = slots_of(target);
	return attempt;
}

/* Given, but there is no room: the giver still has it. */
static void is_kept(const struct attempt *attempt, u64 was, u64 slots, const char *where)
{
	gave(attempt->status, ST_NOSLOTS, "given to %s", where);
	same(attempt->is, was, "given to %s: its giver still has it", where);
	same(attempt->slots, slots, "given to %s: no slot has gone", where);
}

static void test_no_slots(struct prepared *p)
{
	handle_t child = weaker(p->bits, RIGHTS_ALL);
	u64 was = nature(child), slots;
	struct attempt given;
	long copy;

	take_all();
	copy = until_refused(try_copy, p);
	slots = slots_of(p->process);
	given = give(child, p->process);
	give_all();
	want(copy, ST_NOSLOTS, "cap_copy without room");
	is_kept(&given, was, slots, "a process without room");
	(void)frames_settled();
	given = give(child, p->process);
	gave(given.status, ST_OK, "when there is memory again it can be given");
	same(given.is, 0, "and is gone here");
	same(given.slots, slots + 1, "and there");
}

/* A thread whose call waits for an answer, and is answered by a reply_receive that has no room. */
static void test_full_messages(struct blocked *caller)
{
	struct message message = { 0 };

	must(ipc_receive(caller->object, caller->reply, &message), "ipc_receive");
	message = (struct message){ .accept = 1 };
	WANT(ipc_reply_receive(caller->object, caller->reply, &message), ST_NOSLOTS);
	message = (struct message){ .accept = 1 };
	WANT(ipc_receive(caller->object, caller->reply, &message), ST_NOSLOTS);
	message = (struct message){ .accept = 1 };
	WANT(ipc_call(caller->object, &message), ST_NOSLOTS);
}

/* It waits with a capability to give until there is a slot for that. */
static void test_full_transfer(struct prepared *p, struct blocked *giver, handle_t given, u64 was)
{
	struct message message = { .accept = 1 };

	WANT(ipc_receive(p->endpoint, HANDLE_NULL, &message), ST_NOSLOTS);
	same(nature(given), was, "given to a receiver without a slot: its giver still has it");
	WANT(cap_revoke(p->bits), ST_OK);
	message = (struct message){ .accept = 1 };
	WANT(ipc_receive(p->endpoint, HANDLE_NULL, &message), ST_OK);
	gave(blocked_ends(giver), ST_OK, "delivered when there are slots again");
	same(nature(message.cap[0]), was, "to the receiver");
	same(nature(given), 0, "and gone from the giver");
	(void)cap_delete(message.cap[0]);
}

/* Every slot of the space taken: a million children of one notification. */
static void test_full_space(struct prepared *p)
{
	handle_t last = weaker(p->endpoint, RIGHTS_ALL);
	struct message message = { .caps = 1, .move = 1, .cap = { last } };
	struct blocked caller, giver;
	struct attempt given;
	u64 handle, was, slots, filled = 0;
	long status;

	blocked_start(&caller, OP_CALL);
	blocked_at(&giver, OP_SEND, p->endpoint, THREAD_DEFAULT, &message);
	while ((status = cap_derive(p->bits, RIGHT_SIGNAL, 0, &handle)) == ST_OK)
		filled++;
	want(status, ST_NOSLOTS, "cap_derive into a full space");
	check(filled > 1000000, "a capability space holds a million (%lu)", filled);
	WANT(cap_create(TYPE_NOTIFICATION, 0, &handle), ST_NOSLOTS);
	was = nature(p->endpoint);
	slots = slots_of(SELF);
	given = give(p->endpoint, SELF);
	is_kept(&given, was, slots, "the own space, which is full");
	WANT(thread_create(p->process, PAGE_SIZE, PAGE_SIZE, 0, 0, &handle, NULL), ST_NOSLOTS);
	WANT(mem_create_device(SYSTEM, 0xf0000000UL, 1, MEM_DEVICE, &handle), ST_NOSLOTS);
	/* A line that is the kernel's own is INVALID. */
	for (status = ST_INVALID; p->line && status == ST_INVALID; p->line--)
		status = irq_create(SYSTEM, p->line, &handle);
	want(status, ST_NOSLOTS, "irq_create without a slot");
	if (HAS_PORTS)
		WANT(ioport_create(SYSTEM, 0x2e8, 8, &handle), ST_NOSLOTS);
	test_full_messages(&caller);
	test_full_transfer(p, &giver, last, nature(last));
	blocked_free(&giver);
	WANT(blocked_ends(&caller), ST_OK);
	blocked_free(&caller);
}

/* As after a full space: slots that lie ready when there is no memory. */
static void spare_slots(struct prepared *p)
{
	u64 child;

	for (u32 i = 0; i < 20000; i++)
		must(cap_derive(p->bits, RIGHT_SIGNAL, 0, &child), "cap_derive");
	must(cap_revoke(p->bits), "cap_revoke");
}

/* Objects of one page, at most @most. Return: how many there were frames for. */
static u64 take_single(u64 most)
{
	u64 taken = 0, handle;

	for (; taken < most && cap_create(TYPE_MEMORY, 1, &handle) == ST_OK; taken++)
		hoard[nr_hoarded++] = (handle_t)handle;
	return taken;
}

/* All frames but FEW, or a little more: no object costs twice its pages. */
static void take_most(void)
{
	for (u64 pages = 1UL << 16; pages; pages /= 2)
		while (frames() > 2 * pages + FEW) {
			u64 handle;

			must(cap_create(TYPE_MEMORY, pages, &handle), "cap_create");
			hoard[nr_hoarded++] = (handle_t)handle;
		}
}

static void give_back_to(u32 count)
{
	while (nr_hoarded > count)
		(void)cap_delete(hoard[--nr_hoarded]);
}

/*
 * @free frames are left: one object of all of them fits with its list, one page more
 * does not; the same page by page, and a frame given back is one frame.
 */
static void test_last_frames(u64 free)
{
	u32 before = nr_hoarded;
	u64 handle = HANDLE_NULL, none;

	gave(cap_create(TYPE_MEMORY, free, &none), ST_NOMEM,
	     "with %lu frames left: as many pages, and a frame for their list", free);
	same(frames(), free, "a refused creation takes nothing");
	gave(cap_create(TYPE_MEMORY, free - 1, &handle), ST_OK, "one page less");
	hoard[nr_hoarded++] = (handle_t)handle;
	same(frames(), 0, "and no frame is left");
	gave(cap_create(TYPE_MEMORY, 1, &none), ST_NOMEM, "not for one page either");
	give_back_to(before);
	same(frames_settled(), free, "given back, all of them are there again");
}

static void test_exact(void)
{
	u64 before, free, handle;
	u32 big;

	/* Once beforehand: what the kernel keeps for so many objects it keeps from now on. */
	(void)take_single(FEW);
	take_most();
	give_all();
	before = frames_settled();
	take_most();
	big = nr_hoarded;
	free = frames();
	test_last_frames(free);
	same(take_single(free + 1), free, "as many objects of one page as there are frames");
	same(frames(), 0, "and no frame is left");
	WANT(cap_create(TYPE_MEMORY, 1, &handle), ST_NOMEM);
	give_back_to(nr_hoarded - 1);
	same(frames_settled(), 1, "one of them deleted, one frame is free");
	same(take_single(2), 1, "which is enough for one");
	give_back_to(big);
	same(frames_settled(), free, "all that they had comes back");
	give_all();
	same(frames_settled(), before, "and all that the large ones had");
}

/*
 * Memory that only waits to be taken apart is there for whoever asks, although
 * somebody who never stops leaves the kernel's own work no time on any CPU.
 */
static void test_under_load(void)
{
	u64 pages = MIN(frames() / 4 * 3, 1UL << 18), handle = 0;
	handle_t busy = spinner(30);
	long status = ST_OK;
	u32 times = 0;

	sleep_for(MILLISECOND);
	for (; times < 20 && status == ST_OK; times++) {
		status = cap_create(TYPE_MEMORY, pages, &handle);
		(void)cap_delete((handle_t)handle);
	}
	check(status == ST_OK, "%lu frames given back and taken %u times at once under load: %s",
	      pages, times, status_name(status));
	(void)cap_destroy(busy);
}

/*
 * A call that is refused waits for all that is being taken apart, but not with a
 * turn of every equal for each object of it.
 */
static void test_refused_under_load(void)
{
	u64 turns = DEAD / 2 * CONFIG_SCHED_QUANTUM_US * 1000UL, handle = 0, start;
	/* With short turns the host's own pauses count more, and all turns are no longer than those. */
	u64 limit = turns < SECOND / 2 ? 2 * SECOND : turns;
	handle_t dead[DEAD], busy;
	long status;

	for (u32 i = 0; i < DEAD; i++)
		dead[i] = create(TYPE_NOTIFICATION, 0);
	busy = spinner(32);
	for (u32 i = 0; i < DEAD; i++)
		(void)cap_delete(dead[i]);
	start = now();
	status = cap_create(TYPE_MEMORY, 1UL << 18, &handle);
	check(status == ST_NOMEM && now() - start < limit,
	      "refused after %u objects were taken apart beside a busy equal (%s, %lu ms of %lu)",
	      DEAD, status_name(status), (now() - start) / MILLISECOND, limit / MILLISECOND);
	(void)cap_destroy(busy);
}

static void hoard_open(void)
{
	hoard = malloc(HOARD * sizeof(*hoard));
	if (!hoard)
		fail("no memory");
}

/* Only at the very beginning: one frame holds the objects of all the lines that a PC has. */
void test_first_line(void)
{
	u64 lines = 0, line, irq = HANDLE_NULL;
	long status = ST_INVALID;

	if (!is_first_process())
		return;
	hoard_open();
	must(system_info(SYSTEM, INFO_IRQS, 0, &lines, NULL), "system_info");
	take_all();
	fill_slabs(TYPE_NOTIFICATION);
	for (line = lines - 1; line && status == ST_INVALID; line--)
		status = irq_create(SYSTEM, line, &irq);
	give_all();
	want(status, ST_NOMEM, "irq_create without memory");
	(void)cap_delete((handle_t)irq);
	free(hoard);
}

void test_exhaustion(void)
{
	struct prepared p;

	hoard_open();
	test_exact();
	test_under_load();
	test_refused_under_load();
	prepare(&p);
	if (is_brief())
		spare_slots(&p);
	else
		test_full_space(&p);
	test_no_memory(&p);
	test_no_slots(&p);
	for (u32 i = 0; i < WATCHED; i++)
		(void)cap_destroy(p.watched[i]);
	(void)mem_unmap(SELF, p.wide, WIDE * PAGE_SIZE, NULL);
	(void)cap_delete((handle_t)p.irq);
	(void)cap_destroy(p.process);
	(void)cap_delete(p.endpoint);
	(void)cap_delete(p.reply);
	(void)cap_delete(p.bits);
	(void)cap_delete(p.memory);
	free(hoard);
	/* The reaper runs below us. */
	for (u32 tries = 0; tries < 400 && frames() < ENOUGH; tries++)
		sleep_for(5 * MILLISECOND);
	check(frames() >= ENOUGH, "after all of this there is memory again (%lu frames)", frames());
}
