// SPDX-License-Identifier: MIT
/*
 * Processes: their life, what is told about it, and their end.
 */
#include "test.h"

static u64 fact(handle_t process, u64 what, u64 *second)
{
	u64 first = ~0UL;

	must(process_info(process, what, &first, second), "process_info");
	return first;
}

static void test_life(void)
{
	u64 base, thread, second, bits = 0;
	handle_t process = process_with_code(&base), ends = create(TYPE_NOTIFICATION, 0);

	same(fact(process, PROCESS_INFO_STATE, &second), PROCESS_STATE_NEW,
	     "a process is new at first");
	WANT(process_set_watch(process, ends, 4), ST_OK);
	WANT(process_set_name(process, 0x6f6c6c6568, 0), ST_OK);
	same(fact(process, PROCESS_INFO_NAME, &second), 0x6f6c6c6568,
	     "it has the name it was given");
	WANT(thread_create(process, base + BLOB(blob_spin), 0, 0,
			   THREAD_PRIORITY(8) | THREAD_NO_PAGE | THREAD_START, &thread, NULL),
	     ST_OK);
	same(fact(process, PROCESS_INFO_STATE, &second), PROCESS_STATE_RUNNING, "it runs");
	same(second, 1, "with one thread");
	WANT(thread_create(process, base + BLOB(blob_process_exit), 0, 17,
			   THREAD_PRIORITY(32) | THREAD_NO_PAGE | THREAD_START, &thread, NULL),
	     ST_OK);
	WANT(notify_wait(ends, now() + PATIENCE, &bits), ST_OK);
	check(bits == 4 && fact(process, PROCESS_INFO_STATE, &second) == PROCESS_STATE_ENDED,
	      "its end is signalled, also the other thread's out of a loop (%#lx)", bits);
	same(fact(process, PROCESS_INFO_EXIT, &second), 17, "with its exit code");
	same(second, 0, "and no fault");
	WANT(process_set_watch(process, ends, 8), ST_OK);
	WANT(notify_wait(ends, now() + PATIENCE, &bits), ST_OK);
	same(bits, 8, "watching an ended process signals at once");
	WANT(process_info(process, 99, &bits, &second), ST_INVALID);
	WANT(process_set_fault(process, HANDLE_NULL), ST_OK);
	(void)cap_delete(process);
	(void)cap_delete(ends);
}

/* Killed while it loops on the last CPU: the kernel must reach into the loop. */
static void test_kill(void)
{
	u64 base, thread, bits = 0, before, after, available;
	handle_t process = process_with_code(&base), ends = create(TYPE_NOTIFICATION, 0);

	must(process_set_watch(process, ends, 1), "process_set_watch");
	must(thread_create(process, base + BLOB(blob_spin), 0, 0,
			   THREAD_PRIORITY(8) | THREAD_CPU(cpus_online() - 1) | THREAD_NO_PAGE |
				   THREAD_START, &thread, NULL), "thread_create");
	sleep_for(5 * MILLISECOND);
	WANT(cap_destroy(process), ST_OK);
	WANT(notify_wait(ends, now() + PATIENCE, &bits), ST_OK);
	(void)cap_delete((handle_t)thread);
	(void)cap_delete(ends);
	must(system_info(startup->system, INFO_MEMORY_QUOTA, 0, &before, &available),
	     "system_info");
	for (u32 i = 0; i < 50; i++) {
		process = ended_process();
		(void)cap_delete(process);
	}
	/* The reaper returns what they had, a little later. */
	for (u32 tries = 0; tries < 100; tries++) {
		must(system_info(startup->system, INFO_MEMORY_QUOTA, 0, &after, &available),
		     "system_info");
		if (after + 8 >= before)
			break;
		sleep_for(5 * MILLISECOND);
	}
	check(after + 8 >= before,
	      "50 processes come and go, their memory comes back (%lu, %lu frames)", before, after);
}

#define CROWD 100

/* More threads than are told to die in one step; nobody who runs for ever keeps one alive. */
static void test_kill_crowd(void)
{
	static u64 thread[CROWD];
	u64 base;
	handle_t process = process_with_code(&base), busy = spinner(20);
	u32 dead = 0;

	for (u32 i = 0; i < CROWD; i++)
		must(thread_create(process, base + BLOB(blob_spin), 0, 0,
				   THREAD_PRIORITY(8 + i % 16) | THREAD_CPU(i % cpus_online()) |
					   THREAD_NO_PAGE | THREAD_START, &thread[i], NULL),
		     "thread_create");
	sleep_for(5 * MILLISECOND);
	WANT(cap_destroy(process), ST_OK);
	for (u32 i = 0; i < CROWD; i++) {
		dead += await_state((handle_t)thread[i], THREAD_STATE_DEAD);
		(void)cap_delete((handle_t)thread[i]);
	}
	check(dead == CROWD, "all %u threads of a process die with it, under load (%u)", CROWD,
	      dead);
	(void)cap_destroy(busy);
}

#define RUNNERS 40

/*
 * Of a process that ends no thread becomes as urgent as who is still to tell it.  This thread has
 * the rest of its turn when the call is over, because nobody can be more urgent than it is.
 */
static void test_end_comes_first(void)
{
	static u64 thread[RUNNERS];
	u64 base, value, cpu = 0, own = 0, priority = 0;
	handle_t process = process_with_code(&base);
	u32 urgent = 0, dead = 0;

	must(thread_info(startup->thread, THREAD_INFO_STATE, &value, &cpu), "thread_info");
	must(thread_info(startup->thread, THREAD_INFO_TIME, &value, &own), "thread_info");
	for (u32 i = 0; i < RUNNERS; i++)
		must(thread_create(process, base + BLOB(blob_spin), 0, 0,
				   THREAD_PRIORITY(8) | THREAD_CPU(cpu) | THREAD_NO_PAGE |
					   THREAD_START, &thread[i], NULL), "thread_create");
	must(thread_set(startup->thread, THREAD_PRIORITY(63) | THREAD_CPU(cpu)), "thread_set");
	must(cap_destroy(process), "cap_destroy");
	for (u32 i = RUNNERS; i-- > 0;)
		(void)thread_set((handle_t)thread[i], THREAD_PRIORITY(63) | THREAD_CPU(cpu));
	must(thread_set(startup->thread, THREAD_PRIORITY(own) | THREAD_CPU(cpu)), "thread_set");
	for (u32 i = 0; i < RUNNERS; i++) {
		dead += await_state((handle_t)thread[i], THREAD_STATE_DEAD);
		(void)thread_info((handle_t)thread[i], THREAD_INFO_TIME, &value, &priority);
		urgent += priority == 63;
		(void)cap_delete((handle_t)thread[i]);
	}
	same(urgent, 0, "no thread becomes more urgent while its process ends");
	same(dead, RUNNERS, "and all of them die");
}

static void test_deep_watch(void)
{
	handle_t process = create(TYPE_PROCESS, 0), bits = create(TYPE_NOTIFICATION, 0);
	handle_t endpoint = create(TYPE_ENDPOINT, 0), root, deep;

	deep = deepest(bits, &root);
	WANT(process_set_watch(process, deep, 1), ST_DEPTH);
	(void)cap_delete(root);
	deep = deepest(endpoint, &root);
	WANT(process_set_fault(process, deep), ST_DEPTH);
	(void)cap_delete(root);
	(void)cap_delete(bits);
	(void)cap_delete(endpoint);
	(void)cap_destroy(process);
}

/* What the manual shows does what it says. */
static void test_example(void)
{
	struct program program;
	struct child child;
	u64 code = 1, fault = 1;
	const char *error = program_role(&program, NULL);

	program.name = "example";
	if (!error)
		error = archive_find(program.name, &program.file, &program.size);
	if (error)
		fail("%s", error);
	WANT(program_spawn(&program, &child), ST_OK);
	must(program_wait(child.process, PATIENCE), "program_wait");
	(void)process_info(child.process, PROCESS_INFO_EXIT, &code, &fault);
	check(!code && !fault, "the manual's example counts right (code %lu, fault %lu)", code,
	      fault);
	child_free(&child);
}

void test_process(void)
{
	test_life();
	test_kill();
	test_kill_crowd();
	test_end_comes_first();
	test_deep_watch();
	if (!is_first_process())
		test_example();
}
