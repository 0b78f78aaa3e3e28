// SPDX-License-Identifier: MIT
/*
 * The name server: endpoints by names of 32 bytes.  extra[0] is the endpoint
 * it serves.  A name belongs to the badge that registered it; clients without
 * badges share theirs.
 */
#include <user/protocol.h>
#include <user/startup.h>
#include <user/stdio.h>

#define NAMES 32
#define NAME_WORDS (NAME_SIZE / sizeof(u64))

static struct {
	u64 name[NAME_WORDS];
	u64 owner;
	handle_t endpoint; /* HANDLE_NULL: place is free */
} names[NAMES];

static u32 find(const u64 *name)
{
	for (u32 i = 0; i < NAMES; i++)
		if (names[i].endpoint && !memcmp(names[i].name, name, NAME_SIZE))
			return i;
	return NAMES;
}

static u32 find_free(void)
{
	for (u32 i = 0; i < NAMES; i++)
		if (!names[i].endpoint)
			return i;
	return NAMES;
}

static bool is_endpoint(handle_t handle)
{
	u64 info = 0, badge;

	return handle != HANDLE_NULL && cap_inspect(handle, &info, &badge) == ST_OK &&
	       CAP_INFO_TYPE(info) == TYPE_ENDPOINT;
}

/* The server of a name may have died: then the capability is gone, and the name is free. */
static void drop_dead(u32 i)
{
	if (i < NAMES && !is_endpoint(names[i].endpoint))
		names[i].endpoint = HANDLE_NULL;
}

static long register_name(const struct message *message)
{
	u32 i;

	if (message->words != NAME_WORDS || message->caps != 1 || !is_endpoint(message->cap[0]))
		return ST_INVALID;
	drop_dead(find(message->word));
	if (find(message->word) < NAMES)
		return ST_EXISTS;
	i = find_free();
	if (i == NAMES)
		return ST_NOSLOTS;
	memcpy(names[i].name, message->word, NAME_SIZE);
	names[i].owner = message->badge;
	names[i].endpoint = message->cap[0];
	return ST_OK;
}

static long remove_name(const struct message *message)
{
	u32 i = find(message->word);

	if (i == NAMES)
		return ST_NOTFOUND;
	if (names[i].owner != message->badge)
		return ST_NORIGHTS;
	(void)cap_delete(names[i].endpoint);
	names[i].endpoint = HANDLE_NULL;
	return ST_OK;
}

/* What a client sent and the server does not keep must not fill its space. */
static void drop_caps(const struct message *message)
{
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		if (message->cap[i] != HANDLE_NULL)
			(void)cap_delete(message->cap[i]);
}

static void answer(struct message *message)
{
	handle_t found = HANDLE_NULL;
	long status = ST_NOSYS;
	u32 i;

	switch (message->label) {
	case NAME_REGISTER:
		status = register_name(message);
		if (status == ST_OK)
			message->cap[0] = HANDLE_NULL;
		break;
	case NAME_LOOKUP:
		drop_dead(find(message->word));
		i = find(message->word);
		status = i < NAMES ? ST_OK : ST_NOTFOUND;
		found = i < NAMES ? names[i].endpoint : HANDLE_NULL;
		break;
	case NAME_REMOVE:
		status = remove_name(message);
		break;
	}
	drop_caps(message);
	*message = (struct message){
		.label = (u32)status,
		.caps = found != HANDLE_NULL,
		.cap = { found },
	};
}

int main(void)
{
	handle_t endpoint = startup->extra[0];
	struct message message = { .accept = 1 };
	u64 reply = HANDLE_NULL;
	long status;

	must(cap_create(TYPE_REPLY, 0, &reply), "cap_create");
	status = ipc_receive(endpoint, (handle_t)reply, &message);
	for (;;) {
		bool is_call = status == ST_OK && message.call == SYS_ipc_call;

		if (is_call)
			answer(&message);
		else if (status == ST_OK)
			drop_caps(&message);
		message.accept = 1;
		message.flags = 0;
		/* A client that takes no capability gets the status alone. */
		if (status == ST_CAPSPACE)
			message = (struct message){ .label = (u32)ST_CAPSPACE, .accept = 1 };
		else if (status == ST_DEAD || status == ST_BADHANDLE)
			fail("its endpoint is gone");
		status = is_call || status == ST_CAPSPACE ?
				 ipc_reply_receive(endpoint, (handle_t)reply, &message) :
				 ipc_receive(endpoint, (handle_t)reply, &message);
	}
}
