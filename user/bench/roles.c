// SPDX-License-Identifier: MIT
/*
 * What runs in the other address space.
 *
 *   echo, echo-caps            extra: endpoint
 *   library                    the same, through the ordinary library
 *   stamp-receive, stamp-wait  extra: endpoint or notification, memory for the stamp
 *   stamp-yield                extra: nothing, memory
 *   pager-jump, pager-map      extra: endpoint, the faulting process, memory
 *                              arg 2: where to jump to, or the address to map at
 */
#include "bench.h"
#include <lib/cmdline.h>
#include <lib/string.h>

/* The endpoint and a reply object of our own. */
static u64 both(void)
{
	return startup->extra[0] | (u64)create(TYPE_REPLY, 0) << 32;
}

int role_echo(void)
{
	u64 tag = SYS_ipc_receive | ACCEPT_ALL, handles = both();
	long status;

	message_page()[MSG_DEADLINE] = TIME_NEVER; /* the flag comes back with the tag */
	status = strcmp(startup->arg[1], "echo") ? serve_echo_caps(handles, tag) :
					     serve_echo(handles, tag);

	/* The end of the endpoint is the end of the role. */
	return status != ST_DEAD;
}

int role_library(void)
{
	handle_t endpoint = startup->extra[0], reply = create(TYPE_REPLY, 0);
	struct message message = { 0 };
	long status = ipc_receive(endpoint, reply, &message);

	while (status == ST_OK)
		status = ipc_reply_receive(endpoint, reply, &message);
	return status != ST_DEAD;
}

static u64 stamp_call(const char *role)
{
	if (!strcmp(role, "stamp-receive"))
		return SYS_ipc_receive;
	return strcmp(role, "stamp-wait") ? SYS_thread_yield : SYS_notify_wait;
}

int role_stamps(void)
{
	struct stamped_call call = {
		.tag = stamp_call(startup->arg[1]),
		.handles = startup->extra[0],
		.argument = TIME_NEVER,
	};
	u64 address;

	must(mem_map(startup->self, startup->extra[1], 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
		     &address), "mem_map");
	call.stamp = (u64 *)address;
	*call.stamp = 0;
	serve_stamps(&call);
	return 1;
}

int role_pager(void)
{
	bool maps = !strcmp(startup->arg[1], "pager-map");
	u64 kind = maps ? FAULT_REPLY_RETRY : FAULT_REPLY_JUMP;
	struct pager pager = {
		.handles = both(),
		.receive_tag = SYS_ipc_receive,
		.reply_tag = SYS_ipc_reply_receive | 1UL << MSG_WORDS_SHIFT |
			     kind << MSG_LABEL_SHIFT,
	};
	u64 address = 0;

	assert(string_to_u64(startup->arg[2], &address));
	if (maps)
		pager.map = (struct measured_call){
			.tag = SYS_mem_map,
			.handles = startup->extra[1] | (u64)startup->extra[2] << 32,
			.argument = { address, PAGE_SIZE, 0, MAP_READ | MAP_WRITE },
		};
	else
		pager.word = address;
	return serve_faults(&pager) != ST_DEAD;
}
