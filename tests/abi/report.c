// SPDX-License-Identifier: MIT
/*
 * At the end: was each documented error of each call provoked, and has no call
 * given a status that its entry in syscalls.toml does not name?
 */
#include "test.h"
#include <generated/syscall_errors.h>

#define LAST_COUNTED 31 /* further below 0 than any status: the tally has room for them */
#define CALLS 256

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

/* The entry of the list for @call. Return: false if there is no such call. */
static bool find_entry(u32 call, u32 *entry)
{
	for (*entry = 0; *entry < ARRAY_SIZE(syscall_errors); ++*entry)
		if (syscall_errors[*entry].number == call)
			return is_expected(call);
	return false;
}

static bool is_documented(u32 entry, long status)
{
	const signed char *error = syscall_errors[entry].errors;

	while (*error && *error != status)
		error++;
	return *error;
}

/* What is no call, or configured off, says so and nothing else; every other status is in the list. */
void test_undocumented(void)
{
	u32 calls = 0, odd = 0, entry;

	for (u32 call = 0; call < CALLS; call++) {
		bool is_call = find_entry(call, &entry);

		for (long status = is_call ? -1 : 0; status >= -LAST_COUNTED; status--) {
			u32 times = tally_count(call, status);

			if (!times || (is_call ? is_documented(entry, status) : status == ST_NOSYS))
				continue;
			check(false, "%s (%u): every status is documented # not %s (%ld, %u times)",
			      is_call ? syscall_errors[entry].name : "no call", call,
			      status_name(status), status, times);
			odd++;
		}
		calls += is_call;
	}
	same(odd, 0, "%u calls: every status seen is documented", calls);
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
