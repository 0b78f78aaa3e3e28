// SPDX-License-Identifier: MIT
/*
 * The refusals that all calls share: for every handle of every call a stale
 * handle, one of another type, and one without the right, in this order of
 * precedence.  The arguments are zero: they are looked at later.
 */
#include "test.h"
#include <generated/syscall_errors.h>
#include <generated/syscall_names.h>

static const struct {
	u8 call, type;
	u32 right;
} first[] = {
	{ SYS_ipc_call, TYPE_ENDPOINT, RIGHT_CALL },
	{ SYS_ipc_send, TYPE_ENDPOINT, RIGHT_SEND },
	{ SYS_ipc_receive, TYPE_ENDPOINT, RIGHT_RECEIVE },
	{ SYS_ipc_reply, TYPE_REPLY, RIGHT_USE },
	{ SYS_notify_signal, TYPE_NOTIFICATION, RIGHT_SIGNAL },
	{ SYS_notify_wait, TYPE_NOTIFICATION, RIGHT_WAIT },
	{ SYS_notify_poll, TYPE_NOTIFICATION, RIGHT_WAIT },
	{ SYS_notify_bind, TYPE_THREAD, RIGHT_MANAGE },
	{ SYS_thread_create, TYPE_PROCESS, RIGHT_SPAWN },
	{ SYS_thread_resume, TYPE_THREAD, RIGHT_MANAGE },
	{ SYS_thread_suspend, TYPE_THREAD, RIGHT_MANAGE },
	{ SYS_thread_interrupt, TYPE_THREAD, RIGHT_MANAGE },
	{ SYS_thread_set, TYPE_THREAD, RIGHT_MANAGE },
	{ SYS_thread_info, TYPE_THREAD, RIGHT_READ },
	{ SYS_cap_derive, TYPE_NONE, RIGHT_DERIVE },
	{ SYS_cap_delete, TYPE_NONE, 0 },
	{ SYS_cap_revoke, TYPE_NONE, 0 },
	{ SYS_cap_destroy, TYPE_NONE, RIGHT_DESTROY },
	{ SYS_cap_inspect, TYPE_NONE, 0 },
	{ SYS_process_info, TYPE_PROCESS, RIGHT_READ },
	{ SYS_process_set_name, TYPE_PROCESS, RIGHT_MANAGE },
	{ SYS_process_set_fault, TYPE_PROCESS, RIGHT_MANAGE },
	{ SYS_process_set_watch, TYPE_PROCESS, RIGHT_READ },
	{ SYS_mem_map, TYPE_PROCESS, RIGHT_MAP },
	{ SYS_mem_unmap, TYPE_PROCESS, RIGHT_MAP },
	{ SYS_mem_protect, TYPE_PROCESS, RIGHT_MAP },
	{ SYS_mem_seal, TYPE_MEMORY, RIGHT_SEAL },
	{ SYS_mem_info, TYPE_MEMORY, RIGHT_READ },
	{ SYS_mem_create_device, TYPE_SYSTEM, RIGHT_DEVICE },
	{ SYS_irq_create, TYPE_SYSTEM, RIGHT_DEVICE },
	{ SYS_system_power_off, TYPE_SYSTEM, RIGHT_POWER },
	{ SYS_system_log, TYPE_SYSTEM, RIGHT_LOG },
	{ SYS_system_info, TYPE_SYSTEM, RIGHT_INFO },
};

static handle_t object_of[TYPE_MAX + 1];

static void make_objects(void)
{
	u64 thread;

	object_of[TYPE_PROCESS] = create(TYPE_PROCESS, 0);
	must(thread_create(object_of[TYPE_PROCESS], PAGE_SIZE, PAGE_SIZE, 0, THREAD_PRIORITY(1),
			   &thread, NULL), "thread_create");
	object_of[TYPE_THREAD] = (handle_t)thread;
	object_of[TYPE_ENDPOINT] = create(TYPE_ENDPOINT, 0);
	object_of[TYPE_REPLY] = create(TYPE_REPLY, 0);
	object_of[TYPE_NOTIFICATION] = create(TYPE_NOTIFICATION, 0);
	object_of[TYPE_MEMORY] = create(TYPE_MEMORY, 1);
	object_of[TYPE_SYSTEM] = startup->system;
}

static long attempt(u32 call, u64 handles)
{
	struct message message = { 0 };

	if (call <= SYS_ipc_reply)
		return ipc_raw(call, handles, &message);
	return __syscall(call, handles, 0, 0, 0, 0, 0, NULL, NULL);
}

static void refuse(u32 call, u64 handles, long wanted, const char *which)
{
	long status = attempt(call, handles);

	if (status == wanted)
		check(true, "%s with %s: %s", syscall_names[call], which, status_name(wanted));
	else
		check(false, "%s with %s: %s # it was %s", syscall_names[call], which,
		      status_name(wanted), status_name(status));
}

static handle_t wrong_type(u32 type)
{
	return object_of[type == TYPE_MEMORY ? TYPE_NOTIFICATION : TYPE_MEMORY];
}

static void refuse_first(u32 i)
{
	u32 type = first[i].type ? first[i].type : TYPE_ENDPOINT;
	handle_t without;

	refuse(first[i].call, NOBODY, ST_BADHANDLE, "a stale handle");
	if (first[i].type)
		refuse(first[i].call, wrong_type(type), ST_BADTYPE, "a handle of another type");
	if (!first[i].right)
		return;
	/* A reply capability is linear: it cannot be weakened by deriving. */
	if (type == TYPE_REPLY)
		return;
	without = weaker(object_of[type], RIGHTS_ALL & ~first[i].right);
	refuse(first[i].call, without, ST_NORIGHTS, "a handle without the right");
	(void)cap_delete(without);
}

static const struct {
	u8 call, first_type, type;
	u32 right;
} second[] = {
	{ SYS_notify_bind, TYPE_THREAD, TYPE_NOTIFICATION, RIGHT_WAIT },
	{ SYS_cap_copy, TYPE_ENDPOINT, TYPE_PROCESS, RIGHT_GIVE },
	{ SYS_process_set_fault, TYPE_PROCESS, TYPE_ENDPOINT, RIGHT_CALL },
	{ SYS_process_set_watch, TYPE_PROCESS, TYPE_NOTIFICATION, RIGHT_SIGNAL },
	{ SYS_ipc_receive, TYPE_ENDPOINT, TYPE_REPLY, 0 },
};

static void refuse_second(u32 i)
{
	u64 handle = object_of[second[i].first_type];
	handle_t without;

	refuse(second[i].call, handle | (u64)NOBODY << 32, ST_BADHANDLE, "a stale second handle");
	refuse(second[i].call, handle | (u64)wrong_type(second[i].type) << 32, ST_BADTYPE,
	       "a second handle of another type");
	if (!second[i].right)
		return;
	without = weaker(object_of[second[i].type], RIGHTS_ALL & ~second[i].right);
	refuse(second[i].call, handle | (u64)without << 32, ST_NORIGHTS,
	       "a second handle without the right");
	(void)cap_delete(without);
}

/* What a refused call was given never comes back as if it were a result. */
static void refuse_without_values(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(syscall_errors); i++) {
		u64 value[2] = { 1, 1 };
		long status;

		if (!syscall_errors[i].values || !*syscall_errors[i].errors)
			continue;
		/* Every argument is out of the range of those calls that take no handle. */
		status = __syscall(syscall_errors[i].number, NOBODY | (u64)NOBODY << 32, ~0UL, ~0UL,
				   ~0UL, ~0UL, ~0UL, &value[0], &value[1]);
		if (status == ST_NOSYS)
			continue; /* no call, so nothing that could have values */
		check(status < ST_OK && !value[0] && (syscall_errors[i].values < 2 || !value[1]),
		      "%s: refused, its values are 0 (%s, %#lx, %#lx)", syscall_errors[i].name,
		      status_name(status), value[0], value[1]);
	}
}

void test_refusals(void)
{
	make_objects();
	for (u32 i = 0; i < ARRAY_SIZE(first); i++)
		refuse_first(i);
	for (u32 i = 0; i < ARRAY_SIZE(second); i++)
		refuse_second(i);
	refuse(SYS_cap_copy, NOBODY | (u64)object_of[TYPE_PROCESS] << 32, ST_BADHANDLE,
	       "a stale handle");
	refuse(200, 0, ST_NOSYS, "nothing: no such call");
	refuse_without_values();
	WANT(mem_map(startup->self, NOBODY, 0, PAGE_SIZE, 0, MAP_READ, NULL), ST_BADHANDLE);
	WANT(mem_map(startup->self, object_of[TYPE_ENDPOINT], 0, PAGE_SIZE, 0, MAP_READ, NULL),
	     ST_BADTYPE);
	for (u32 type = 1; type < TYPE_SYSTEM; type++)
		if (object_of[type])
			(void)cap_destroy(object_of[type]);
	(void)cap_delete(object_of[TYPE_PROCESS]);
}
