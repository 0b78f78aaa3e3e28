// SPDX-License-Identifier: MIT
/*
 * At the end: was each documented error of each call provoked?
 */
#include "test.h"
#include <generated/syscall_errors.h>

static bool is_expected(u32 call)
{
	return HAS_PORTS || (call != SYS_ioport_create && call != SYS_ioport_in &&
					     call != SYS_ioport_out);
}

/*
 * Who offers a reply object between the two steps of ipc_reply_receive is on
 * another CPU.  A shell that has started us keeps the right to power off, and
 * it may have left items for interrupt lines that need no memory.
 */
static bool is_unreachable(u32 call, long error)
{
	return (call == SYS_ipc_reply_receive && error == ST_BUSY && cpus_online() == 1) ||
	       (call == SYS_system_power_off && error == ST_INVALID && !may_power_off()) ||
	       (call == SYS_irq_create && error == ST_NOMEM && !is_first_process());
}

void test_tally(void)
{
	char missing[120];

	for (u32 i = 0; i < ARRAY_SIZE(syscall_errors); i++) {
		const signed char *error = syscall_errors[i].errors;
		size_t used = 0;

		missing[0] = '\0';
		for (; *error; error++)
			if (!tally_count(syscall_errors[i].number, *error) &&
			    used < sizeof(missing) &&
			    !is_unreachable(syscall_errors[i].number, *error))
				used += (size_t)snprintf(missing + used, sizeof(missing) - used,
							 " %s", status_name(*error));
		if (!is_expected(syscall_errors[i].number))
			continue;
		if (used)
			check(false, "%s: every documented error was seen # but:%s",
			      syscall_errors[i].name, missing);
		else
			check(true, "%s: every documented error was seen", syscall_errors[i].name);
	}
}
