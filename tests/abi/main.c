// SPDX-License-Identifier: MIT
/*
 * Runs the suite, or one role of it in a process of its own.
 */
#include "pair.h"
#include "tally.h"
#include <user/system.h>

long spawn_role(const char *role, const char *argument, handle_t extra, struct child *child)
{
	struct program program;
	const char *error = program_role(&program, role);

	if (error)
		fail("%s", error);
	program.arg[1] = argument;
	program.extra[0] = extra;
	program.extra[1] = tally_memory();
	return program_spawn(&program, child);
}

void peer_start(const char *role, handle_t first, handle_t second, u64 settings,
		struct child *child)
{
	struct program program;
	const char *error = program_role(&program, role);

	if (error)
		fail("%s", error);
	program.extra[0] = first;
	program.extra[1] = tally_memory();
	program.extra[2] = second;
	program.settings = settings;
	must(program_spawn(&program, child), "program_spawn");
}

handle_t peer_cap(u32 n)
{
	return startup->extra[n ? 2 : 0];
}

void loop_pause(void)
{
}

/* A third of the time goes into a million slots, as much into matches. */
bool is_brief(void)
{
	char value[8];

	return system_option("init.brief", value, sizeof(value));
}

u32 match_rounds(void)
{
	return is_brief() ? 25 : 100;
}

static int run_role(const char *role)
{
	if (peer_run(role))
		return 0;
	if (!strcmp(role, "fuzz"))
		return role_fuzz(startup->arg[2]);
	if (!strcmp(role, "pair-server"))
		return role_pair_server(startup->arg[2]);
	if (!strcmp(role, "pair-client"))
		return role_pair_client();
	if (!strcmp(role, "fault"))
		return role_fault(startup->arg[2]);
	if (!strcmp(role, "placed"))
		return role_placed();
	fail("unknown role %s", role);
}

static void test_all(void)
{
	test_first_line();
	test_refusals();
	test_registers();
	test_endpoint();
	test_wait();
	test_reply();
	test_capabilities_sent();
	test_capability();
	test_notification();
	test_thread();
	test_process();
	test_memory();
	test_placement();
	test_fault();
	test_isolation();
	test_instruction();
	test_irq();
	test_ioport();
	test_device();
	test_system();
	test_limits();
	test_schedule();
	test_clock();
	test_elf();
	test_exhaustion();
	if (!is_brief())
		test_tally(); /* before the random calls: a case has to provoke each error */
	test_fuzz();
	test_race(); /* leaves many objects for reuse, of which exhaustion must not find any */
}

/* Code 77, while every CPU is busy with what is more urgent than the reaper ("init.ends=busy"). */
static int end_busy(void)
{
	for (u64 cpu = 0; cpu < cpus_online(); cpu++)
		(void)loop_on(cpu, 30);
	return 77;
}

/*
 * The whole suite, or with "init.brief=yes" most of it in half the time, or with
 * "fuzz=N" on the command line N random calls.
 * Runs as the first process on the bare kernel ("init=test"), or as a program.
 */
int main(void)
{
	char calls[24];

	tally_open();
	if (startup->nr_args > 1)
		return run_role(startup->arg[1]);
	if (system_option("init.ends", calls, sizeof(calls)))
		return end_busy();
	if (system_option("fuzz", calls, sizeof(calls)))
		test_fuzz_watched(calls);
	else
		test_all();
	return suite_end();
}
