// SPDX-License-Identifier: MIT
/*
 * Threads and processes: the kernel's objects, and whole lives.
 */
#include "bench.h"

#define START_ABOVE (THREAD_PRIORITY(PRIORITY_ABOVE) | THREAD_NO_PAGE | THREAD_START)

#define PLACE 0x10000000UL /* of the page in a new process */

static u64 stack_top(void)
{
	static u64 stack[64];

	return (u64)&stack[64];
}

static void create_only(const char *name, u64 settings)
{
	struct measured_call make = {
		.tag = SYS_thread_create,
		.handles = startup->self,
		.argument = { (u64)thread_ends, stack_top(), 0, settings },
	};
	u32 row = series_start(name);

	for (u32 i = 0; i < series_samples(); i++) {
		series_mark(row);
		series_add(row, call_cost(&make, name));
		must(cap_destroy((handle_t)make.value[0]), "cap_destroy");
		settle();
	}
}

/*
 * The new thread is more urgent: it runs and ends before the creating call
 * returns, and the handle to it is all that is left.
 */
static void whole_life(void)
{
	struct measured_call make = {
		.tag = SYS_thread_create,
		.handles = startup->self,
		.argument = { (u64)thread_ends, stack_top(), 0, START_ABOVE },
	};
	struct measured_call delete = { .tag = SYS_cap_delete };
	u32 run = series_start("thread-create-run-exit");
	u32 deleted = series_start("thread-delete-ended"), both = series_start("thread-life");

	for (u32 i = 0; i < series_samples(); i++) {
		u64 first, second;

		series_mark(i % 2 ? both : run);
		first = call_cost(&make, "thread_create");
		series_add(run, first);
		delete.handles = make.value[0];
		if (i % 2)
			series_mark_more(both);
		else
			series_mark(deleted);
		second = call_cost(&delete, "cap_delete");
		series_add(deleted, second);
		series_add(both, first + second);
		settle();
	}
}

void bench_threads(void)
{
	create_only("thread-create", THREAD_PRIORITY(PRIORITY) | THREAD_NO_PAGE);
	create_only("thread-create-page", THREAD_PRIORITY(PRIORITY));
	whole_life();
}

/* ---- processes ---- */

/* The kernel's objects of a process that could run: the process, a page of memory in it, a thread. */
static void process_objects(const char *names[2], bool drained)
{
	struct measured_call process = { .tag = SYS_cap_create, .argument = { TYPE_PROCESS, 0 } };
	struct measured_call memory = { .tag = SYS_cap_create, .argument = { TYPE_MEMORY, 1 } };
	struct measured_call map = {
		.tag = SYS_mem_map, .argument = { PLACE, PAGE_SIZE, 0, MAP_READ | MAP_WRITE }
	};
	struct measured_call thread = {
		.tag = SYS_thread_create,
		.argument = { PLACE, PLACE + PAGE_SIZE, 0,
			      THREAD_PRIORITY(PRIORITY) | THREAD_NO_PAGE },
	};
	u32 bare = series_start(names[0]), full = series_start(names[1]);

	for (u32 i = 0; i < series_samples(); i++) {
		u64 first, second;

		if (drained)
			frames_drain();
		series_mark(i % 2 ? full : bare);
		first = call_cost(&process, "cap_create");
		thread.handles = map.handles = process.value[0];
		if (i % 2)
			series_mark_more(full);
		second = call_cost(&memory, "cap_create");
		map.handles |= memory.value[0] << 32;
		if (i % 2)
			series_mark_more(full);
		second += call_cost(&map, "mem_map");
		series_mark_more(i % 2 ? full : bare);
		first += call_cost(&thread, "thread_create");
		series_add(bare, first);
		series_add(full, first + second);
		must(cap_destroy((handle_t)process.value[0]), "cap_destroy");
		must(cap_delete((handle_t)thread.value[0]), "cap_delete");
		must(cap_delete((handle_t)memory.value[0]), "cap_delete");
		settle();
	}
}

/*
 * From the ELF file in memory to the end of the process: load, run, exit, reap
 * (the reaper has taken it apart when the notification comes), forget.
 */
static void process_life(const char *name, bool drained)
{
	struct program program = { .name = "tiny" };
	u32 row = series_start(name);
	const char *error = archive_find("tiny", &program.file, &program.size);

	if (error)
		fail("tiny: %s", error);
	program.watch = create(TYPE_NOTIFICATION, 0);
	program.watch_bits = 1;
	for (u32 i = 0; i < series_samples(); i++) {
		struct child child;
		u64 start, end, bits = 0, empty = counter_now();
		long status;

		empty = counter_now() - empty;
		if (drained)
			frames_drain();
		series_mark(row);
		start = counter_now();
		status = program_spawn(&program, &child);
		if (status == ST_OK)
			status = notify_wait(program.watch, TIME_NEVER, &bits);
		child_free(&child);
		end = counter_now();
		must(status, "process life");
		series_add(row, end - start - empty);
		settle();
	}
	must(cap_delete(program.watch), "cap_delete");
}

void bench_processes(void)
{
	process_objects((const char *[]){ "process-create-thread", "process-create-memory" },
			false);
	process_life("process-life", false);
}

void bench_processes_drained(void)
{
	process_objects((const char *[]){ "process-create-thread-drained",
					  "process-create-memory-drained" }, true);
	process_life("process-life-drained", true);
}
