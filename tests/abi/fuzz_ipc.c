// SPDX-License-Identifier: MIT
/*
 * Random messages.  A server thread answers whatever comes; a client thread
 * calls without end, so that receiving and answering have somebody to succeed
 * with.  Nothing here waits longer than a moment.
 */
#include "fuzz.h"

#define MOMENT (2 * MILLISECOND)
#define PATIENT (50 * MILLISECOND) /* the client: it should still be there when it is answered */

static struct {
	struct uthread server, client;
	handle_t served, server_reply; /* the server's */
	handle_t endpoint, reply;      /* ours, called by the client */
} ipc;

static void drop_caps(const struct message *message)
{
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		if (message->cap[i] != HANDLE_NULL)
			(void)cap_delete(message->cap[i]);
}

static void serve(void *argument)
{
	struct message message = { .accept = MSG_MAX_CAPS };
	bool is_call = false;

	(void)argument;
	for (;;) {
		long status = is_call ? ipc_reply_receive(ipc.served, ipc.server_reply, &message) :
					ipc_receive(ipc.served, ipc.server_reply, &message);

		is_call = status == ST_OK && message.call == SYS_ipc_call;
		if (status == ST_OK)
			drop_caps(&message);
		message = (struct message){ .accept = MSG_MAX_CAPS };
	}
}

static void call(void *argument)
{
	(void)argument;
	for (;;) {
		struct message message = {
			.words = 3, .accept = 1, .flags = MSG_TIMEOUT, .deadline = now() + PATIENT
		};

		if (ipc_call(ipc.endpoint, &message) == ST_OK)
			drop_caps(&message);
	}
}

static handle_t endpoint(u64 right)
{
	return fuzz_random() % 8 ? (handle_t)right : fuzz_handle(TYPE_ENDPOINT);
}

/* Now and then more words, capabilities or flags than there may be. */
static void fill(struct message *message)
{
	u64 random = fuzz_random();

	*message = (struct message){
		.label = (u32)random,
		.words = (u32)(random >> 32) % (random % 8 ? 64 : 600),
		.caps = (random >> 8) % 8 ? 0 : (u32)((random >> 12) % 6),
		.accept = (u32)((random >> 16) % ((random >> 20) % 8 ? 3 : 8)),
		.flags = (random >> 24) % 4 ? MSG_TIMEOUT : MSG_NONBLOCK,
		.deadline = now() + MOMENT,
	};
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		message->cap[i] = fuzz_handle(TYPE_NOTIFICATION);
}

/* Return: how many calls. */
static u32 receive_and_answer(void)
{
	struct message message;

	fill(&message);
	message.accept %= 3;
	if (ipc_receive(endpoint(ipc.endpoint), ipc.reply, &message) != ST_OK)
		return 1;
	drop_caps(&message);
	fill(&message);
	if (message.label % 4) {
		message.words %= 16;
		message.caps = 0;
	}
	if (message.label % 8 < 6) {
		if (ipc_reply(ipc.reply, &message) == ST_OK)
			return 2;
	} else if (ipc_reply_receive(ipc.endpoint, ipc.reply, &message) == ST_OK) {
		drop_caps(&message);
	}
	/* Whoever still waits is not kept waiting: it is wanted for the next round. */
	message = (struct message){ 0 };
	(void)ipc_reply(ipc.reply, &message);
	return 3;
}

u32 fuzz_ipc(u32 times)
{
	struct message message;
	u32 issued = 0;

	while (times--) {
		fill(&message);
		if (ipc_call(endpoint(ipc.served), &message) == ST_OK)
			drop_caps(&message);
		fill(&message);
		(void)ipc_send(endpoint(ipc.served), &message);
		issued += 2 + receive_and_answer();
	}
	return issued;
}

void fuzz_ipc_start(void)
{
	ipc.served = create(TYPE_ENDPOINT, 0);
	ipc.server_reply = create(TYPE_REPLY, 0);
	ipc.endpoint = create(TYPE_ENDPOINT, 0);
	ipc.reply = create(TYPE_REPLY, 0);
	must(uthread_start(&ipc.server, serve, NULL, THREAD_DEFAULT), "uthread_start");
	must(uthread_start(&ipc.client, call, NULL, THREAD_DEFAULT), "uthread_start");
}
