// SPDX-License-Identifier: MIT
/*
 * Requests to the name server.
 */
#include <lib/string.h>
#include <user/protocol.h>
#include <user/startup.h>

static long request(u64 label, const char *name, struct message *message)
{
	long status;

	if (strlen(name) >= NAME_SIZE)
		return ST_INVALID;
	message->label = label;
	message->words = NAME_SIZE / sizeof(u64);
	memcpy(message->word, name, strlen(name));
	status = ipc_call(startup->names, message);
	return status == ST_OK ? (s32)message->label : status;
}

long name_register(const char *name, handle_t endpoint)
{
	struct message message = { .caps = 1, .cap = { endpoint } };

	return request(NAME_REGISTER, name, &message);
}

long name_lookup(const char *name, handle_t *endpoint)
{
	struct message message = { .accept = 1 };
	long status = request(NAME_LOOKUP, name, &message);

	if (status == ST_OK && message.cap[0] == HANDLE_NULL)
		status = ST_DEAD;
	*endpoint = message.cap[0];
	return status;
}

long name_remove(const char *name)
{
	struct message message = { 0 };

	return request(NAME_REMOVE, name, &message);
}
