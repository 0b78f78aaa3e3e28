// SPDX-License-Identifier: MIT
/*
 * What profits from a stock in front of it, with the stock empty: each row has
 * its twin's name and "-drained".
 *
 * A CPU's stock of free frames is emptied by touching fresh pages: a touch that
 * fills the stock up again costs more than the others, so it is seen when that
 * happens and how many frames it brings.  Objects are kept alive, so that none
 * comes from the list of those that were used before; in between as many are
 * made as use up what one frame gives, which is seen in the same way.  So the
 * next one takes a frame, and the stock of frames has none.  Where two spaces take
 * frames in turn, or each time wants an object of its own, it is known by the one
 * before: a frame gives the same number of slots each time.  The last of all rows:
 * nothing is taken back.
 */
#include "bench.h"

#define WELL_PAGES 500UL /* of fresh memory: all in one list of frames */
#define LEARN 200u       /* touches or calls within which something must happen */
#define MUCH 64          /* instructions: more than a touch varies by */
#define CARVED 320       /* less than to carve up a frame; more than it varies by to take one */
#define RANDOM_MADE 600  /* instructions: more than taking two that are there */
#define SAMPLES 208u      /* of what uses memory up */
#define MORE_SAMPLES 2008u /* of what gives it back */
#define FEW_SAMPLES 24u    /* of what wants many processes */
#define SLOTS 60000u
#define SLOTS_OF_FRAME 63u
#define USED_BEFORE 2000u /* messages after which no slots are left of processes that have ended */
#define MOST_ROUNDS 20000u /* with one slot and one frame in 63 it takes 13,000 */
#define CROWD_SIZE 1720u  /* processes: (FEW_SAMPLES + 3) * SLOTS_OF_FRAME and some */
#define ARENA 0x1000000000UL
#define APART (4UL << 30) /* mappings so far apart share only the upper tables */
#define CROWD 16u
#define READ_WRITE (MAP_READ | MAP_WRITE)

static struct {
	u8 *page;
	handle_t memory;
	u64 next;
} well;
static u64 store_empty, usual = ~0UL;
static u32 batch; /* frames that the stock is filled up with; 0: there is no stock */

static void well_renew(void)
{
	if (well.page)
		memory_free(well.page, WELL_PAGES, well.memory);
	settle();
	well.page = memory_new(WELL_PAGES, &well.memory);
	assert(well.page);
	well.page[0] = 1; /* the list of frames */
	well.next = 1;
}

/* Return: its cost. */
static u64 touch(void)
{
	u64 cost = measure_store(&well.page[PAGE_SIZE * well.next++]) - store_empty;

	usual = MIN(usual, cost);
	return cost;
}

/* Touch until the stock has been filled up. Return: after how many touches, 0: it was not. */
static u32 touch_until_filled(void)
{
	for (u32 n = 1; n <= LEARN && well.next < WELL_PAGES; n++)
		if (touch() > usual + MUCH)
			return n;
	return 0;
}

static void learn_batch(void)
{
	store_empty = measure_store_nothing(NULL);
	well_renew();
	for (u32 i = 0; i < 8; i++)
		(void)touch(); /* what is usual */
	if (touch_until_filled())
		batch = touch_until_filled();
	printf("bench: a CPU's stock of free frames is filled up with %u\n", batch);
}

void frames_drain(void)
{
	if (!batch)
		learn_batch();
	if (!batch)
		return;
	if (well.next + 4 * batch > WELL_PAGES)
		well_renew();
	if (!touch_until_filled())
		fail("the stock of free frames is never filled up");
	for (u32 n = 1; n < batch; n++)
		(void)touch();
}

/*
 * Here it is the other way round: a new process draws a number, and the generator
 * makes some at a time, which is dearer than all else. There is one ready afterwards.
 */
static void random_fill(void)
{
	struct measured_call call = { .tag = SYS_random_get };

	for (u32 n = 0; n < LEARN; n++)
		if (call_cost(&call, "random_get") > RANDOM_MADE)
			return;
	fail("no random numbers are ever made");
}

static u32 more_samples(void)
{
	return MIN(series_samples(), MORE_SAMPLES);
}

static void faults(void)
{
	u32 row = series_start("fault-zeroing-drained"), samples = more_samples();
	handle_t spare = create(TYPE_MEMORY, 1);

	for (u32 i = 0; i < samples; i++) {
		vary_shape(i, samples, spare);
		frames_drain();
		series_mark(row);
		series_add(row, touch());
	}
	restore_shape();
	must(cap_delete(spare), "cap_delete");
}

/* ---- what is carved from frames: objects and slots ---- */

/* How many times @make is called for each frame that it takes; the next one takes one. */
static u32 learn_share(struct measured_call *make, const char *name)
{
	u64 least = ~0UL;
	u32 since = 0;

	/* None of those that were used before is left. */
	for (u32 n = 0; n < LEARN; n++)
		(void)call_cost(make, name);
	for (u32 n = 1, seen = 0; n <= 2 * LEARN; n++) {
		u64 cost;

		random_fill();
		frames_drain();
		cost = call_cost(make, name);
		least = MIN(least, cost);
		since++;
		if (n < 3 || cost <= least + CARVED)
			continue;
		if (seen++)
			return since;
		since = 0;
	}
	fail("%s takes no frame", name);
}

static void carved(const char *name, struct measured_call make)
{
	u32 row = series_start(name), share = learn_share(&make, name);

	for (u32 i = 0; i < SAMPLES; i++) {
		for (u32 n = 1; n < share; n++)
			(void)call_cost(&make, name);
		random_fill();
		frames_drain();
		series_mark(row);
		series_add(row, call_cost(&make, name));
	}
}

static void created(const char *name, u64 type, u64 argument)
{
	carved(name, (struct measured_call){ .tag = SYS_cap_create,
					     .argument = { type, argument } });
}

/* ---- slots that come beside something else ---- */

struct round {
	u64 (*make)(struct round *round);
	const char *name;
	/* Endpoint and what is sent, or notification and endpoint, or parent and target. */
	handle_t handle, other;
	u32 caps, number;
};

static handle_t crowd[CROWD_SIZE];

static handle_t next_of_crowd(struct round *round)
{
	if (round->number == CROWD_SIZE)
		fail("%s: too few processes", round->name);
	return crowd[round->number++];
}

static u64 send_caps(struct round *round)
{
	struct measured_ipc ipc = {
		.handles = round->handle,
		.tag = SYS_ipc_call | (u64)MSG_REG_WORDS << MSG_WORDS_SHIFT |
		       (u64)round->caps << MSG_CAPS_SHIFT | (u64)round->caps << MSG_ACCEPT_SHIFT,
		.caps = { round->other | (u64)round->other << 32,
			  round->other | (u64)round->other << 32 },
	};

	return ipc_cost(&ipc, round->name);
}

static u64 watch_next(struct round *round)
{
	struct measured_call call = {
		.tag = SYS_process_set_watch,
		.handles = next_of_crowd(round) | (u64)round->handle << 32,
		.argument = { 1 },
	};

	return call_cost(&call, round->name);
}

static u64 catch_next(struct round *round)
{
	struct measured_call call = {
		.tag = SYS_process_set_fault,
		.handles = next_of_crowd(round) | (u64)round->other << 32,
	};

	return call_cost(&call, round->name);
}

static u64 give_next(struct round *round)
{
	struct measured_call call = { .tag = SYS_cap_copy, .argument = { CAP_GIVE } };
	u64 child = 0;

	must(cap_derive(round->handle, RIGHTS_ALL, 0, &child), "cap_derive");
	call.handles = child | (u64)round->other << 32;
	return call_cost(&call, round->name);
}

/* Not before @skip times; what was used before is used up then. */
static void extended(struct round round, u32 skip, u32 samples)
{
	bool extends[SLOTS_OF_FRAME] = { false };
	u32 row = series_start(round.name);
	u64 least = ~0UL;

	for (u32 i = 0, taken = 0; taken < samples; i++) {
		bool is_sample = i >= skip + SLOTS_OF_FRAME && extends[i % SLOTS_OF_FRAME];
		u64 cost;

		if (i == MOST_ROUNDS)
			fail("%s takes no frame", round.name);
		if (is_sample) {
			frames_drain();
			series_mark(row);
		}
		cost = round.make(&round);
		least = MIN(least, cost);
		extends[i % SLOTS_OF_FRAME] = cost > least + CARVED;
		if (!is_sample)
			continue;
		series_add(row, cost);
		taken++;
	}
}

static void messages(void)
{
	handle_t extra[STARTUP_EXTRA] = { create(TYPE_ENDPOINT, 0) };
	struct measured_ipc ipc = { .handles = extra[0] };
	struct round round = { .make = send_caps, .handle = extra[0] };
	struct child child;

	round.other = create(TYPE_NOTIFICATION, 0);
	spawn("echo-caps", PRIORITY, extra, &child);
	for (round.caps = 1; round.caps <= MSG_MAX_CAPS; round.caps++) {
		/* The server's next receive takes as many as this call does. */
		ipc.tag = SYS_ipc_call | (u64)round.caps << MSG_ACCEPT_SHIFT;
		(void)ipc_cost(&ipc, "ipc_call");
		round.name = name_of("ipc-8-cap-%u%s", round.caps, "-drained");
		extended(round, round.caps == 1 ? USED_BEFORE : 0, SAMPLES);
	}
	child_free(&child);
	must(cap_destroy(extra[0]), "cap_destroy");
	must(cap_destroy(round.other), "cap_destroy");
	sleep_for(SECOND); /* the reaper has all those children */
}

/* The kernel's own slots. */
static void watched(void)
{
	struct round round = {
		.handle = create(TYPE_NOTIFICATION, 0), .other = create(TYPE_ENDPOINT, 0)
	};

	for (u32 i = 0; i < CROWD_SIZE; i++)
		crowd[i] = create(TYPE_PROCESS, 0);
	round.make = watch_next;
	round.name = "process-set-watch-drained";
	extended(round, 0, FEW_SAMPLES);
	round.make = catch_next;
	round.name = "process-set-fault-drained";
	extended(round, 0, FEW_SAMPLES);
}

static void slots(void)
{
	handle_t parent = create(TYPE_NOTIFICATION, 0), target = create(TYPE_PROCESS, 0);
	struct round give = {
		.make = give_next, .name = "cap-copy-give-drained", .handle = parent,
		.other = create(TYPE_PROCESS, 0),
	};
	u64 child;

	carved("cap-derive-drained", (struct measured_call){
		.tag = SYS_cap_derive, .handles = parent, .argument = { RIGHTS_ALL }
	});
	carved("cap-copy-lend-drained", (struct measured_call){
		.tag = SYS_cap_copy,
		.handles = parent | (u64)target << 32,
		.argument = { CAP_LEND, RIGHTS_ALL },
	});
	extended(give, 0, SAMPLES);
	messages();
	/* Plenty of slots for the objects that follow. */
	for (u32 i = 0; i < SLOTS; i++)
		must(cap_derive(parent, RIGHTS_ALL, 0, &child), "cap_derive");
	must(cap_revoke(parent), "cap_revoke");
}

static void threads(void)
{
	struct measured_call make = {
		.tag = SYS_thread_create,
		.handles = create(TYPE_PROCESS, 0),
		.argument = { PAGE_SIZE * 32, PAGE_SIZE * 32, 0,
			      THREAD_PRIORITY(PRIORITY) | THREAD_NO_PAGE },
	};
	u32 row;

	carved("thread-create-drained", make);
	/* A message page that nobody had before, and the table that shows it. */
	row = series_start("thread-create-page-drained");
	make.argument[3] = THREAD_PRIORITY(PRIORITY);
	for (u32 i = 0; i < SAMPLES; i++) {
		make.handles = create(TYPE_PROCESS, 0);
		frames_drain();
		series_mark(row);
		series_add(row, call_cost(&make, "thread_create"));
	}
}

/* ---- page tables ---- */

static struct measured_call map_call(handle_t memory, u64 address)
{
	return (struct measured_call){
		.tag = SYS_mem_map,
		.handles = startup->self | (u64)memory << 32,
		.argument = { address, PAGE_SIZE, 0, READ_WRITE },
	};
}

static struct measured_call unmap_call(u64 address)
{
	return (struct measured_call){
		.tag = SYS_mem_unmap, .handles = startup->self, .argument = { address, PAGE_SIZE }
	};
}

static void tables(void)
{
	handle_t memory = create(TYPE_MEMORY, 1);
	u32 row = series_start("map-1-drained"), samples = more_samples();

	for (u32 i = 0; i < samples; i++) {
		struct measured_call map = map_call(memory, ARENA), unmap = unmap_call(ARENA);

		vary_shape(i, samples, memory);
		frames_drain();
		series_mark(row);
		series_add(row, call_cost(&map, "mem_map"));
		(void)call_cost(&unmap, "mem_unmap");
	}
	restore_shape();
}

/* The reverse: there is no room for freed frames. Of some mappings in a row one fills the stock. */
static void tables_back(void)
{
	handle_t memory = create(TYPE_MEMORY, 1);
	u32 row = series_start("unmap-1-full");

	for (u32 i = 0; i < more_samples(); i++) {
		u64 most = 0;

		for (u32 n = 0; n < CROWD; n++) {
			struct measured_call map = map_call(memory, ARENA + n * APART);

			(void)call_cost(&map, "mem_map");
		}
		well_renew(); /* the reaper frees more frames than have room */
		series_mark_longest(row);
		for (u32 n = 0; n < CROWD; n++) {
			struct measured_call unmap = unmap_call(ARENA + n * APART);
			u64 cost;

			cost = call_cost(&unmap, "mem_unmap");
			most = MAX(most, cost);
		}
		series_unmark();
		series_add(row, most);
	}
}

void bench_drained(void)
{
	faults();
	bench_pager_drained(SAMPLES);
	tables();
	tables_back();
	bench_processes_drained();
	slots();
	created("create-endpoint-drained", TYPE_ENDPOINT, 0);
	created("create-reply-drained", TYPE_REPLY, 0);
	created("create-notification-drained", TYPE_NOTIFICATION, 0);
	created("create-memory-drained", TYPE_MEMORY, 1);
	created("create-process-drained", TYPE_PROCESS, 0);
	carved("mem-create-device-drained", (struct measured_call){
		.tag = SYS_mem_create_device,
		.handles = startup->system,
		.argument = { FAR_AWAY, 1 },
	});
	if (has_ports())
		carved("ioport-create-drained", (struct measured_call){
			.tag = SYS_ioport_create,
			.handles = startup->system,
			.argument = { PORT_FREE, 8 },
		});
	threads();
	watched();
}
