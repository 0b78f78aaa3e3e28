// SPDX-License-Identifier: MIT
/*
 * The null call, notifications, yields, the timer's interrupt.
 */
#include "bench.h"

#define TICK (50 * 1000UL)
#define TICK_ALONE 2 /* a gap between two reads this many times the usual one is an interrupt */

static void null_calls(void)
{
	struct measured_call call = { .tag = SYS_null };
	u32 row = series_start("null");

	for (u32 i = 0; i < series_samples(); i++) {
		series_mark(row);
		series_add(row, call_cost(&call, "null"));
	}
}

static void null_through_library(void)
{
	u32 row = series_start("null-library");

	for (u32 i = 0; i < series_samples(); i++) {
		u64 start, end, empty = counter_now();
		long status;

		empty = counter_now() - empty;
		series_mark(row);
		start = counter_now();
		status = null();
		end = counter_now();
		must(status, "null");
		series_add(row, end - start - empty);
	}
}

static void nobody_waits(void)
{
	handle_t notification = create(TYPE_NOTIFICATION, 0);
	struct measured_call signal = {
		.tag = SYS_notify_signal, .handles = notification, .argument = { 1 }
	};
	struct measured_call poll = { .tag = SYS_notify_poll, .handles = notification };
	struct measured_call wait = {
		.tag = SYS_notify_wait, .handles = notification, .argument = { TIME_NEVER }
	};
	u32 row = series_start("notify"), polled = series_start("notify-poll");
	u32 waited = series_start("notify-wait-ready");

	for (u32 i = 0; i < series_samples(); i++) {
		series_mark(row);
		series_add(row, call_cost(&signal, "notify_signal"));
		series_mark(polled);
		series_add(polled, call_cost(&poll, "notify_poll"));
		must(notify_signal(notification, 2), "notify_signal");
		series_mark(waited);
		series_add(waited, call_cost(&wait, "notify_wait"));
		if (poll.value[0] != 1 || wait.value[0] != 2)
			fail("a notification lost bits");
	}
	must(cap_destroy(notification), "cap_destroy");
}

/* One way: @call until the other process's first instruction. */
static void one_way(const char *name, const char *role, u64 settings, u64 type, u64 tag)
{
	handle_t extra[STARTUP_EXTRA] = { type ? create(type, 0) : HANDLE_NULL };
	struct measured_call call = { .tag = tag, .handles = extra[0], .argument = { 1 } };
	const u64 *stamp = memory_new(1, &extra[1]);
	u32 row = series_start(name);
	struct child child;

	assert(stamp);
	spawn(role, settings, extra, &child);
	for (u32 i = 0; i < series_samples(); i++) {
		series_mark(row);
		series_add(row, call_one_way(&call, stamp, name));
	}
	child_free(&child);
	if (type)
		must(cap_destroy(extra[0]), "cap_destroy");
	memory_free((void *)stamp, 1, extra[1]);
	settle();
}

static void yield_alone(void)
{
	struct measured_call call = { .tag = SYS_thread_yield };
	u32 row = series_start("yield-alone");

	for (u32 i = 0; i < series_samples(); i++) {
		series_mark(row);
		series_add(row, call_cost(&call, "thread_yield"));
	}
}

/* ---- the timer ---- */

static void sleep_on(void *argument)
{
	const u32 *goes_on = argument;

	while (__atomic_load_n(goes_on, __ATOMIC_ACQUIRE))
		sleep_for(TICK);
}

/* What the longest time between two reads of the counter has more than the usual one. */
static u64 next_gap(u64 usual)
{
	u64 before, after = counter_now();

	do {
		before = after;
		after = counter_now();
	} while (after - before <= TICK_ALONE * usual);
	return after - before - usual;
}

static u64 usual_gap(void)
{
	u64 least = ~0UL;

	for (u32 i = 0; i < 16; i++) {
		u64 start = counter_now();

		least = MIN(counter_now() - start, least);
	}
	/* The loop above has no comparison and branch; next_gap() counts them as the tick's. */
	return least;
}

/* A thread of lower priority becomes runnable; the running one goes on. */
static void timer_tick(void)
{
	u32 row = series_start("timer-tick"), goes_on = 1;
	u64 usual = usual_gap();
	struct uthread sleeper;

	must(uthread_start(&sleeper, sleep_on, &goes_on, THREAD_PRIORITY(PRIORITY_BELOW)),
	     "uthread_start");
	for (u32 i = 0; i < series_samples(); i++) {
		u64 gap;

		sleep_for(TICK / 2); /* it runs, and sleeps again */
		series_mark_longest(row);
		gap = next_gap(usual);
		series_unmark();
		series_add(row, gap);
	}
	__atomic_store_n(&goes_on, 0, __ATOMIC_RELEASE);
	must(uthread_join(&sleeper, PATIENCE), "uthread_join");
}

void bench_notify(void)
{
	null_calls();
	null_through_library();
	nobody_waits();
	one_way("notify-switch", "stamp-wait", PRIORITY_ABOVE, TYPE_NOTIFICATION,
		SYS_notify_signal);
	yield_alone();
	one_way("yield-switch", "stamp-yield", PRIORITY, TYPE_NONE, SYS_thread_yield);
	timer_tick();
}
