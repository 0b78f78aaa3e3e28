// SPDX-License-Identifier: MIT
/*
 * The demonstration: processes that work for each other, and processes that
 * misbehave.  Each step prints what was tried and how it ended; the exit code
 * says whether all went well.
 */
#include "demo.h"

static u32 nr_steps, nr_failed;

/* Emulated CPUs share those of the computer, and a thread may have to wait for its turn. */
u64 patience(void)
{
	return 30 * SECOND + CONFIG_NR_CPUS * 250 * MILLISECOND +
	       8 * CONFIG_SCHED_QUANTUM_US * 1000UL;
}

bool step(bool passed, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	nr_steps++;
	nr_failed += !passed;
	printf("  %s  %s\n", passed ? "ok  " : "FAIL", text);
	return passed;
}

handle_t create(u64 type, u64 argument)
{
	u64 handle = HANDLE_NULL;

	must(cap_create(type, argument, &handle), "cap_create");
	return (handle_t)handle;
}

long spawn_role(const char *role, const char *argument, handle_t extra, handle_t fault,
		struct child *child)
{
	struct program program;
	const char *error = program_role(&program, role);

	if (error)
		fail("%s", error);
	program.arg[1] = argument;
	program.extra[0] = extra;
	program.fault = fault;
	if (!strcmp(role, "misdeed"))
		program.system = HANDLE_NULL;
	return program_spawn(&program, child);
}

u64 exit_of(struct child *child, u64 *fault)
{
	u64 code = PROCESS_CODE_KILLED;

	*fault = FAULT_NONE;
	if (program_wait(child->process, PATIENCE) != ST_OK)
		printf("  a process does not end\n");
	(void)process_info(child->process, PROCESS_INFO_EXIT, &code, fault);
	return code;
}

static int run_role(const char *role)
{
	if (!strcmp(role, "server"))
		return role_server();
	if (!strcmp(role, "client"))
		return role_client();
	if (!strcmp(role, "misdeed"))
		return role_misdeed(startup->arg[2]);
	if (!strcmp(role, "caller"))
		return role_caller();
	fail("unknown role %s", role);
}

int main(void)
{
	if (startup->nr_args > 1)
		return run_role(startup->arg[1]);
	printf("\nDemonstration\n");
	show_services();
	show_misdeeds();
	show_repair();
	show_killed_caller();
	show_killed_server();
	show_cpus();
	show_figures();
	printf("Demonstration: %u of %u steps went well\n", nr_steps - nr_failed, nr_steps);
	return nr_failed != 0;
}
