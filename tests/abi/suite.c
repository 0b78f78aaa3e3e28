// SPDX-License-Identifier: MIT
/*
 * What all cases use: results, objects, processes without a program.
 */
#include "test.h"
#include "tally.h"

static u32 nr_results, nr_failed;

/* Emulated CPUs share those of the computer, and a thread may have to wait for its turn. */
u64 patience(void)
{
	return 10 * SECOND + CONFIG_NR_CPUS * 250 * MILLISECOND +
	       8 * CONFIG_SCHED_QUANTUM_US * 1000UL;
}

static bool result(bool passed, const char *name)
{
	nr_results++;
	nr_failed += !passed;
	printf("%s %u - %s\n", passed ? "ok" : "not ok", nr_results, name);
	return passed;
}

bool check(bool passed, const char *format, ...)
{
	char name[200];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	return result(passed, name);
}

bool same(u64 is, u64 wanted, const char *format, ...)
{
	char name[200];
	size_t used;
	va_list args;

	va_start(args, format);
	used = (size_t)vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	if (is != wanted && used < sizeof(name))
		(void)snprintf(name + used, sizeof(name) - used, " # it was %#lx, not %#lx", is,
			       wanted);
	return result(is == wanted, name);
}

bool want(long status, long wanted, const char *name)
{
	if (status == wanted)
		return check(true, "%s: %s", name, status_name(wanted));
	return check(false, "%s: %s # it was %s", name, status_name(wanted), status_name(status));
}

bool gave(long status, long wanted, const char *format, ...)
{
	char name[200];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	return want(status, wanted, name);
}

bool is_first_process(void)
{
	return startup->names == HANDLE_NULL;
}

handle_t create(u64 type, u64 argument)
{
	u64 handle = HANDLE_NULL;

	must(cap_create(type, argument, &handle), "cap_create");
	return (handle_t)handle;
}

handle_t weaker(handle_t handle, u32 rights)
{
	u64 child = HANDLE_NULL;

	must(cap_derive(handle, rights, 0, &child), "cap_derive");
	return (handle_t)child;
}

handle_t deepest(handle_t handle, handle_t *root)
{
	u64 child;

	*root = weaker(handle, RIGHTS_ALL);
	handle = *root;
	while (cap_derive(handle, RIGHTS_ALL, 0, &child) == ST_OK)
		handle = (handle_t)child;
	return handle;
}

u64 state_before_long(handle_t thread, u64 state)
{
	u64 end = now() + PATIENCE, is = ~0UL, cpu;

	while (thread_info(thread, THREAD_INFO_STATE, &is, &cpu) == ST_OK && is != state &&
	       now() < end)
		sleep_for(MILLISECOND / 5);
	return is;
}

bool await_state(handle_t thread, u64 state)
{
	return state_before_long(thread, state) == state;
}

u64 cpus_online(void)
{
	u64 online = 1, most;

	(void)system_info(startup->system, INFO_CPUS, 0, &online, &most);
	return online;
}

/* Sealed memory with a copy of the blobs, made once. */
static handle_t code_memory(void)
{
	static handle_t code;
	u64 address;

	if (code)
		return code;
	code = create(TYPE_MEMORY, 1);
	must(mem_map(startup->self, code, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, &address),
	     "mem_map");
	memcpy((void *)address, blob_start, (size_t)(blob_end - blob_start));
	must(mem_unmap(startup->self, address, PAGE_SIZE, NULL), "mem_unmap");
	must(mem_seal(code), "mem_seal");
	return code;
}

handle_t process_with_code(u64 *base)
{
	handle_t process = create(TYPE_PROCESS, 0);

	must(mem_map(process, code_memory(), 0, PAGE_SIZE, 0, MAP_READ | MAP_EXECUTE, base),
	     "mem_map");
	return process;
}

handle_t spinner(u8 priority)
{
	u64 base, thread;
	handle_t process = process_with_code(&base);

	for (u64 cpu = 0; cpu < cpus_online(); cpu++) {
		must(thread_create(process, base + BLOB(blob_spin), 0, 0,
				   THREAD_PRIORITY(priority) | THREAD_CPU(cpu) | THREAD_NO_PAGE |
					   THREAD_START, &thread, NULL), "thread_create");
		(void)cap_delete((handle_t)thread);
	}
	return process;
}

handle_t ended_process(void)
{
	u64 base, thread;
	handle_t process = process_with_code(&base);

	must(thread_create(process, base + BLOB(blob_process_exit),
			   base, 5, THREAD_PRIORITY(32) | THREAD_NO_PAGE | THREAD_START, &thread,
			   NULL), "thread_create");
	must(program_wait(process, PATIENCE), "program_wait");
	(void)cap_delete((handle_t)thread);
	return process;
}

int suite_end(void)
{
	bool is_failed = nr_failed || !nr_results;

	printf("1..%u\n", nr_results);
	if (is_first_process())
		(void)system_power_off(startup->system, is_failed);
	return is_failed;
}
