// SPDX-License-Identifier: MIT
/*
 * Who runs: round robin among equals, priorities strictly, every CPU.
 */
#include "peer.h"

#define CPUS 8

struct runner {
	struct uthread thread;
	u64 count;
	u32 stop;
	handle_t wake;
	u64 bits;
} __aligned(64);

static void run(void *argument)
{
	struct runner *self = argument;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		__atomic_store_n(&self->count, self->count + 1, __ATOMIC_RELAXED);
		loop_pause();
	}
}

static u64 count_of(struct runner *runner)
{
	return __atomic_load_n(&runner->count, __ATOMIC_RELAXED);
}

static void start(struct runner *runner, u64 settings)
{
	*runner = (struct runner){ 0 };
	must(uthread_start(&runner->thread, run, runner, settings), "uthread_start");
}

static void stop(struct runner *runner)
{
	__atomic_store_n(&runner->stop, 1, __ATOMIC_RELAXED);
	must(uthread_join(&runner->thread, PATIENCE), "uthread_join");
}

#define ROUNDS 5
#define OTHERS 8u /* switches to others and back, for each of the rounds that it takes */

/* Each gets its share: in one of some rounds, since the host may let a processor wait for most of one. */
static bool is_shared(struct runner *a, struct runner *b, u64 counts[2])
{
	bool is_fair = false;

	for (u32 round = 0; round < ROUNDS && !is_fair; round++) {
		u64 before[] = { count_of(a), count_of(b) };

		/* Long enough for several turns of each, whatever the quantum. */
		sleep_for(100 * MILLISECOND + 8 * CONFIG_SCHED_QUANTUM_US * 1000UL);
		counts[0] = count_of(a) - before[0];
		counts[1] = count_of(b) - before[1];
		is_fair = counts[0] && counts[1] && counts[0] / 8 < counts[1] &&
			  counts[1] / 8 < counts[0];
	}
	return is_fair;
}

static u64 switches(u64 cpu)
{
	u64 count = 0, idle;

	must(system_info(startup->system, INFO_SWITCHES, cpu, &count, &idle), "system_info");
	return count;
}

/* A turn is no shorter than the quantum, except that we ourselves come in between now and then. */
static void test_equals(u64 cpu)
{
	static struct runner a, b;
	u64 counts[2] = { 0 }, begin, before, turns, seen;
	bool is_fair;

	start(&a, THREAD_PRIORITY(10) | THREAD_CPU(cpu));
	start(&b, THREAD_PRIORITY(10) | THREAD_CPU(cpu));
	begin = now();
	before = switches(cpu);
	is_fair = is_shared(&a, &b, counts);
	seen = switches(cpu) - before;
	turns = (now() - begin) / (CONFIG_SCHED_QUANTUM_US * 1000UL);
	check(is_fair, "two equals on CPU %lu share it (%lu, %lu)", cpu, counts[0], counts[1]);
	check(seen <= turns + OTHERS, "and their turns are whole ones (%lu switches, %lu turns)",
	      seen, turns);
	stop(&a);
	stop(&b);
}

static void test_strict(u64 cpu)
{
	static struct runner high, low;
	u64 before;

	start(&low, THREAD_PRIORITY(5) | THREAD_CPU(cpu));
	start(&high, THREAD_PRIORITY(12) | THREAD_CPU(cpu));
	sleep_for(20 * MILLISECOND);
	before = count_of(&low);
	sleep_for(40 * MILLISECOND);
	check(count_of(&low) == before && count_of(&high),
	      "on CPU %lu a lower thread waits while a higher one runs", cpu);
	stop(&high);
	sleep_for(20 * MILLISECOND);
	check(count_of(&low) != before, "and runs when it is gone (%lu, %lu)", before,
	      count_of(&low));
	stop(&low);
}

static void wait_for_wake(void *argument)
{
	struct runner *self = argument;

	(void)notify_wait(self->wake, TIME_NEVER, &self->bits);
	self->count++;
}

/* A higher thread on a CPU that loops in user mode, and on an idle one. */
static void test_wake(u64 cpu, bool is_busy)
{
	static struct runner busy, sleeper;
	u64 begin;

	if (is_busy)
		start(&busy, THREAD_PRIORITY(5) | THREAD_CPU(cpu));
	sleeper = (struct runner){ .wake = create(TYPE_NOTIFICATION, 0) };
	must(uthread_start(&sleeper.thread, wait_for_wake, &sleeper,
			   THREAD_PRIORITY(20) | THREAD_CPU(cpu)), "uthread_start");
	(void)await_state(sleeper.thread.handle, THREAD_STATE_BLOCKED);
	sleep_for(5 * MILLISECOND);
	begin = now();
	(void)notify_signal(sleeper.wake, 9);
	must(uthread_join(&sleeper.thread, PATIENCE), "uthread_join");
	check(sleeper.bits == 9, "CPU %lu, %s, lets a woken thread in (%lu us)", cpu,
	      is_busy ? "looping in user mode" : "idle", (now() - begin) / 1000);
	if (is_busy)
		stop(&busy);
	(void)cap_delete(sleeper.wake);
}

/* ---- many become ready while their CPU is taken ---- */

#define READY 6

static struct ready {
	struct uthread thread;
	handle_t wake;
	u64 bits;
	u32 place; /* in the order in which they run */
} ready[READY];
static u32 nr_run;
#define ORDER_TRIES 20u

static void run_in_turn(void *argument)
{
	struct ready *self = argument;

	(void)notify_wait(self->wake, TIME_NEVER, &self->bits);
	self->place = __atomic_fetch_add(&nr_run, 1, __ATOMIC_RELAXED);
}

/* The order in which they run; @early counts those who did before they could. */
static u64 order_of_ready(u64 cpu, u64 *early)
{
	static const u8 priorities[READY] = { 10, 14, 12, 10, 14, 12 };
	static struct runner busy;
	u64 order = 0;

	nr_run = 0;
	for (u32 i = 0; i < READY; i++) {
		ready[i] = (struct ready){ .wake = create(TYPE_NOTIFICATION, 0) };
		must(uthread_start(&ready[i].thread, run_in_turn, &ready[i],
				   THREAD_PRIORITY(priorities[i]) | THREAD_CPU(cpu)),
		     "uthread_start");
		(void)await_state(ready[i].thread.handle, THREAD_STATE_BLOCKED);
	}
	start(&busy, THREAD_PRIORITY(20) | THREAD_CPU(cpu));
	while (!count_of(&busy))
		sleep_for(MILLISECOND);
	for (u32 i = 0; i < READY; i++)
		(void)notify_signal(ready[i].wake, 1);
	sleep_for(2 * MILLISECOND);
	*early += __atomic_load_n(&nr_run, __ATOMIC_RELAXED);
	stop(&busy);
	for (u32 i = 0; i < READY; i++) {
		must(uthread_join(&ready[i].thread, PATIENCE), "uthread_join");
		(void)cap_delete(ready[i].wake);
	}
	for (u32 i = 0; i < READY; i++)
		order |= (u64)i << 4 * (READY - 1 - ready[i].place);
	return order;
}

/*
 * The highest runs first, equals in the order in which they became ready.  A turn may end before
 * a thread has noted its place, when the host lets the processor wait.
 */
static void test_ready_order(u64 cpu)
{
	u64 order = 0, early = 0;

	for (u32 tries = 0; tries < ORDER_TRIES && order != 0x142503; tries++)
		order = order_of_ready(cpu, &early);
	same(early, 0, "on CPU %lu nobody runs before a higher one has ended", cpu);
	same(order, 0x142503, "then the highest first, equals as they became ready");
}

static void test_all(void)
{
	static struct runner runners[CPUS];
	u64 cpus = MIN(cpus_online(), (u64)CPUS), where, state, right = 0;

	for (u64 i = 0; i < cpus; i++)
		start(&runners[i], THREAD_PRIORITY(10) | THREAD_CPU(i));
	/* However long the host lets a processor wait. */
	for (u64 i = 0, end = now() + PATIENCE; i < cpus; i++)
		while (!count_of(&runners[i]) && now() < end)
			sleep_for(10 * MILLISECOND);
	for (u64 i = 0; i < cpus; i++) {
		(void)thread_info(runners[i].thread.handle, THREAD_INFO_STATE, &state, &where);
		right += where == i && count_of(&runners[i]) > 0;
	}
	check(right == cpus, "a thread on each of %lu CPUs counts in user mode", cpus);
	for (u64 i = 0; i < cpus; i++)
		stop(&runners[i]);
}

/* Two on one CPU and nobody on the others: nothing moves by itself. */
static void test_stays(u64 cpu)
{
	static struct runner a, b;
	u64 state, where[2] = { 0 }, moved = 0;

	start(&a, THREAD_PRIORITY(10) | THREAD_CPU(cpu));
	start(&b, THREAD_PRIORITY(10) | THREAD_CPU(cpu));
	for (u32 i = 0; i < 10; i++) {
		sleep_for(5 * MILLISECOND);
		(void)thread_info(a.thread.handle, THREAD_INFO_STATE, &state, &where[0]);
		(void)thread_info(b.thread.handle, THREAD_INFO_STATE, &state, &where[1]);
		moved += where[0] != cpu || where[1] != cpu;
	}
	same(moved, 0, "threads stay on CPU %lu, where they were put", cpu);
	stop(&a);
	stop(&b);
}

/* Does it count, before long?  The host may let a processor wait. */
static bool moves(struct runner *runner)
{
	u64 before = count_of(runner), end = now() + PATIENCE;

	while (count_of(runner) == before && now() < end)
		sleep_for(5 * MILLISECOND);
	return count_of(runner) != before;
}

/* Priorities change while the threads run: who is raised comes in, who is lowered goes. */
static void test_raised(u64 cpu)
{
	static struct runner a, b;
	u64 before;

	start(&a, THREAD_PRIORITY(10) | THREAD_CPU(cpu));
	start(&b, THREAD_PRIORITY(12) | THREAD_CPU(cpu));
	check(moves(&b), "on CPU %lu the better of two threads runs", cpu);
	WANT(thread_set(a.thread.handle, THREAD_PRIORITY(14) | THREAD_CPU(cpu)), ST_OK);
	check(moves(&a), "on CPU %lu a thread raised above the running one runs", cpu);
	before = count_of(&b);
	sleep_for(20 * MILLISECOND);
	same(count_of(&b), before, "and the other waits");
	WANT(thread_set(a.thread.handle, THREAD_PRIORITY(8) | THREAD_CPU(cpu)), ST_OK);
	check(moves(&b), "lowered it lets the other in (which counts %lu)", count_of(&b));
	before = count_of(&a);
	sleep_for(20 * MILLISECOND);
	same(count_of(&a), before, "and waits itself");
	stop(&b);
	stop(&a);
}

#define YIELDERS 3
#define TURNS 40
#define ALL_TURNS (YIELDERS * TURNS)
#define MOST_ROUNDS 20u

static struct yielder {
	struct uthread thread;
	u32 turns;
	u32 waits;	 /* for the next turn, too short for the clock to have ended anybody's */
	u32 passed_over; /* somebody else who had no turn in such a wait */
} yielders[YIELDERS];

static void yield_in_turn(void *argument)
{
	struct yielder *self = argument;

	/* Until all are there. */
	while (__atomic_load_n(&yielders[YIELDERS - 1].turns, __ATOMIC_RELAXED) == 0)
		(void)thread_yield();
	while (self->turns < TURNS) {
		u32 before[YIELDERS];
		u64 begin = now();

		self->turns++;
		for (u32 i = 0; i < YIELDERS; i++)
			before[i] = yielders[i].turns;
		(void)thread_yield();
		if (now() - begin >= CONFIG_SCHED_QUANTUM_US * 1000UL)
			continue;
		self->waits++;
		for (u32 i = 0; i < YIELDERS; i++)
			self->passed_over += &yielders[i] != self && before[i] < TURNS &&
					     yielders[i].turns == before[i];
	}
}

/* One round of all turns: adds to the waits, and how often somebody was passed over in them. */
static void yield_all(u64 cpu, u32 *waits, u32 *passed_over)
{
	for (u32 i = 0; i < YIELDERS; i++)
		yielders[i] = (struct yielder){ .turns = 0 };
	for (u32 i = 0; i < YIELDERS; i++)
		must(uthread_start(&yielders[i].thread, yield_in_turn, &yielders[i],
				   THREAD_PRIORITY(10) | THREAD_CPU(cpu)), "uthread_start");
	sleep_for(5 * MILLISECOND);
	__atomic_store_n(&yielders[YIELDERS - 1].turns, 1, __ATOMIC_RELAXED);
	for (u32 i = 0; i < YIELDERS; i++) {
		must(uthread_join(&yielders[i].thread, PATIENCE), "uthread_join");
		*waits += yielders[i].waits;
		*passed_over += yielders[i].passed_over;
	}
}

static void test_yield(u64 cpu)
{
	u32 waits = 0, passed_over = 0;

	/* Beside the end of an earlier test, with checkers, a call can take longer than a quantum. */
	for (u32 round = 0; round < MOST_ROUNDS && waits < ALL_TURNS / 2; round++)
		yield_all(cpu, &waits, &passed_over);
	/* Who loses the CPU between a count and its yield has no turn that counts. */
	check(waits && passed_over <= waits / 6,
	      "%u threads that yield on CPU %lu take turns (%u of %u without somebody else's)",
	      YIELDERS, cpu, passed_over, waits);
}

/* Somebody who wakes up often does not take the turns of his equals. */
static void nap(void *argument)
{
	struct runner *self = argument;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		sleep_for(MILLISECOND);
		__atomic_store_n(&self->count, self->count + 1, __ATOMIC_RELAXED);
	}
}

static void test_no_starvation(u64 cpu)
{
	static struct runner a, b, napper;
	u64 counts[2] = { 0 };
	bool is_fair;

	napper = (struct runner){ 0 };
	start(&a, THREAD_PRIORITY(10) | THREAD_CPU(cpu));
	start(&b, THREAD_PRIORITY(10) | THREAD_CPU(cpu));
	must(uthread_start(&napper.thread, nap, &napper, THREAD_PRIORITY(11) | THREAD_CPU(cpu)),
	     "uthread_start");
	is_fair = is_shared(&a, &b, counts);
	check(is_fair && count_of(&napper),
	      "often preempted for a moment, two equals on CPU %lu share the rest (%lu, %lu; %lu)",
	      cpu, counts[0], counts[1], count_of(&napper));
	stop(&a);
	stop(&b);
	stop(&napper);
}

#define CALLS 20u

static struct beside {
	struct uthread thread;
	handle_t endpoint;
	u32 interrupted; /* calls during which the looping equal has run */
} beside;
static struct runner equal;

/* The short way of messages, and by a deadline the long one. */
static void call_beside(void *argument)
{
	struct beside *self = argument;

	for (u32 i = 0; i < CALLS; i++) {
		struct message message = { .flags = i % 2 ? MSG_TIMEOUT : 0,
					   .deadline = now() + PATIENCE };
		u64 before = count_of(&equal);

		must(ipc_call(self->endpoint, &message), "ipc_call");
		self->interrupted += count_of(&equal) != before;
	}
}

/* Who gets a message comes before its equals: only at the end of a turn does one of them get in. */
static void test_handed_on(u64 cpu)
{
	u64 settings = THREAD_PRIORITY(10) | THREAD_CPU(cpu);
	static struct echo server;

	/* A kernel with a sanitizer takes as long for a call: each sees the end of a turn. */
	if (CONFIG_SCHED_QUANTUM_US < 1000)
		return;
	server = (struct echo){ .endpoint = create(TYPE_ENDPOINT, 0),
				.reply = create(TYPE_REPLY, 0) };
	beside = (struct beside){ .endpoint = server.endpoint };
	must(uthread_start(&server.thread, echo_run, &server, settings), "uthread_start");
	(void)await_state(server.thread.handle, THREAD_STATE_BLOCKED);
	start(&equal, settings);
	must(uthread_start(&beside.thread, call_beside, &beside, settings), "uthread_start");
	must(uthread_join(&beside.thread, PATIENCE), "uthread_join");
	stop(&equal);
	check(beside.interrupted <= CALLS / 4,
	      "a call and its answer on CPU %lu need no turn of an equal (%u of %u did)", cpu,
	      beside.interrupted, CALLS);
	(void)cap_destroy(server.endpoint);
	must(uthread_join(&server.thread, PATIENCE), "uthread_join");
	(void)cap_delete(server.reply);
}

void test_schedule(void)
{
	u64 last = cpus_online() - 1;

	test_ready_order(0);
	test_ready_order(last);
	test_stays(0);
	test_stays(last);
	test_raised(0);
	test_raised(last);
	test_yield(0);
	test_yield(last);
	test_no_starvation(0);
	test_no_starvation(last);

	test_equals(0);
	test_equals(last);
	test_handed_on(0);
	test_handed_on(last);
	test_strict(0);
	test_strict(last);
	test_wake(last, false);
	test_wake(last, true);
	test_wake(0, true);
	test_all();
}
