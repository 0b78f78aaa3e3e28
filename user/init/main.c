// SPDX-License-Identifier: MIT
/*
 * The first process: tells what machine it found, runs what the command line
 * asks for, and powers off with a status that says whether all went well.
 */
#include "init.h"
#include <lib/cpio.h>
#include <lib/string.h>

#define EXIT_FAILED 1
#define PEER_PRIORITY 32

static u32 nr_results, nr_failed;
static const void *archive;
static u64 archive_size;
static handle_t log_only;

bool check(bool passed, const char *name)
{
	nr_results++;
	nr_failed += !passed;
	printf("%s %u - %s\n", passed ? "ok" : "not ok", nr_results, name);
	return passed;
}

bool check_status(long status, long expected, const char *name)
{
	if (status != expected)
		printf("# %s: got %s, expected %s\n", name, status_name(status),
		       status_name(expected));
	return check(status == expected, name);
}

static __noreturn void power_off(u64 code)
{
	system_power_off(INIT_SYSTEM, code);
	__builtin_trap();
}

static __noreturn void give_up(const char *what, const char *why)
{
	printf("init: %s: %s\n", what, why);
	power_off(EXIT_FAILED);
}

static void map_archive(void)
{
	u64 place;
	long status;

	system_info(INIT_SYSTEM, INFO_ARCHIVE_SIZE, 0, &archive_size, NULL);
	status = mem_map(INIT_PROCESS, INIT_ARCHIVE, 0, ALIGN_UP(archive_size, PAGE_SIZE), 0,
			 MAP_READ, &place);
	if (status != ST_OK)
		give_up("boot archive", status_name(status));
	archive = (const void *)place;
}

long peer_start(enum peer_role role, handle_t object, u8 cpu, handle_t *process)
{
	struct program program = {
		.name = "peer",
		.argument = role,
		.caps = { log_only, object },
		.cpu = cpu,
		.priority = PEER_PRIORITY,
	};
	struct cpio_file file;
	enum cpio_result found = cpio_find(archive, archive_size, "peer", &file);

	if (found != CPIO_FILE)
		give_up("boot archive",
			found == CPIO_END ? "no program \"peer\"" : cpio_error(found));
	program.file = file.data;
	program.size = file.size;
	return process_spawn(INIT_PROCESS, &program, process);
}

bool peer_await(handle_t process)
{
	u64 notification = 0, now = 0, bits = 0;
	long status = cap_create(TYPE_NOTIFICATION, 0, &notification);

	if (status == ST_OK)
		status = process_set_watch(process, (handle_t)notification, 1);
	clock_now(&now);
	if (status == ST_OK)
		status = notify_wait((handle_t)notification, now + 10000000000UL, &bits);
	cap_delete((handle_t)notification);
	return status == ST_OK && bits == 1;
}

u32 nr_cpus(void)
{
	u64 online = 1;

	system_info(INIT_SYSTEM, INFO_CPUS, 0, &online, NULL);
	return (u32)online;
}

int main(u64 argument)
{
	u64 handle;

	(void)argument;
	print_to(INIT_SYSTEM);
	report_machine();
	if (cap_derive(INIT_SYSTEM, RIGHT_LOG | RIGHT_DERIVE, 0, &handle) != ST_OK)
		give_up("log capability", "cannot be derived");
	log_only = (handle_t)handle;
	map_archive();
	test_objects();
	test_memory();
	test_ipc();
	test_threads();
	test_isolation();
	printf("1..%u\n", nr_results);
	printf("init: %u passed, %u failed\n", nr_results - nr_failed, nr_failed);
	power_off(nr_failed || !nr_results ? EXIT_FAILED : 0);
}
