// SPDX-License-Identifier: MIT
/*
 * Random messages.  Partners are servers, which answer whatever comes, and
 * clients, which call without end, so that receiving and answering have somebody
 * to succeed with.  They are moved, interrupted and killed wherever they are.
 * Who has a message page waits no longer than a moment; who has none waits until
 * it is disturbed.
 */
#include "fuzz.h"

#define MOMENT (MILLISECOND / 2)
#define PATIENT (50 * MILLISECOND) /* a client: it should still be there when it is answered */

struct partner {
	struct uthread thread;
	handle_t reply;
	u64 settings;
	void (*run)(void *argument);
	bool is_running;
};

static void serve(void *argument);
static void call(void *argument);

static struct partner partners[] = {
	{ .run = serve, .settings = THREAD_DEFAULT },
	{ .run = serve, .settings = THREAD_DEFAULT | THREAD_NO_PAGE },
	{ .run = call, .settings = THREAD_DEFAULT },
	{ .run = call, .settings = THREAD_DEFAULT | THREAD_NO_PAGE },
};

/* Two endpoints, and of each a child that is used and now and then replaced. */
static struct channel {
	handle_t root, used;
} to_servers, from_clients;

static handle_t used(struct channel *channel)
{
	return __atomic_load_n(&channel->used, __ATOMIC_RELAXED);
}

/* Whoever waits by the old one learns DEAD. */
static void replace(struct channel *channel)
{
	u64 child = HANDLE_NULL;
	handle_t old;

	if (cap_derive(channel->root, RIGHTS_ALL, 0, &child) != ST_OK)
		return;
	old = __atomic_exchange_n(&channel->used, (handle_t)child, __ATOMIC_RELAXED);
	if (old != HANDLE_NULL)
		(void)cap_delete(old);
}

static void drop_caps(const struct message *message)
{
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		if (message->cap[i] != HANDLE_NULL)
			(void)cap_delete(message->cap[i]);
}

/* ---- partners ---- */

static void answer_nothing(handle_t reply)
{
	struct message message = { 0 };

	(void)ipc_reply(reply, &message);
}

static void serve(void *argument)
{
	struct partner *self = argument;
	struct message message = { .accept = MSG_MAX_CAPS };
	bool is_call = false;

	for (u32 times = 0;; times++) {
		handle_t endpoint = used(&to_servers);
		long status = is_call ? ipc_reply_receive(endpoint, self->reply, &message) :
					ipc_receive(endpoint, self->reply, &message);

		is_call = status == ST_OK && message.call == SYS_ipc_call;
		if (status == ST_OK)
			drop_caps(&message);
		else if (status == ST_BUSY) /* killed before it had answered, and started again */
			answer_nothing(self->reply);
		message = (struct message){ .accept = status == ST_NOSLOTS ? 0 : times % 5 };
	}
}

static void call(void *argument)
{
	struct partner *self = argument;
	bool has_page = !(self->settings & THREAD_NO_PAGE);

	for (u32 i = 0;; i++) {
		struct message message = {
			.words = i % 8, .accept = i % 3, .flags = has_page ? MSG_TIMEOUT : 0,
			.deadline = now() + PATIENT
		};

		long status = ipc_call(used(&from_clients), &message);

		if (status == ST_OK)
			drop_caps(&message);
		/* Somebody waits who cannot be called: let him go. */
		message = (struct message){ .flags = MSG_NONBLOCK };
		if (status == ST_NOREPLY)
			(void)ipc_send(used(&from_clients), &message);
		if (i % 16 == 0)
			sleep_for(MILLISECOND / 10);
	}
}

static void start(struct partner *partner, u64 cpu)
{
	partner->is_running = uthread_start(&partner->thread, partner->run, partner,
					    partner->settings | THREAD_CPU(cpu)) == ST_OK;
}

static void move(struct fuzzer *fuzzer, const struct partner *partner)
{
	(void)thread_set(partner->thread.handle, THREAD_DEFAULT | THREAD_CPU(fuzz_cpu(fuzzer)));
}

void fuzz_ipc_move(struct fuzzer *fuzzer)
{
	for (u32 i = 0; i < ARRAY_SIZE(partners); i++)
		move(fuzzer, &partners[i]);
}

static void disturb(struct fuzzer *fuzzer, struct partner *partner)
{
	switch (fuzz_random(fuzzer) % 4) {
	case 0:
		move(fuzzer, partner);
		break;
	case 1:
		/* By the thread only that starts them again. */
		if (fuzzer->self == startup->thread && fuzz_one_in(fuzzer, 4)) {
			if (partner->is_running)
				uthread_kill(&partner->thread);
			start(partner, fuzz_cpu(fuzzer));
		}
		break;
	default:
		(void)thread_interrupt(partner->thread.handle);
	}
}

void fuzz_ipc_disturb(struct fuzzer *fuzzer)
{
	u64 random = fuzz_random(fuzzer);

	if (random % 16 == 0)
		replace(random & 16 ? &to_servers : &from_clients);
	else
		disturb(fuzzer, &partners[random / 32 % ARRAY_SIZE(partners)]);
}

/* ---- messages ---- */

static handle_t some_endpoint(struct fuzzer *fuzzer, struct channel *channel)
{
	return fuzz_one_in(fuzzer, 8) ? fuzz_some_handle(fuzzer, TYPE_ENDPOINT) : used(channel);
}

/* Seldom one that a partner has on offer, or none. */
static handle_t some_reply(struct fuzzer *fuzzer)
{
	switch (fuzz_random(fuzzer) % 32) {
	case 0:
		return HANDLE_NULL;
	case 1:
		return partners[fuzz_random(fuzzer) % 2].reply;
	case 2:
	case 3:
	case 4:
	case 5:
		return fuzz_some_handle(fuzzer, TYPE_REPLY);
	default:
		return fuzzer->reply;
	}
}

/* For those without a message page a deadline is a mistake. */
static u32 some_flags(struct fuzzer *fuzzer)
{
	u64 random = fuzz_random(fuzzer);

	if (random % 32 == 0)
		return MSG_NONBLOCK | MSG_TIMEOUT;
	if (!fuzzer->thread.page && fuzzer->self != startup->thread && random & 0x300)
		return random & 0x400 ? MSG_NONBLOCK : 0;
	return random % 4 ? MSG_TIMEOUT : MSG_NONBLOCK;
}

/* Now and then more words, capabilities or flags than there may be. */
static void fill(struct fuzzer *fuzzer, struct message *message)
{
	u64 random = fuzz_random(fuzzer);

	*message = (struct message){
		.label = (u32)random,
		.words = (u32)(random >> 32) % (random % 8 ? 64 : 600),
		.caps = (random >> 8) % 8 ? 0 : (u32)((random >> 12) % 6),
		.accept = (u32)((random >> 16) % ((random >> 20) % 8 ? 3 : 8)),
		.flags = some_flags(fuzzer),
		.deadline = now() + MOMENT,
	};
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		message->cap[i] = fuzz_handle(fuzzer, TYPE_NOTIFICATION);
}

static void receive_and_answer(struct fuzzer *fuzzer)
{
	struct message message;
	handle_t reply = some_reply(fuzzer);

	fill(fuzzer, &message);
	fuzzer->issued++;
	if (ipc_receive(some_endpoint(fuzzer, &from_clients), reply, &message) != ST_OK)
		return;
	drop_caps(&message);
	fill(fuzzer, &message);
	if (message.label % 4) {
		message.words %= 8;
		message.caps = 0;
	}
	fuzzer->issued++;
	if (message.label % 8 < 4) {
		if (ipc_reply(some_reply(fuzzer), &message) == ST_OK)
			return;
	} else if (ipc_reply_receive(some_endpoint(fuzzer, &from_clients), some_reply(fuzzer),
				     &message) == ST_OK) {
		drop_caps(&message);
	}
	/* Whoever still waits is not kept waiting: it is wanted for the next round. */
	answer_nothing(reply);
	fuzzer->issued++;
}

void fuzz_ipc(struct fuzzer *fuzzer, u32 times)
{
	struct message message;

	while (times--) {
		fill(fuzzer, &message);
		if (ipc_call(some_endpoint(fuzzer, &to_servers), &message) == ST_OK)
			drop_caps(&message);
		fill(fuzzer, &message);
		(void)ipc_send(some_endpoint(fuzzer, &to_servers), &message);
		fuzzer->issued += 2;
		receive_and_answer(fuzzer);
	}
}

void fuzz_ipc_start(void)
{
	to_servers.root = create(TYPE_ENDPOINT, 0);
	from_clients.root = create(TYPE_ENDPOINT, 0);
	replace(&to_servers);
	replace(&from_clients);
	for (u32 i = 0; i < ARRAY_SIZE(partners); i++) {
		partners[i].reply = create(TYPE_REPLY, 0);
		start(&partners[i], i % cpus_online());
		if (!partners[i].is_running)
			fail("a partner does not start");
	}
}
