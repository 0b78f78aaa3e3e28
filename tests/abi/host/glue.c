// SPDX-License-Identifier: MIT
/*
 * What the assembly of the other architectures does for a program, in the
 * simulator: the ways into the kernel, the start.
 */
#include "../test.h"
#include "../tally.h"
#include <program.h>

struct ipc_frame;
void ipc_trap(struct ipc_frame *frame);
void thread_entry(struct uthread *thread);
void thread_main(struct uthread *thread);

static const struct startup first_process = {
	.magic = STARTUP_MAGIC,
	.self = INIT_PROCESS,
	.thread = INIT_THREAD,
	.system = INIT_SYSTEM,
	.archive = INIT_ARCHIVE,
	.nr_args = 1,
	.arg = { "test" },
};
const struct startup *startup = &first_process;

#undef __syscall
long __syscall(u64 number, u64 handles, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 *v0, u64 *v1);
long __syscall(u64 number, u64 handles, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 *v0, u64 *v1)
{
	const u64 arg[5] = { a0, a1, a2, a3, a4 };
	u64 value[2];
	long status = program_call(number, handles, arg, value);

	if (v0)
		*v0 = value[0];
	if (v1)
		*v1 = value[1];
	return status;
}

void ipc_trap(struct ipc_frame *frame)
{
	program_ipc((u64 *)frame);
}

void thread_entry(struct uthread *thread)
{
	thread_main(thread);
}

void loop_pause(void)
{
	program_pause();
}

u32 match_rounds(void)
{
	return program_rounds();
}

/* ---- blobs: blob.S names these ---- */

void host_thread_exit(void);
void host_process_exit(u64 code);
void host_spin(void);
void host_read_loop(u64 **place);

void host_thread_exit(void)
{
	(void)__syscall(SYS_thread_exit, 0, 0, 0, 0, 0, 0, NULL, NULL);
}

void host_process_exit(u64 code)
{
	(void)__syscall(SYS_process_exit, 0, code, 0, 0, 0, 0, NULL, NULL);
}

void host_spin(void)
{
	for (;;)
		program_pause();
}

void host_read_loop(u64 **place)
{
	for (;;) {
		++**(u64 *volatile *)place;
		program_pause();
	}
}

/* ---- processes of their own: the functions are the same, the spaces are not ---- */

static void run_peer(u64 name)
{
	(void)peer_run((const char *)name);
	(void)__syscall(SYS_process_exit, 0, 0, 0, 0, 0, 0, NULL, NULL);
}

void peer_start(const char *role, handle_t first, handle_t second, u64 settings,
		struct child *child)
{
	handle_t process = create(TYPE_PROCESS, 0);
	u64 there, thread;

	must(cap_copy(process, process, CAP_LEND, RIGHTS_ALL, 0, &there), "cap_copy");
	must(cap_copy(first, process, CAP_LEND, RIGHTS_ALL, 0, &there), "cap_copy");
	if (second)
		must(cap_copy(second, process, CAP_LEND, RIGHTS_ALL, 0, &there), "cap_copy");
	must(thread_create(process, (u64)run_peer, 0, (u64)role, settings | THREAD_START, &thread,
			   NULL), "thread_create");
	*child = (struct child){ .process = process, .thread = (handle_t)thread };
}

handle_t peer_cap(u32 n)
{
	return HANDLE_FIRST(1 + n);
}

/* ---- the cases ---- */

/* Those that need neither instructions of a machine nor programs in files. */
int program_main(void)
{
	/* Every process of ours sees the host's data. */
	static u64 counters[TALLY_BYTES / sizeof(u64)];

	tally_at(counters);
	if (program_match()) {
		check(test_match(program_match()), "there is such a match");
		return suite_end();
	}
	test_refusals();
	test_endpoint();
	test_wait();
	test_reply();
	test_capabilities_sent();
	test_capability();
	test_notification();
	test_thread();
	test_process();
	test_memory();
	test_fault();
	test_irq();
	test_ioport();
	test_device();
	test_system();
	test_limits();
	test_schedule();
	test_clock();
	test_race();
	report_unknown();
	return suite_end();
}
