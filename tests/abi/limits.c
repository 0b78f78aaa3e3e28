// SPDX-License-Identifier: MIT
/*
 * Both sides of each limit that the manual gives: the last value is taken, the
 * next one refused; so is the one that is in range in its lower 32 bits only.
 */
#include "test.h"

#define SELF startup->self
#define SYSTEM startup->system
#define HIGH (1UL << 32)
#define LARGEST 262144UL /* pages of an object */

#define WINDOW_BYTES (2UL << 20) /* of message pages, the uppermost whole 2 MiB of the user half */
#define WINDOW (ALIGN_DOWN(USER_HALF, WINDOW_BYTES) - WINDOW_BYTES)
#define LOWEST 0x10000UL

static long new_thread(handle_t process, u64 entry, u64 stack, u64 settings)
{
	u64 thread = HANDLE_NULL;
	long status = thread_create(process, entry, stack, 0, settings | THREAD_NO_PAGE, &thread,
				    NULL);

	(void)cap_delete((handle_t)thread);
	return status;
}

static void test_settings(void)
{
	handle_t process = create(TYPE_PROCESS, 0);
	u64 cpus = cpus_online(), thread = HANDLE_NULL, time, priority = 0;

	WANT(new_thread(process, LOWEST, 0, THREAD_PRIORITY(63)), ST_OK);
	WANT(new_thread(process, LOWEST, 0, THREAD_PRIORITY(64)), ST_INVALID);
	WANT(new_thread(process, LOWEST, 0, THREAD_PRIORITY(255)), ST_INVALID);
	WANT(new_thread(process, LOWEST, 0, THREAD_CPU(cpus - 1)), ST_OK);
	WANT(new_thread(process, LOWEST, 0, THREAD_CPU(cpus)), ST_INVALID);
	WANT(new_thread(process, LOWEST, 0, 1UL << 18), ST_INVALID);
	WANT(new_thread(process, LOWEST, 0, HIGH), ST_INVALID);
	WANT(new_thread(process, USER_HALF - 1, 0, 0), ST_OK);
	WANT(new_thread(process, USER_HALF, 0, 0), ST_INVALID);
	WANT(new_thread(process, LOWEST, USER_HALF, 0), ST_OK);
	WANT(new_thread(process, LOWEST, USER_HALF + 1, 0), ST_INVALID);
	must(thread_create(process, LOWEST, 0, 0, THREAD_NO_PAGE, &thread, NULL), "thread_create");
	WANT(thread_set((handle_t)thread, THREAD_PRIORITY(63) | THREAD_CPU(cpus - 1)), ST_OK);
	WANT(thread_set((handle_t)thread, THREAD_PRIORITY(64)), ST_INVALID);
	WANT(thread_set((handle_t)thread, THREAD_CPU(cpus)), ST_INVALID);
	WANT(thread_set((handle_t)thread, THREAD_NO_PAGE), ST_INVALID);
	WANT(thread_set((handle_t)thread, THREAD_START), ST_INVALID);
	WANT(thread_set((handle_t)thread, HIGH), ST_INVALID);
	for (u64 end = now() + PATIENCE; priority != 63 && now() < end; sleep_for(MILLISECOND))
		(void)thread_info((handle_t)thread, THREAD_INFO_TIME, &time, &priority);
	same(priority, 63, "and it has the last priority that was taken");
	(void)cap_destroy(process);
	(void)cap_delete((handle_t)thread);
	WANT(thread_set_tls(USER_HALF - 1), ST_OK);
	WANT(thread_set_tls(USER_HALF), ST_INVALID);
	WANT(thread_set_tls(0), ST_OK);
}

/* In range, whether or not there is room for so much. */
static void has_room_for(long status, handle_t made, const char *what)
{
	check(status == ST_OK || status == ST_NOMEM, "%s is in range: %s", what,
	      status_name(status));
	(void)cap_delete(made);
}

static void test_sizes(void)
{
	u64 made = HANDLE_NULL;

	has_room_for(cap_create(TYPE_MEMORY, LARGEST, &made), (handle_t)made,
		     "memory of 262144 pages");
	WANT(cap_create(TYPE_MEMORY, LARGEST + 1, &made), ST_INVALID);
	WANT(cap_create(TYPE_MEMORY, HIGH + 1, &made), ST_INVALID);
	WANT(cap_create(TYPE_MEMORY | HIGH, 1, &made), ST_INVALID);
	WANT(cap_create(TYPE_MAX + 1, 0, &made), ST_INVALID);
	WANT(mem_create_device(SYSTEM, HIGH << 4, LARGEST, MEM_DEVICE, &made), ST_OK);
	WANT(cap_delete((handle_t)made), ST_OK);
	WANT(mem_create_device(SYSTEM, HIGH << 4, LARGEST + 1, MEM_DEVICE, &made), ST_INVALID);
	WANT(mem_create_device(SYSTEM, HIGH << 4, HIGH + 1, MEM_DEVICE, &made), ST_INVALID);
	WANT(mem_create_device(SYSTEM, HIGH << 4, (1UL << 52) + 1, MEM_DEVICE, &made), ST_INVALID);
	WANT(mem_create_device(SYSTEM, HIGH << 4, ~0UL, MEM_DEVICE, &made), ST_INVALID);
	WANT(mem_create_device(SYSTEM, HIGH << 4, 1, MEM_CACHED, &made), ST_OK);
	WANT(cap_delete((handle_t)made), ST_OK);
	WANT(mem_create_device(SYSTEM, HIGH << 4, 1, MEM_CACHED + 1, &made), ST_INVALID);
	WANT(mem_create_device(SYSTEM, HIGH << 4, 1, MEM_CACHED | HIGH, &made), ST_INVALID);
	WANT(mem_create_device(SYSTEM, ~(PAGE_SIZE - 1), 1, MEM_DEVICE, &made), ST_INVALID);
	WANT(mem_create_device(SYSTEM, ~(PAGE_SIZE - 1), 2, MEM_DEVICE, &made), ST_INVALID);
}

static void test_addresses(void)
{
	handle_t process = create(TYPE_PROCESS, 0), memory = create(TYPE_MEMORY, 3);
	u64 done;

	WANT(mem_map(process, memory, LOWEST, PAGE_SIZE, 0, MAP_READ, NULL), ST_OK);
	WANT(mem_map(process, memory, LOWEST - PAGE_SIZE, PAGE_SIZE, 0, MAP_READ, NULL),
	     ST_INVALID);
	WANT(mem_map(process, memory, WINDOW - PAGE_SIZE, PAGE_SIZE, 0, MAP_READ, NULL), ST_OK);
	WANT(mem_map(process, memory, WINDOW, PAGE_SIZE, 0, MAP_READ, NULL), ST_INVALID);
	WANT(mem_map(process, memory, WINDOW - 3 * PAGE_SIZE, 3 * PAGE_SIZE, 0, MAP_READ, NULL),
	     ST_EXISTS);
	WANT(mem_map(process, memory, WINDOW - 2 * PAGE_SIZE, 3 * PAGE_SIZE, 0, MAP_READ, NULL),
	     ST_INVALID);
	WANT(mem_protect(process, WINDOW - PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_WRITE, &done),
	     ST_OK);
	WANT(mem_protect(process, WINDOW - PAGE_SIZE, 2 * PAGE_SIZE, MAP_READ, &done), ST_INVALID);
	WANT(mem_protect(process, LOWEST, PAGE_SIZE, MAP_READ | HIGH, &done), ST_INVALID);
	WANT(mem_protect(process, LOWEST, PAGE_SIZE, MAP_READ | 8, &done), ST_INVALID);
	WANT(mem_unmap(process, LOWEST, WINDOW - LOWEST, &done), ST_OK);
	same(done, WINDOW - LOWEST, "all that can be mapped is unmapped by one call");
	WANT(mem_unmap(process, LOWEST, WINDOW - LOWEST + PAGE_SIZE, &done), ST_INVALID);
	WANT(mem_unmap(process, LOWEST - PAGE_SIZE, 2 * PAGE_SIZE, &done), ST_INVALID);
	WANT(mem_map(process, memory, LOWEST, PAGE_SIZE, 2 * PAGE_SIZE, MAP_READ, NULL), ST_OK);
	WANT(mem_map(process, memory, 0, PAGE_SIZE, 3 * PAGE_SIZE, MAP_READ, NULL), ST_INVALID);
	WANT(mem_map(process, memory, 0, 2 * PAGE_SIZE, 2 * PAGE_SIZE, MAP_READ, NULL), ST_INVALID);
	WANT(mem_map(process, memory, 0, 3 * PAGE_SIZE, 0, MAP_READ | HIGH, NULL), ST_INVALID);
	WANT(mem_map(process, memory, 0, 3 * PAGE_SIZE, 0, MAP_READ | 8, NULL), ST_INVALID);
	WANT(mem_map(process, memory, 0, 3 * PAGE_SIZE, 0, MAP_READ, NULL), ST_OK);
	(void)cap_destroy(process);
	(void)cap_delete(memory);
}

static void test_capability_limits(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), root, deep;
	u64 made = HANDLE_NULL, info = 0, badge;

	WANT(cap_derive(endpoint, RIGHTS_ALL, 0, &made), ST_OK);
	WANT(cap_derive(endpoint, RIGHTS_ALL + 1, 0, &made), ST_INVALID);
	WANT(cap_derive(endpoint, RIGHTS_ALL | HIGH, 0, &made), ST_INVALID);
	WANT(cap_copy(endpoint, SELF, CAP_LEND, RIGHTS_ALL, 0, &made), ST_OK);
	WANT(cap_copy(endpoint, SELF, CAP_LEND, RIGHTS_ALL | HIGH, 0, &made), ST_INVALID);
	WANT(cap_copy(endpoint, SELF, CAP_GIVE + 1, RIGHTS_ALL, 0, &made), ST_INVALID);
	WANT(cap_copy(endpoint, SELF, CAP_GIVE | HIGH, RIGHTS_ALL, 0, &made), ST_INVALID);
	WANT(cap_next((1UL << 20) - 1, &made), ST_NOTFOUND);
	WANT(cap_next(1UL << 20, &made), ST_INVALID);
	WANT(cap_next(HIGH, &made), ST_INVALID);
	deep = deepest(endpoint, &root);
	(void)cap_inspect(deep, &info, &badge);
	same(CAP_INFO_DEPTH(info), 255, "the deepest capability is at depth");
	WANT(cap_derive(deep, RIGHTS_ALL, 0, &made), ST_DEPTH);
	(void)cap_delete(endpoint);
}

/* The last selector there is, the next, and the one that is the first but for its upper half. */
static void test_selectors(void)
{
	handle_t memory = create(TYPE_MEMORY, 2);
	u64 first, second;

	WANT(thread_info(startup->thread, THREAD_INFO_PAGE, &first, &second), ST_OK);
	WANT(thread_info(startup->thread, THREAD_INFO_PAGE + 1, &first, &second), ST_INVALID);
	WANT(thread_info(startup->thread, HIGH, &first, &second), ST_INVALID);
	WANT(process_info(SELF, PROCESS_INFO_NAME, &first, &second), ST_OK);
	WANT(process_info(SELF, PROCESS_INFO_NAME + 1, &first, &second), ST_INVALID);
	WANT(process_info(SELF, HIGH, &first, &second), ST_INVALID);
	WANT(mem_info(memory, MEM_INFO_PHYSICAL, 1, &first, &second), ST_OK);
	WANT(mem_info(memory, MEM_INFO_PHYSICAL, 2, &first, &second), ST_INVALID);
	WANT(mem_info(memory, MEM_INFO_PHYSICAL, HIGH, &first, &second), ST_INVALID);
	WANT(mem_info(memory, MEM_INFO_PHYSICAL + 1, 0, &first, &second), ST_INVALID);
	WANT(mem_info(memory, HIGH, 0, &first, &second), ST_INVALID);
	(void)cap_delete(memory);
}

static void test_machine(void)
{
	u64 cpus = cpus_online(), first, second, lines = 0, made = HANDLE_NULL;

	must(system_info(SYSTEM, INFO_IRQS, 0, &lines, &second), "system_info");
	WANT(system_info(SYSTEM, INFO_IRQS + 1, 0, &first, &second), ST_INVALID);
	WANT(system_info(SYSTEM, HIGH, 0, &first, &second), ST_INVALID);
	WANT(system_info(SYSTEM, INFO_CPU, cpus - 1, &first, &second), ST_OK);
	WANT(system_info(SYSTEM, INFO_CPU, cpus, &first, &second), ST_NOTFOUND);
	WANT(system_info(SYSTEM, INFO_CPU, HIGH, &first, &second), ST_NOTFOUND);
	WANT(system_info(SYSTEM, INFO_SWITCHES, cpus - 1, &first, &second), ST_OK);
	WANT(system_info(SYSTEM, INFO_SWITCHES, cpus, &first, &second), ST_NOTFOUND);
	WANT(system_info(SYSTEM, INFO_CMDLINE, HIGH, &first, &second), ST_NOTFOUND);
	WANT(irq_create(SYSTEM, lines, &made), ST_INVALID);
	WANT(irq_create(SYSTEM, HIGH | (lines - 1), &made), ST_INVALID);
	/* "# 32 bytes are\n" twice: a comment among results. */
	WANT(system_log(SYSTEM, 32, 0x7962203233202320, 0x0a65726120736574, 0x7962203233202320,
			0x0a65726120736574), ST_OK);
	WANT(system_log(SYSTEM, 33, 0, 0, 0, 0), ST_INVALID);
	WANT(system_log(SYSTEM, HIGH, 0, 0, 0, 0), ST_INVALID);
	if (may_power_off()) {
		WANT(system_power_off(SYSTEM, 64), ST_INVALID);
		WANT(system_power_off(SYSTEM, HIGH), ST_INVALID);
	}
}

static void test_ports(void)
{
	u64 ports = HANDLE_NULL, value;

	if (!HAS_PORTS)
		return;
	WANT(ioport_create(SYSTEM, 65536, 1, &ports), ST_INVALID);
	WANT(ioport_create(SYSTEM, HIGH, 1, &ports), ST_INVALID);
	WANT(ioport_create(SYSTEM, 65535, 2, &ports), ST_INVALID);
	WANT(ioport_create(SYSTEM, 65535, 0, &ports), ST_INVALID);
	WANT(ioport_create(SYSTEM, 65535, HIGH | 1, &ports), ST_INVALID);
	WANT(ioport_create(SYSTEM, 0, 65537, &ports), ST_INVALID);
	gave(ioport_create(SYSTEM, 0, 65536, &ports), ST_BUSY, "all ports: in range, but in use");
	if (!WANT(ioport_create(SYSTEM, 65532, 4, &ports), ST_OK))
		return;
	WANT(ioport_in((handle_t)ports, 0, 4, &value), ST_OK);
	WANT(ioport_in((handle_t)ports, 2, 2, &value), ST_OK);
	WANT(ioport_in((handle_t)ports, 3, 1, &value), ST_OK);
	WANT(ioport_in((handle_t)ports, 3, 2, &value), ST_INVALID);
	WANT(ioport_in((handle_t)ports, 1, 4, &value), ST_INVALID);
	WANT(ioport_in((handle_t)ports, 4, 1, &value), ST_INVALID);
	WANT(ioport_in((handle_t)ports, HIGH, 1, &value), ST_INVALID);
	WANT(ioport_in((handle_t)ports, ~0UL, 2, &value), ST_INVALID);
	WANT(ioport_in((handle_t)ports, 0, 8, &value), ST_INVALID);
	WANT(ioport_in((handle_t)ports, 0, 0, &value), ST_INVALID);
	WANT(ioport_in((handle_t)ports, 0, HIGH | 1, &value), ST_INVALID);
	WANT(ioport_out((handle_t)ports, 3, 2, 0), ST_INVALID);
	WANT(ioport_out((handle_t)ports, ~0UL, 2, 0), ST_INVALID);
	WANT(ioport_out((handle_t)ports, 0, HIGH | 1, 0), ST_INVALID);
	WANT(cap_delete((handle_t)ports), ST_OK);
}

void test_limits(void)
{
	test_settings();
	test_sizes();
	test_addresses();
	test_capability_limits();
	test_selectors();
	test_machine();
	test_ports();
}
