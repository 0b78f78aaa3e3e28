// SPDX-License-Identifier: MIT
/*
 * Time: one clock for all CPUs, sleeps that are never too short, deadlines in order.
 */
#include "test.h"

#define STAMPS 40
#define SLEEPERS 3

struct stamper {
	struct uthread thread;
	handle_t endpoint, reply;
};

static void stamp(void *argument)
{
	struct stamper *self = argument;
	struct message message = { 0 };
	long status = ipc_receive(self->endpoint, self->reply, &message);

	while (status == ST_OK) {
		message = (struct message){ .words = 1, .word = { now() } };
		status = ipc_reply_receive(self->endpoint, self->reply, &message);
	}
}

/* What another CPU says lies between what we have seen before and see afterwards. */
static void test_same_clock(u64 cpu)
{
	struct stamper stamper = {
		.endpoint = create(TYPE_ENDPOINT, 0), .reply = create(TYPE_REPLY, 0)
	};
	u64 wrong = 0;

	must(uthread_start(&stamper.thread, stamp, &stamper, THREAD_PRIORITY(33) | THREAD_CPU(cpu)),
	     "uthread_start");
	for (u32 i = 0; i < STAMPS; i++) {
		struct message message = { 0 };
		u64 before = now();

		must(ipc_call(stamper.endpoint, &message), "ipc_call");
		wrong += message.word[0] < before || message.word[0] > now();
	}
	same(wrong, 0, "the clock of CPU %lu is that of CPU 0", cpu);
	(void)cap_destroy(stamper.endpoint);
	must(uthread_join(&stamper.thread, PATIENCE), "uthread_join");
	(void)cap_delete(stamper.reply);
}

static struct sleeper {
	struct uthread thread;
	u64 deadline, woken, place;
} sleepers[SLEEPERS];
static u32 nr_woken;

static void sleep_until(void *argument)
{
	struct sleeper *self = argument;

	(void)thread_sleep(self->deadline);
	self->woken = now();
	self->place = __atomic_fetch_add(&nr_woken, 1, __ATOMIC_RELAXED);
}

/* Deadlines of one CPU, the latest asked for first. */
static void test_order(u64 cpu)
{
	u64 begin = now(), late = 0, order = 0;

	nr_woken = 0;
	for (u32 i = 0; i < SLEEPERS; i++) {
		sleepers[i] = (struct sleeper){
			.deadline = begin + (SLEEPERS - i) * 30 * MILLISECOND
		};
		must(uthread_start(&sleepers[i].thread, sleep_until, &sleepers[i],
				   THREAD_PRIORITY(30) | THREAD_CPU(cpu)), "uthread_start");
	}
	for (u32 i = 0; i < SLEEPERS; i++) {
		must(uthread_join(&sleepers[i].thread, PATIENCE), "uthread_join");
		late += sleepers[i].woken < sleepers[i].deadline;
		order += sleepers[i].place == SLEEPERS - 1 - i;
	}
	same(late, 0, "on CPU %lu nobody is woken before its time", cpu);
	same(order, SLEEPERS, "and they are woken in the order of their deadlines");
}

void test_clock(void)
{
	u64 begin = now(), before = begin, after;
	u32 ascends = 1;

	for (u32 i = 0; i < 1000; i++) {
		after = now();
		ascends &= after >= before;
		before = after;
	}
	check(ascends, "the clock does not go back");
	for (u64 cpu = 0; cpu < MIN(cpus_online(), 4UL); cpu++)
		test_same_clock(cpu);
	test_order(0);
	test_order(cpus_online() - 1);
	begin = now();
	WANT(thread_sleep(begin - MIN(begin, SECOND)), ST_OK);
	check(now() - begin < SECOND, "a time that has passed is not waited for");
}
