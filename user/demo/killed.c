// SPDX-License-Identifier: MIT
/*
 * A process killed in the middle of a call: once the one that called, once the
 * one that was to answer.
 */
#include "demo.h"

#define GOT_DEAD 9

/* Calls and reports how the call ended. */
int role_caller(void)
{
	struct message message = { .label = 1 };
	long status = ipc_call(startup->extra[0], &message);

	return status == ST_DEAD ? GOT_DEAD : 1;
}

void show_killed_caller(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);
	struct message message = { 0 };
	struct child child;

	printf("A caller killed in the middle of its call\n");
	if (!step(spawn_role("caller", NULL, endpoint, HANDLE_NULL, &child) == ST_OK,
		  "start the caller"))
		return;
	must(ipc_receive(endpoint, reply, &message), "ipc_receive");
	child_free(&child);
	message = (struct message){ 0 };
	step(ipc_reply(reply, &message) == ST_CALLER_GONE, "the reply finds nobody: CALLER_GONE");
	(void)cap_delete(reply);
	(void)cap_delete(endpoint);
}

void show_killed_server(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);
	struct message message = { 0 };
	struct child child;
	u64 fault;

	printf("A reply object lost in the middle of a call\n");
	if (!step(spawn_role("caller", NULL, endpoint, HANDLE_NULL, &child) == ST_OK,
		  "start the caller"))
		return;
	must(ipc_receive(endpoint, reply, &message), "ipc_receive");
	must(cap_destroy(reply), "cap_destroy");
	step(exit_of(&child, &fault) == GOT_DEAD, "the caller's call ended with DEAD");
	child_free(&child);
	(void)cap_delete(endpoint);
}
