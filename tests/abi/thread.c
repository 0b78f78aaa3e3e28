// SPDX-License-Identifier: MIT
/*
 * Threads: creation, suspension, settings, end.
 */
#include "test.h"

struct counter {
	struct uthread thread;
	u64 count;
	u32 stop;
};

static void count(void *argument)
{
	struct counter *self = argument;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		__atomic_store_n(&self->count, self->count + 1, __ATOMIC_RELAXED);
		loop_pause();
	}
}

/* Does it begin to count, or to stand still?  Other CPUs take their time on a loaded emulator. */
static bool becomes(struct counter *counter, bool moving)
{
	for (u32 tries = 0; tries < 200; tries++) {
		u64 before = __atomic_load_n(&counter->count, __ATOMIC_RELAXED);

		sleep_for(10 * MILLISECOND);
		if ((__atomic_load_n(&counter->count, __ATOMIC_RELAXED) != before) == moving)
			return true;
	}
	return false;
}

/* Its CPU is @cpu before long. */
static bool gets_to(handle_t thread, u64 cpu)
{
	u64 state, where = ~0UL;

	for (u32 tries = 0; tries < 200 && where != cpu; tries++) {
		sleep_for(10 * MILLISECOND);
		(void)thread_info(thread, THREAD_INFO_STATE, &state, &where);
	}
	return where == cpu;
}

static void test_suspend(u64 cpu)
{
	struct counter counter = { 0 };
	u64 time = 0, priority = 0, ran = now();
	bool has_moved;

	must(uthread_start(&counter.thread, count, &counter, THREAD_PRIORITY(10) | THREAD_CPU(cpu)),
	     "uthread_start");
	check(becomes(&counter, true), "a thread runs on CPU %lu", cpu);
	WANT(thread_suspend(counter.thread.handle), ST_OK);
	(void)await_state(counter.thread.handle, THREAD_STATE_INACTIVE);
	ran = now() - ran;
	(void)thread_info(counter.thread.handle, THREAD_INFO_TIME, &time, &priority);
	check(time <= ran && time >= ran / 4, "and for as long as is counted (%lu of %lu us)",
	      time / 1000, ran / 1000);
	sleep_for(50 * MILLISECOND);
	check(becomes(&counter, false), "suspended out of a user-mode loop it stands still (%lu)",
	      counter.count);
	WANT(thread_resume(counter.thread.handle), ST_OK);
	check(becomes(&counter, true), "resumed it goes on (%lu)", counter.count);
	WANT(thread_set(counter.thread.handle, THREAD_PRIORITY(12) | THREAD_CPU(0)), ST_OK);
	has_moved = gets_to(counter.thread.handle, 0);
	(void)thread_info(counter.thread.handle, THREAD_INFO_TIME, &time, &priority);
	check(has_moved && priority == 12 && becomes(&counter, true),
	      "thread_set moves it to CPU 0 (moved: %u, priority %lu)", has_moved, priority);
	check(time > MILLISECOND, "its processor time is counted (%lu ns)", time);
	__atomic_store_n(&counter.stop, 1, __ATOMIC_RELAXED);
	WANT(uthread_join(&counter.thread, PATIENCE), ST_OK);
}

static void test_dead(void)
{
	u64 thread, page = 1;
	handle_t dead, self = startup->self;

	WANT(thread_create(self, (u64)blob_thread_exit, 0, 0,
			   THREAD_PRIORITY(32) | THREAD_NO_PAGE | THREAD_START, &thread, &page),
	     ST_OK);
	dead = (handle_t)thread;
	same(page, 0, "a thread without a message page");
	same(state_before_long(dead, THREAD_STATE_DEAD), THREAD_STATE_DEAD,
	     "ends, and is known until deleted");
	WANT(thread_resume(dead), ST_DEAD);
	WANT(thread_suspend(dead), ST_DEAD);
	WANT(thread_interrupt(dead), ST_DEAD);
	WANT(thread_set(dead, THREAD_PRIORITY(3)), ST_DEAD);
	(void)cap_delete(dead);
}

static void test_arguments(void)
{
	handle_t self = startup->self, ended = ended_process();
	u64 thread, page, number = 0, mine = 0;

	WANT(thread_create(self, ~0UL, 0, 0, 0, &thread, &page), ST_INVALID);
	WANT(thread_create(self, 0x10000, ~0UL, 0, 0, &thread, &page), ST_INVALID);
	WANT(thread_create(self, 0x10000, 0, 0, THREAD_PRIORITY(64), &thread, &page), ST_INVALID);
	WANT(thread_create(self, 0x10000, 0, 0, THREAD_CPU(200), &thread, &page), ST_INVALID);
	WANT(thread_create(self, 0x10000, 0, 0, 1UL << 40, &thread, &page), ST_INVALID);
	WANT(thread_create(ended, 0x10000, 0, 0, 0, &thread, &page), ST_DEAD);
	(void)cap_delete(ended);
	WANT(thread_set(startup->thread, THREAD_PRIORITY(64)), ST_INVALID);
	WANT(thread_info(startup->thread, 99, &number, &page), ST_INVALID);
	WANT(thread_info(startup->thread, THREAD_INFO_PAGE, &page, &number), ST_OK);
	(void)thread_self(&thread, &mine);
	check(mine == page && thread == number && mine,
	      "thread_self tells number and message page (%lu and %lu, %#lx and %#lx)", thread,
	      number, mine, page);
	WANT(thread_set_tls(~0UL), ST_INVALID);
	WANT(thread_set_tls(0x10000), ST_OK);
	WANT(thread_set_tls(0), ST_OK);
	WANT(thread_yield(), ST_OK);
	WANT(null(), ST_OK);
}

static void test_sleep(void)
{
	u64 begin = now(), slept;

	WANT(thread_sleep(begin + 20 * MILLISECOND), ST_OK);
	slept = now() - begin;
	check(slept >= 20 * MILLISECOND && slept < 2 * SECOND,
	      "a sleep of 20 ms is not shorter (%lu us)", slept / 1000);
	begin = now();
	WANT(thread_sleep(0), ST_OK);
}

#define PAGES 512u

/* Each thread has a message page of its own, up to as many as the window holds. */
static void test_pages(void)
{
	static handle_t threads[PAGES];
	handle_t process = create(TYPE_PROCESS, 0);
	u64 thread, page, last = 0, number, last_number = 0;
	u32 made = 0, apart = 0, numbered = 0;

	for (; made < PAGES; made++) {
		if (thread_create(process, PAGE_SIZE, 0, 0, 0, &thread, &page) != ST_OK)
			break;
		threads[made] = (handle_t)thread;
		apart += page && page != last;
		last = page;
		(void)thread_info(threads[made], THREAD_INFO_PAGE, &page, &number);
		numbered += page == last && number > last_number;
		last_number = number;
	}
	same(made, PAGES, "a process has room for 512 message pages");
	same(apart, PAGES, "each at an address of its own");
	same(numbered, PAGES, "and its thread with a number of its own, as thread_info tells");
	WANT(thread_create(process, PAGE_SIZE, 0, 0, 0, &thread, &page), ST_NOMEM);
	WANT(thread_create(process, PAGE_SIZE, 0, 0, THREAD_NO_PAGE, &thread, &page), ST_OK);
	(void)cap_delete((handle_t)thread);
	(void)thread_info(threads[7], THREAD_INFO_PAGE, &last, &number);
	WANT(cap_destroy(threads[7]), ST_OK);
	for (u64 end = now() + PATIENCE; now() < end; sleep_for(MILLISECOND))
		if (thread_create(process, PAGE_SIZE, 0, 0, 0, &thread, &page) == ST_OK)
			break;
	same(page, last, "the page of a dead thread is another's");
	(void)cap_destroy(process);
	while (made)
		(void)cap_delete(threads[--made]);
	(void)cap_delete((handle_t)thread);
}

/* Made without THREAD_START it waits for thread_resume, whatever else is asked of it. */
static void test_inactive(void)
{
	u64 base, thread, state = ~0UL, code = 1, kind;
	handle_t process = process_with_code(&base);

	WANT(thread_create(process, base + BLOB(blob_process_exit), base, 21,
			   THREAD_PRIORITY(40) | THREAD_NO_PAGE, &thread, NULL), ST_OK);
	WANT(thread_interrupt((handle_t)thread), ST_OK);
	WANT(thread_suspend((handle_t)thread), ST_OK);
	sleep_for(5 * MILLISECOND);
	(void)thread_info((handle_t)thread, THREAD_INFO_STATE, &state, &kind);
	same(state, THREAD_STATE_INACTIVE, "a thread that was not started stands still");
	WANT(thread_set((handle_t)thread, THREAD_PRIORITY(20) | THREAD_CPU(cpus_online() - 1)),
	     ST_OK);
	WANT(thread_resume((handle_t)thread), ST_OK);
	gave(program_wait(process, PATIENCE), ST_OK, "resumed it runs");
	(void)process_info(process, PROCESS_INFO_EXIT, &code, &kind);
	same(code, 21, "with its argument");
	(void)cap_delete((handle_t)thread);
	(void)cap_delete(process);
}

/* The last word wins, however quickly they follow each other. */
static void test_last_word(void)
{
	struct counter counter = { 0 };
	u64 last = cpus_online() - 1;

	must(uthread_start(&counter.thread, count, &counter,
			   THREAD_PRIORITY(10) | THREAD_CPU(last)), "uthread_start");
	for (u32 i = 0; i < 50; i++) {
		must(thread_suspend(counter.thread.handle), "thread_suspend");
		must(thread_resume(counter.thread.handle), "thread_resume");
	}
	check(becomes(&counter, true), "suspended and resumed 50 times it runs (%lu)",
	      counter.count);
	must(thread_resume(counter.thread.handle), "thread_resume");
	must(thread_suspend(counter.thread.handle), "thread_suspend");
	check(becomes(&counter, false), "resumed and suspended it stands still (%lu)",
	      counter.count);
	uthread_kill(&counter.thread);
}

/* An interruption of somebody who does not wait is no interruption of the next wait. */
static void test_not_waiting(void)
{
	u64 begin = now();

	WANT(thread_interrupt(startup->thread), ST_OK);
	WANT(thread_sleep(begin + 5 * MILLISECOND), ST_OK);
}

/* The last thread's end is the end of its process. */
static void test_last_thread(void)
{
	u64 base, thread, code = 1, kind = 1;
	handle_t process = process_with_code(&base);

	must(thread_create(process, base + BLOB(blob_thread_exit), 0, 0,
			   THREAD_PRIORITY(32) | THREAD_NO_PAGE | THREAD_START, &thread, NULL),
	     "thread_create");
	gave(program_wait(process, PATIENCE), ST_OK, "a process ends with its last thread");
	(void)process_info(process, PROCESS_INFO_EXIT, &code, &kind);
	same(code | kind, 0, "with code 0");
	(void)cap_delete((handle_t)thread);
	(void)cap_delete(process);
}

void test_thread(void)
{
	test_pages();
	test_inactive();
	test_last_word();
	test_not_waiting();
	test_last_thread();
	test_suspend(0);
	test_suspend(cpus_online() - 1);
	test_dead();
	test_arguments();
	test_sleep();
}
