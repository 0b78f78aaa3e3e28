// SPDX-License-Identifier: MIT
/*
 * Each call that may take long, with the worst arguments a program can give:
 * an observer outside of the machine notes the longest stretch with interrupts
 * off during each row, whoever runs; row 0 is everything between the rows.  The
 * row "latency" tells the same from inside: how late an urgent thread runs.
 */
#include "bench.h"

#define ARENA 0x1000000000UL
#define GIB (1UL << 30)
#define FARTHER_AWAY 0x4000000000UL /* physical, beyond every machine's memory */
#define BIG_PAGES 4096UL        /* resident: 16 MiB */
#define MANY_CAPS 20000u
#define LEAF_SLOTS 63u /* slots of a leaf; 512 leaves are a page of the directory */
#define MANY_REGIONS 1000u
#define MANY_WAITERS 64u
#define MANY_SLEEPERS 240u /* each has a message page: a process has 256 */
#define MANY_THREADS 200u
#define DEEPEST 254u
#define TIMES 3u
#define PERIOD 37123UL /* nanoseconds: hits the calls at ever other places */
#define LATENCY_ROOM 40000u
#define LONGEST ((u64)MSG_MAX_WORDS << MSG_WORDS_SHIFT | (u64)MSG_MAX_CAPS << MSG_CAPS_SHIFT)

/* One sample, with what the reaper does after it. */
static void once(u32 row, struct measured_call *call, const char *what)
{
	series_mark(row);
	series_add(row, call_cost(call, what));
	settle();
	series_mark(0);
}

static void map_huge_range(void)
{
	u64 device = 0;
	struct measured_call map = {
		.tag = SYS_mem_map, .argument = { ARENA, GIB, 0, MAP_READ | MAP_WRITE }
	};
	struct measured_call protect = {
		.tag = SYS_mem_protect,
		.handles = startup->self,
		.argument = { ARENA, GIB, MAP_READ },
	};
	struct measured_call unmap = {
		.tag = SYS_mem_unmap, .handles = startup->self, .argument = { ARENA, GIB }
	};
	u32 mapped = series_start("worst-map-1g"), protected = series_start("worst-protect-1g");
	u32 unmapped = series_start("worst-unmap-1g");

	must(mem_create_device(startup->system, FARTHER_AWAY, GIB / PAGE_SIZE, MEM_CACHED, &device),
	     "mem_create_device");
	map.handles = startup->self | device << 32;
	for (u32 i = 0; i < TIMES; i++) {
		once(mapped, &map, "mem_map");
		protect.argument[0] = unmap.argument[0] = ARENA;
		protect.argument[1] = unmap.argument[1] = GIB;
		once(protected, &protect, "mem_protect");
		once(unmapped, &unmap, "mem_unmap");
	}
	must(cap_delete((handle_t)device), "cap_delete");
	settle();
}

static void touch_all(void)
{
	for (u64 page = 0; page < BIG_PAGES; page++)
		*(volatile u8 *)(ARENA + page * PAGE_SIZE) = 1;
}

/* All but the first and the last page becomes read-only: each step cuts a region, and all are resident. */
static void protect_touched(u32 row, handle_t memory)
{
	u64 size = BIG_PAGES * PAGE_SIZE;
	struct measured_call protect = {
		.tag = SYS_mem_protect,
		.handles = startup->self,
		.argument = { ARENA + PAGE_SIZE, size - 2 * PAGE_SIZE, MAP_READ },
	};

	must(mem_map(startup->self, memory, ARENA, size, 0, MAP_READ | MAP_WRITE, NULL),
	     "mem_map");
	touch_all();
	once(row, &protect, "mem_protect");
	must(mem_unmap(startup->self, ARENA, size, NULL), "mem_unmap");
}

/* A large object with all its frames: unmapped, protected, sealed, taken apart by the reaper. */
static void large_object(void)
{
	u32 protected = series_start("worst-protect-touched");
	u64 size = BIG_PAGES * PAGE_SIZE;
	u32 unmapped = series_start("worst-unmap-touched"), sealed = series_start("worst-seal");
	u32 destroyed = series_start("worst-destroy-mapped");
	u32 made = series_start("worst-create-memory");

	for (u32 i = 0; i < TIMES; i++) {
		struct measured_call make = { .tag = SYS_cap_create,
					      .argument = { TYPE_MEMORY, BIG_PAGES } };
		struct measured_call call = { 0 };
		handle_t memory;

		once(made, &make, "cap_create");
		memory = (handle_t)make.value[0];
		must(mem_map(startup->self, memory, ARENA, size, 0, MAP_READ | MAP_WRITE, NULL),
		     "mem_map");
		touch_all();
		call = (struct measured_call){
			.tag = SYS_mem_unmap, .handles = startup->self, .argument = { ARENA, size }
		};
		once(unmapped, &call, "mem_unmap");
		protect_touched(protected, memory);
		call = (struct measured_call){ .tag = SYS_mem_seal, .handles = memory };
		once(sealed, &call, "mem_seal");
		must(mem_map(startup->self, memory, ARENA, size, 0, MAP_READ, NULL), "mem_map");
		for (u64 page = 0; page < BIG_PAGES; page++)
			(void)*(volatile u8 *)(ARENA + page * PAGE_SIZE);
		call = (struct measured_call){ .tag = SYS_cap_destroy, .handles = memory };
		once(destroyed, &call, "cap_destroy");
		settle();
	}
}

/* So many that the space's directory has to grow: the figure is the dearest one's. */
static void fill_space(void)
{
	handle_t parent = create(TYPE_NOTIFICATION, 0);
	struct measured_call derive = {
		.tag = SYS_cap_derive, .handles = parent, .argument = { RIGHTS_ALL }
	};
	u32 row = series_start("worst-derive");
	u64 most = 0;

	for (u32 n = 0; n <= 512 * LEAF_SLOTS; n++) {
		u64 cost;

		series_mark(row);
		cost = call_cost(&derive, "cap_derive");
		most = MAX(most, cost);
	}
	series_mark(0);
	series_add(row, most);
	must(cap_revoke(parent), "cap_revoke");
	must(cap_delete(parent), "cap_delete");
	settle();
}

static void many_capabilities(void)
{
	handle_t parent = create(TYPE_NOTIFICATION, 0);
	struct measured_call revoke = { .tag = SYS_cap_revoke, .handles = parent };
	struct measured_call next = { .tag = SYS_cap_next };
	u32 revoked = series_start("worst-revoke"), searched = series_start("worst-cap-next");
	u32 destroyed = series_start("worst-destroy-children");
	struct measured_call destroy = { .tag = SYS_cap_destroy };

	for (u32 i = 0; i < TIMES; i++) {
		u64 child = 0, last = 0;

		for (u32 n = 0; n < MANY_CAPS; n++)
			must(cap_derive(parent, RIGHTS_ALL, 0, &child), "cap_derive");
		last = create(TYPE_NOTIFICATION, 0); /* behind them all */
		once(revoked, &revoke, "cap_revoke");
		next.argument[0] = HANDLE_INDEX(parent) + 1;
		once(searched, &next, "cap_next");
		for (u32 n = 0; n < MANY_CAPS / 4; n++)
			must(cap_derive((handle_t)last, RIGHTS_ALL, 0, &child), "cap_derive");
		destroy.handles = last;
		once(destroyed, &destroy, "cap_destroy");
		settle();
	}
	must(cap_delete(parent), "cap_delete");
}

static void deep_tree(void)
{
	u32 row = series_start("worst-delete-deep");
	struct measured_call delete = { .tag = SYS_cap_delete };

	for (u32 i = 0; i < TIMES; i++) {
		handle_t root = create(TYPE_NOTIFICATION, 0);
		u64 child = root;

		for (u32 n = 0; n < DEEPEST; n++)
			must(cap_derive((handle_t)child, RIGHTS_ALL, 0, &child), "cap_derive");
		delete.handles = root;
		once(row, &delete, "cap_delete");
		settle();
	}
}

/* ---- messages, waiters ---- */

/* What goes along with the longest message. */
static void fill_caps(struct measured_ipc *ipc, handle_t cap[MSG_MAX_CAPS])
{
	for (u32 n = 0; n < MSG_MAX_CAPS; n++)
		cap[n] = create(TYPE_NOTIFICATION, 0);
	ipc->caps[0] = cap[0] | (u64)cap[1] << 32;
	ipc->caps[1] = cap[2] | (u64)cap[3] << 32;
}

static void drop_caps(const handle_t cap[MSG_MAX_CAPS])
{
	for (u32 n = 0; n < MSG_MAX_CAPS; n++)
		must(cap_destroy(cap[n]), "cap_destroy");
}

static void ipc_once(u32 row, struct measured_ipc *ipc, const char *what)
{
	series_mark(row);
	series_add(row, ipc_cost(ipc, what));
	series_mark(0);
}

/* To and fro at once: what the server sends back is as long. */
static void largest_message(void)
{
	handle_t extra[STARTUP_EXTRA] = { create(TYPE_ENDPOINT, 0) }, cap[MSG_MAX_CAPS];
	struct measured_ipc ipc = { .handles = extra[0], .tag = SYS_ipc_call | ACCEPT_ALL };
	u32 called = series_start("worst-ipc"), sent = series_start("worst-send");
	struct child child;

	spawn("echo-caps", PRIORITY, extra, &child);
	(void)ipc_cost(&ipc, "ipc_call");
	for (u32 i = 0; i < TIMES; i++) {
		fill_caps(&ipc, cap);
		ipc.tag = SYS_ipc_call | LONGEST | ACCEPT_ALL;
		ipc_once(called, &ipc, "ipc_call");
		drop_caps(cap);
	}
	for (u32 i = 0; i < TIMES; i++) {
		fill_caps(&ipc, cap);
		ipc.tag = SYS_ipc_send | LONGEST | ACCEPT_ALL; /* it comes back to the server */
		ipc_once(sent, &ipc, "ipc_send");
		settle();
		drop_caps(cap);
	}
	child_free(&child);
	must(cap_destroy(extra[0]), "cap_destroy");
	settle();
}

static void call_with_all(void *argument)
{
	const handle_t *endpoint = argument;
	handle_t cap[MSG_MAX_CAPS];
	struct measured_ipc ipc = { .handles = *endpoint };

	do {
		fill_caps(&ipc, cap);
		ipc.tag = SYS_ipc_call | LONGEST | ACCEPT_ALL;
		(void)measure_ipc(&ipc);
		drop_caps(cap);
	} while (ipc.status == ST_OK);
}

/* The longest message of one who waits in the queue, and the longest answer. */
static void largest_answer(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);
	u32 received = series_start("worst-receive"), replied = series_start("worst-reply");
	handle_t cap[MSG_MAX_CAPS];
	struct measured_ipc ipc = { 0 };
	struct uthread caller;

	must(uthread_start(&caller, call_with_all, &endpoint, THREAD_PRIORITY(PRIORITY_BELOW)),
	     "uthread_start");
	for (u32 i = 0; i < TIMES; i++) {
		settle();
		ipc.handles = endpoint | (u64)reply << 32;
		ipc.tag = SYS_ipc_receive | ACCEPT_ALL;
		ipc_once(received, &ipc, "ipc_receive");
		ipc.handles = reply;
		fill_caps(&ipc, cap);
		ipc.tag = SYS_ipc_reply | LONGEST;
		ipc_once(replied, &ipc, "ipc_reply");
		settle();
		drop_caps(cap);
	}
	must(cap_destroy(endpoint), "cap_destroy");
	must(uthread_join(&caller, PATIENCE), "uthread_join");
	must(cap_destroy(reply), "cap_destroy");
	settle();
}

static void wait_on(void *argument)
{
	u64 bits;

	(void)notify_wait(*(handle_t *)argument, TIME_NEVER, &bits);
}

static void call_on(void *argument)
{
	struct message message = { 0 };

	(void)ipc_call(*(handle_t *)argument, &message);
}

/* A capability is deleted by which none of those waits who wait for its object; then all wake at once. */
static void many_waiters(const char *names[2], u64 type, void (*run)(void *))
{
	static struct uthread waiter[MANY_WAITERS];
	u32 deleted = series_start(names[0]), row = series_start(names[1]);

	for (u32 i = 0; i < TIMES; i++) {
		handle_t object = create(type, 0);
		struct measured_call destroy = { .tag = SYS_cap_destroy, .handles = object };
		struct measured_call delete = { .tag = SYS_cap_delete };
		u64 child = 0;

		for (u32 n = 0; n < MANY_WAITERS; n++)
			must(uthread_start(&waiter[n], run, &object, THREAD_DEFAULT),
			     "uthread_start");
		settle();
		must(cap_derive(object, RIGHTS_ALL, 0, &child), "cap_derive");
		delete.handles = child;
		once(deleted, &delete, "cap_delete");
		once(row, &destroy, "cap_destroy");
		settle();
		for (u32 n = 0; n < MANY_WAITERS; n++)
			must(uthread_join(&waiter[n], PATIENCE), "uthread_join");
	}
}

/* One of many is woken; another one's place among many changes. */
static void one_of_many(void)
{
	static struct uthread waiter[MANY_WAITERS];
	u32 signalled = series_start("worst-signal"), moved = series_start("worst-thread-set");

	for (u32 i = 0; i < TIMES; i++) {
		handle_t object = create(TYPE_NOTIFICATION, 0), endpoint = create(TYPE_ENDPOINT, 0);
		struct measured_call signal = {
			.tag = SYS_notify_signal, .handles = object, .argument = { ~0UL }
		};
		struct measured_call set = { .tag = SYS_thread_set };

		for (u32 n = 0; n < MANY_WAITERS; n++)
			must(uthread_start(&waiter[n], n % 2 ? wait_on : call_on,
					   n % 2 ? &object : &endpoint,
					   THREAD_PRIORITY(n * PRIORITY_BELOW / MANY_WAITERS)),
			     "uthread_start");
		settle();
		once(signalled, &signal, "notify_signal");
		/* From the end of the queue to its front. */
		set.handles = waiter[0].handle;
		set.argument[0] = THREAD_PRIORITY(PRIORITY_BELOW);
		once(moved, &set, "thread_set");
		must(cap_destroy(object), "cap_destroy");
		must(cap_destroy(endpoint), "cap_destroy");
		for (u32 n = 0; n < MANY_WAITERS; n++)
			must(uthread_join(&waiter[n], PATIENCE), "uthread_join");
	}
}

/* All their sleeps end at the same moment. */
static void sleep_until(void *argument)
{
	(void)thread_sleep(*(u64 *)argument);
}

static void many_timers(void)
{
	static struct uthread sleeper[MANY_SLEEPERS];
	u32 row = series_start("worst-timers");

	for (u32 i = 0; i < TIMES; i++) {
		u64 end = now() + 20 * MILLISECOND, start;

		for (u32 n = 0; n < MANY_SLEEPERS; n++)
			must(uthread_start(&sleeper[n], sleep_until, &end, THREAD_DEFAULT),
			     "uthread_start");
		series_mark(row);
		start = counter_now();
		(void)thread_sleep(end + MILLISECOND);
		series_add(row, counter_now() - start);
		series_mark(0);
		for (u32 n = 0; n < MANY_SLEEPERS; n++)
			must(uthread_join(&sleeper[n], PATIENCE), "uthread_join");
	}
}

/* ---- a process with much in it ---- */

/* They have never run; half of them have a message page. */
static void fill_with_threads(handle_t process)
{
	for (u32 n = 0; n < MANY_THREADS; n++) {
		u64 thread;

		must(thread_create(process, PAGE_SIZE * 32, PAGE_SIZE * 32, 0,
				   THREAD_PRIORITY(PRIORITY) | (n % 2 ? THREAD_NO_PAGE : 0),
				   &thread, NULL), "thread_create");
		must(cap_delete((handle_t)thread), "cap_delete");
	}
}

static void large_process(void)
{
	u32 row = series_start("worst-destroy-process");
	handle_t memory = create(TYPE_MEMORY, 1), parent = create(TYPE_NOTIFICATION, 0);
	struct measured_call destroy = { .tag = SYS_cap_destroy };

	for (u32 i = 0; i < TIMES; i++) {
		handle_t process = create(TYPE_PROCESS, 0);

		for (u32 n = 0; n < MANY_CAPS / 4; n++)
			must(cap_copy(parent, process, CAP_LEND, RIGHTS_ALL, 0, NULL), "cap_copy");
		for (u32 n = 0; n < MANY_REGIONS; n++)
			must(mem_map(process, memory, ARENA + n * 2 * PAGE_SIZE, PAGE_SIZE, 0,
				     MAP_READ, NULL), "mem_map");
		fill_with_threads(process);
		destroy.handles = process;
		once(row, &destroy, "cap_destroy");
		settle();
		settle();
	}
	must(cap_delete(memory), "cap_delete");
	must(cap_delete(parent), "cap_delete");
	settle();
}

int role_crowd(void)
{
	u64 bits;

	fill_with_threads(startup->self);
	must(notify_wait(startup->extra[0], TIME_NEVER, &bits), "notify_wait");
	return 0;
}

/* The one thread of many that ends its process; and one more thread, where most places are taken. */
static void full_process(void)
{
	u32 ended = series_start("worst-process-exit"), row = series_start("worst-thread-create");

	for (u32 i = 0; i < TIMES; i++) {
		handle_t extra[STARTUP_EXTRA] = { create(TYPE_NOTIFICATION, 0) };
		struct measured_call make = {
			.tag = SYS_thread_create,
			.argument = { PAGE_SIZE * 32, PAGE_SIZE * 32, 0,
				      THREAD_PRIORITY(PRIORITY) },
		};
		struct child child;
		u64 start;

		spawn("crowd", PRIORITY, extra, &child);
		make.handles = child.process;
		once(row, &make, "thread_create");
		must(cap_delete((handle_t)make.value[0]), "cap_delete");
		series_mark(ended);
		start = counter_now();
		must(notify_signal(extra[0], 1), "notify_signal");
		must(program_wait(child.process, PATIENCE), "a process does not end");
		series_add(ended, counter_now() - start);
		series_mark(0);
		child_free(&child);
		must(cap_destroy(extra[0]), "cap_destroy");
		settle();
	}
}

/* ---- how late an urgent thread wakes up meanwhile ---- */

struct sampler {
	struct uthread thread;
	u32 row, goes_on;
};

static void note_latency(void *argument)
{
	struct sampler *self = argument;
	u64 next = now() + PERIOD;

	while (__atomic_load_n(&self->goes_on, __ATOMIC_ACQUIRE)) {
		u64 time;

		(void)thread_sleep(next);
		time = now();
		series_add(self->row, time - next);
		next = MAX(next + PERIOD, time + PERIOD / 2);
	}
}

void bench_latency(void)
{
	struct sampler sampler = { .row = series_start_long("latency", LATENCY_ROOM),
				   .goes_on = 1 };

	must(uthread_start(&sampler.thread, note_latency, &sampler,
			   THREAD_PRIORITY(PRIORITY_ABOVE)), "uthread_start");
	bench_worst();
	__atomic_store_n(&sampler.goes_on, 0, __ATOMIC_RELEASE);
	must(uthread_join(&sampler.thread, PATIENCE), "uthread_join");
}

void bench_worst(void)
{
	series_set_warm_up(0);
	map_huge_range();
	large_object();
	fill_space();
	many_capabilities();
	deep_tree();
	largest_message();
	largest_answer();
	many_waiters((const char *[]){ "worst-delete-waited", "worst-destroy-waited" },
		     TYPE_NOTIFICATION, wait_on);
	many_waiters((const char *[]){ "worst-delete-called", "worst-destroy-called" },
		     TYPE_ENDPOINT, call_on);
	one_of_many();
	many_timers();
	large_process();
	full_process();
}
