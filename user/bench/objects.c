// SPDX-License-Identifier: MIT
/*
 * Creating and destroying an object of each type; the one created has been
 * used before (drained.c has the others).  What a destroyed object
 * leaves to the reaper is not in the rows of destroying.  The rows "reaped-..."
 * are read from outside of the machine: instructions until nothing is left to
 * do (time passes as well, so the guest's own figures mean nothing there), from
 * which "reaped-nothing" is to be taken off.
 */
#include "bench.h"

#define REAPED 208 /* samples of what is read from outside */

static void one_by_one(const char *create_name, const char *destroy_name, u64 type, u64 argument)
{
	struct measured_call make = { .tag = SYS_cap_create, .argument = { type, argument } };
	struct measured_call destroy = { .tag = SYS_cap_destroy };
	u32 made = series_start(create_name), destroyed = series_start(destroy_name);

	for (u32 i = 0; i < series_samples(); i++) {
		series_mark(made);
		series_add(made, call_cost(&make, create_name));
		destroy.handles = make.value[0];
		series_mark(destroyed);
		series_add(destroyed, call_cost(&destroy, destroy_name));
		settle();
	}
}

static void destroy_and_wait(u32 row, handle_t object)
{
	u64 start;

	series_mark(row);
	start = counter_now();
	if (object)
		must(cap_destroy(object), "cap_destroy");
	settle();
	series_add(row, counter_now() - start);
}

static void reaped(const char *name, u64 type, u64 argument)
{
	u32 row = series_start(name);

	for (u32 i = 0; i < REAPED; i++)
		destroy_and_wait(row, type ? create(type, argument) : HANDLE_NULL);
}

/* All its frames exist and are mapped here. */
static void reaped_touched(const char *name, u64 pages)
{
	u32 row = series_start(name);

	for (u32 i = 0; i < REAPED; i++) {
		handle_t memory;
		volatile u8 *page = memory_new(pages, &memory);

		assert(page);
		for (u64 n = 0; n < pages; n++)
			page[n * PAGE_SIZE] = 1;
		destroy_and_wait(row, memory);
	}
}

/* A process with its first thread, which never ran. */
static void reaped_process(const char *name)
{
	u32 row = series_start(name);

	for (u32 i = 0; i < REAPED; i++) {
		handle_t process = create(TYPE_PROCESS, 0);
		u64 thread;

		must(thread_create(process, PAGE_SIZE * 32, PAGE_SIZE * 32, 0,
				   THREAD_PRIORITY(PRIORITY), &thread, NULL), "thread_create");
		must(cap_delete((handle_t)thread), "cap_delete");
		destroy_and_wait(row, process);
	}
}

void bench_objects(void)
{
	one_by_one("create-endpoint", "destroy-endpoint", TYPE_ENDPOINT, 0);
	one_by_one("create-reply", "destroy-reply", TYPE_REPLY, 0);
	one_by_one("create-notification", "destroy-notification", TYPE_NOTIFICATION, 0);
	one_by_one("create-memory", "destroy-memory", TYPE_MEMORY, 1);
	one_by_one("create-process", "destroy-process", TYPE_PROCESS, 0);
	reaped("reaped-nothing", TYPE_NONE, 0);
	reaped("reaped-endpoint", TYPE_ENDPOINT, 0);
	reaped("reaped-notification", TYPE_NOTIFICATION, 0);
	reaped("reaped-reply", TYPE_REPLY, 0);
	reaped("reaped-memory", TYPE_MEMORY, 1);
	reaped_touched("reaped-memory-touched-64", 64);
	reaped("reaped-process-empty", TYPE_PROCESS, 0);
	reaped_process("reaped-process");
}
