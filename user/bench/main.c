// SPDX-License-Identifier: MIT
/*
 * The yardstick: measures every operation from user mode to user mode, and
 * prints one line "ROW ..." an operation at the end (scripts/bench.py makes
 * the report of them).
 *
 * Options of init's command line: bench runs all rows, bench=short with fewer
 * samples, bench=quick with so few that a slow observer sees the end; bench=smp,
 * bench=smp-short and bench=smp-quick are the same for what needs a second CPU;
 * bench=worst runs the calls with their worst arguments, bench=latency how late
 * another thread wakes up during them.
 */
#include "bench.h"
#include <user/system.h>

#define SETTLE_TIME (5 * MILLISECOND)
#define SHORT_SAMPLES 2000u
#define QUICK_SAMPLES 200u

u64 call_head, ipc_head;
static u64 call_nothing, ipc_nothing;

handle_t create(u64 type, u64 argument)
{
	u64 handle = HANDLE_NULL;

	must(cap_create(type, argument, &handle), "cap_create");
	return (handle_t)handle;
}

void spawn(const char *role, u64 settings, const handle_t extra[STARTUP_EXTRA],
	   struct child *child)
{
	struct program program;
	const char *error = program_role(&program, role);

	if (error)
		fail("%s", error);
	memcpy(program.extra, extra, sizeof(program.extra));
	program.settings = settings;
	must(program_spawn(&program, child), role);
	settle();
}

void settle(void)
{
	sleep_for(SETTLE_TIME);
}

u64 call_cost(struct measured_call *call, const char *what)
{
	u64 cost = measure_call(call) - call_nothing;

	must(call->status, what);
	return cost;
}

u64 ipc_cost(struct measured_ipc *ipc, const char *what)
{
	u64 cost = measure_ipc(ipc) - ipc_nothing;

	must(ipc->status, what);
	return cost;
}

u64 call_one_way(struct measured_call *call, const u64 *stamp, const char *what)
{
	(void)measure_call(call);
	must(call->status, what);
	return __atomic_load_n(stamp, __ATOMIC_ACQUIRE) - call->start - call_head;
}

/* What measuring itself costs; the same every time, or the counter is not exact. */
static void calibrate(void)
{
	struct measured_call call = { 0 };
	struct measured_ipc ipc = { 0 };

	for (u32 i = 0; i < 8; i++) {
		u64 before = call_nothing + ipc_nothing + call_head + ipc_head;

		call_nothing = measure_call_nothing(&call);
		ipc_nothing = measure_ipc_nothing(&ipc);
		call_head = measure_call_head(&call);
		ipc_head = measure_ipc_head(&ipc);
		if (i > 1 && call_nothing + ipc_nothing + call_head + ipc_head != before)
			fail("the counter is not exact: run with -icount shift=0,sleep=off");
	}
	printf("bench: measuring takes %lu and %lu, taken off\n", call_nothing, ipc_nothing);
}

static int run_role(const char *role)
{
	if (!strncmp(role, "echo", 4))
		return role_echo();
	if (!strcmp(role, "library"))
		return role_library();
	if (!strncmp(role, "stamp", 5))
		return role_stamps();
	if (!strcmp(role, "crowd"))
		return role_crowd();
	if (!strncmp(role, "pager", 5))
		return role_pager();
	fail("unknown role %s", role);
}

static void run_all(void)
{
	bench_ipc();
	bench_caps();
	bench_notify();
	bench_objects();
	bench_memory();
	bench_faults();
	bench_threads();
	bench_processes();
	bench_calls();
	bench_drained();
}

static void run_smp(void)
{
	u64 online = 0, most;

	must(system_info(startup->system, INFO_CPUS, 0, &online, &most), "system_info");
	if (online < 2)
		fail("bench=smp wants two CPUs");
	bench_ipc_smp();
}

static void run(const char *option)
{
	if (!strcmp(option, "worst"))
		bench_worst();
	else if (!strcmp(option, "latency"))
		bench_latency();
	else if (!strncmp(option, "smp", strlen("smp")))
		run_smp();
	else
		run_all();
}

int main(void)
{
	char option[16];

	if (startup->nr_args > 1)
		return run_role(startup->arg[1]);
	(void)system_option("bench", option, sizeof(option));
	if (!strcmp(option, "short") || !strcmp(option, "smp-short"))
		series_set_samples(SHORT_SAMPLES);
	else if (!strcmp(option, "quick") || !strcmp(option, "smp-quick") ||
		 !strcmp(option, "worst"))
		series_set_samples(QUICK_SAMPLES);
	calibrate();
	run(option);
	series_report();
	return 0;
}
