// SPDX-License-Identifier: MIT
/*
 * At the end: was each documented error of each call provoked, and nothing else?
 */
#include "tally.h"
#include "test.h"
#include <generated/syscall_errors.h>

#define CALLS 256

static bool is_expected(u32 call)
{
	return HAS_PORTS || (call != SYS_ioport_create && call != SYS_ioport_in &&
					     call != SYS_ioport_out);
}

static const char *excuse_for(const struct excuse *excuses, u32 count, u32 call, long error)
{
	for (u32 i = 0; i < count; i++)
		if (excuses[i].reason && excuses[i].call == call && excuses[i].error == error)
			return excuses[i].reason;
	return NULL;
}

static bool is_missing(const struct excuse *excuses, u32 count, u32 call, long error)
{
	return is_expected(call) && !tally_count(call, error) &&
	       !excuse_for(excuses, count, call, error);
}

u32 nr_missing(const struct excuse *excuses, u32 count)
{
	u32 missing = 0;

	for (u32 i = 0; i < ARRAY_SIZE(syscall_errors); i++)
		for (const signed char *error = syscall_errors[i].errors; *error; error++)
			missing += is_missing(excuses, count, syscall_errors[i].number, *error);
	return missing;
}

void report_missing(const struct excuse *excuses, u32 count)
{
	char missing[120];

	for (u32 i = 0; i < ARRAY_SIZE(syscall_errors); i++) {
		const signed char *error = syscall_errors[i].errors;
		u32 call = syscall_errors[i].number;
		size_t used = 0;

		if (!is_expected(call))
			continue;
		missing[0] = '\0';
		for (; *error; error++)
			if (used < sizeof(missing) && is_missing(excuses, count, call, *error))
				used += (size_t)snprintf(missing + used, sizeof(missing) - used,
							 " %s", status_name(*error));
		if (used)
			check(false, "%s: every documented error was seen # but:%s",
			      syscall_errors[i].name, missing);
		else
			check(true, "%s: every documented error was seen", syscall_errors[i].name);
	}
}

/* What is configured off is no call at all. */
static bool is_documented(u32 i, long status)
{
	if (!is_expected(syscall_errors[i].number))
		return status == ST_NOSYS;
	for (const signed char *error = syscall_errors[i].errors; *error; error++)
		if (*error == status)
			return true;
	return false;
}

void report_unknown(void)
{
	u32 unknown = 0;

	for (u32 i = 0; i < ARRAY_SIZE(syscall_errors); i++)
		for (long status = -1; status >= TALLY_NO_STATUS; status--) {
			u32 times = tally_count(syscall_errors[i].number, status);

			if (!times || is_documented(i, status))
				continue;
			unknown++;
			printf("# %s returned %s (%ld) %u times\n", syscall_errors[i].name,
			       status < ST_LAST ? "no status" : status_name(status), status, times);
		}
	check(!unknown, "no call returned a status that is not documented (%u pairs)", unknown);
}

/*
 * Who offers a reply object between the two steps of ipc_reply_receive is on
 * another CPU.  A shell that has started us keeps the right to power off, and
 * it may have left items for interrupt lines that need no memory.
 */
void test_tally(void)
{
	const struct excuse excuses[] = {
		{ SYS_ipc_reply_receive, ST_BUSY, cpus_online() == 1 ? "one CPU" : NULL },
		{ SYS_system_power_off, ST_INVALID, may_power_off() ? NULL : "no right" },
		{ SYS_irq_create, ST_NOMEM, is_first_process() ? NULL : "not at the beginning" },
	};

	report_missing(excuses, ARRAY_SIZE(excuses));
	report_unknown();
}
