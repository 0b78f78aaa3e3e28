// SPDX-License-Identifier: MIT
/*
 * What processes of their own do for the cases.  Machines start the suite's
 * program once more; the simulator starts only the function.
 */
#include "peer.h"

struct role {
	const char *name;
	void (*run)(void);
};

/* Sends back what came, complemented, until the endpoint is gone. */
void echo_run(void *argument)
{
	struct echo *self = argument;
	u64 *page = message_page();
	struct message message = { 0 };
	long status = ipc_receive(self->endpoint, self->reply, &message);

	while (status == ST_OK) {
		for (u32 i = 0; i < MSG_REG_WORDS; i++)
			message.word[i] = ~message.word[i];
		for (u32 i = MSG_REG_WORDS; i < message.words; i++)
			page[i] = ~page[i];
		status = ipc_reply_receive(self->endpoint, self->reply, &message);
	}
}

bool peer_round_trip(handle_t endpoint, u32 words, u64 seed)
{
	struct message message = { .label = words, .words = words };
	u64 *page = message_page();
	bool is_right = true;

	for (u32 i = 0; i < words; i++)
		*(i < MSG_REG_WORDS ? &message.word[i] : &page[i]) = seed * (i + 1);
	if (ipc_call(endpoint, &message) != ST_OK || message.words != words ||
	    message.label != words)
		return false;
	for (u32 i = 0; i < words; i++)
		is_right = is_right &&
			   (i < MSG_REG_WORDS ? message.word[i] : page[i]) == ~(seed * (i + 1));
	return is_right;
}

/* Calls with every length; a last message tells how many answers were wrong. */
void caller_run(void *argument)
{
	struct echo *self = argument;
	struct message message = { .words = 1, .label = MSG_MAX_WORDS + 1 };

	for (u32 words = 0; words <= MSG_MAX_WORDS; words = next_length(words))
		message.word[0] += !peer_round_trip(self->endpoint, words, 0x1234567 + words);
	(void)ipc_send(self->endpoint, &message);
}

static void run_echo(void)
{
	struct echo self = { .endpoint = peer_cap(0), .reply = create(TYPE_REPLY, 0) };

	echo_run(&self);
}

static void run_caller(void)
{
	struct echo self = { .endpoint = peer_cap(0) };

	caller_run(&self);
}

/* Takes one call and never answers. */
static void run_taker(void)
{
	struct message message = { 0 };

	(void)ipc_receive(peer_cap(0), create(TYPE_REPLY, 0), &message);
	(void)notify_signal(peer_cap(1), 1);
	(void)thread_sleep(TIME_NEVER);
}

/* The same, but it ends by itself. */
static void run_quitter(void)
{
	struct message message = { 0 };

	(void)ipc_receive(peer_cap(0), create(TYPE_REPLY, 0), &message);
}

/* Calls once; whoever does not answer keeps it for ever. */
static void run_client(void)
{
	struct message message = { 0 };

	(void)ipc_call(peer_cap(0), &message);
}

/* Uses the capability that a message brings: signals, and answers with what came of it. */
static void run_user(void)
{
	struct message message = { .accept = 1 };
	handle_t reply = create(TYPE_REPLY, 0);

	while (ipc_receive(peer_cap(0), reply, &message) == ST_OK) {
		message.word[0] = (u64)notify_signal(message.cap[0], 0x30);
		message.words = 1;
		message.caps = 0;
		message.accept = 1;
		(void)ipc_reply(reply, &message);
	}
}

static const struct role roles[] = {
	{ "echo", run_echo },	{ "caller", run_caller }, { "taker", run_taker },
	{ "quitter", run_quitter }, { "client", run_client }, { "user", run_user },
};

bool peer_run(const char *role)
{
	for (u32 i = 0; i < ARRAY_SIZE(roles); i++)
		if (!strcmp(role, roles[i].name)) {
			roles[i].run();
			return true;
		}
	return false;
}
