// SPDX-License-Identifier: MIT
/*
 * Who runs: round robin among equals, priorities strictly, every CPU.
 */
#include "test.h"

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

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED))
		__atomic_store_n(&self->count, self->count + 1, __ATOMIC_RELAXED);
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

static void test_equals(u64 cpu)
{
	static struct runner a, b;

	start(&a, THREAD_PRIORITY(10) | THREAD_CPU(cpu));
	start(&b, THREAD_PRIORITY(10) | THREAD_CPU(cpu));
	/* Long enough for several turns of each, whatever the quantum and the host. */
	sleep_for(100 * MILLISECOND + 8 * CONFIG_SCHED_QUANTUM_US * 1000UL);
	check(count_of(&a) && count_of(&b) && count_of(&a) / 8 < count_of(&b) &&
	      count_of(&b) / 8 < count_of(&a), "two equals on CPU %lu share it (%lu, %lu)", cpu,
	      count_of(&a), count_of(&b));
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
	check(count_of(&low) != before, "and runs when it is gone");
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

static void test_all(void)
{
	static struct runner runners[CPUS];
	u64 cpus = MIN(cpus_online(), (u64)CPUS), where, state, right = 0;

	for (u64 i = 0; i < cpus; i++)
		start(&runners[i], THREAD_PRIORITY(10) | THREAD_CPU(i));
	sleep_for(50 * MILLISECOND);
	for (u64 i = 0; i < cpus; i++) {
		(void)thread_info(runners[i].thread.handle, THREAD_INFO_STATE, &state, &where);
		right += where == i && count_of(&runners[i]) > 0;
	}
	check(right == cpus, "a thread on each of %lu CPUs counts in user mode", cpus);
	for (u64 i = 0; i < cpus; i++)
		stop(&runners[i]);
}

void test_schedule(void)
{
	u64 last = cpus_online() - 1;

	test_equals(0);
	test_equals(last);
	test_strict(0);
	test_strict(last);
	test_wake(last, false);
	test_wake(last, true);
	test_wake(0, true);
	test_all();
}
