// SPDX-License-Identifier: MIT
/*
 * Endpoints: messages of every length between all kinds of partners, rights,
 * order, badges, the bound notification, refusals.
 */
#include "blocked.h"
#include "peer.h"

/* ---- lengths ---- */

static void test_lengths(u64 cpu, u64 priority)
{
	struct echo server = {
		.endpoint = create(TYPE_ENDPOINT, 0), .reply = create(TYPE_REPLY, 0)
	};
	u32 wrong = 0;

	must(uthread_start(&server.thread, echo_run, &server,
			   THREAD_CPU(cpu) | THREAD_PRIORITY(priority)),
	     "uthread_start");
	for (u32 words = 0; words <= MSG_MAX_WORDS; words = next_length(words))
		wrong += !peer_round_trip(server.endpoint, words, random_bits() | 1);
	same(wrong, 0,
	     "calls and replies of 0 to 512 words arrive unchanged, server on CPU %lu at "
	     "priority %lu", cpu, priority);
	(void)cap_destroy(server.endpoint);
	WANT(uthread_join(&server.thread, PATIENCE), ST_OK);
	(void)cap_delete(server.reply);
}

/* The same with a process of its own. */
static void test_lengths_apart(u64 cpu, u64 priority)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0);
	struct child child;
	u32 wrong = 0;

	peer_start("echo", endpoint, HANDLE_NULL, THREAD_CPU(cpu) | THREAD_PRIORITY(priority),
		   &child);
	for (u32 words = 0; words <= MSG_MAX_WORDS; words = next_length(words))
		wrong += !peer_round_trip(endpoint, words, random_bits() | 1);
	same(wrong, 0, "and in another address space, server on CPU %lu at priority %lu", cpu,
	     priority);
	(void)cap_destroy(endpoint);
	WANT(program_wait(child.process, PATIENCE), ST_OK);
	child_free(&child);
}

/* Take what comes one by one, each only when its sender waits already. */
static void test_sender_first(u64 cpu, u64 priority, bool is_apart)
{
	struct echo caller = { .endpoint = create(TYPE_ENDPOINT, 0) };
	handle_t reply = create(TYPE_REPLY, 0);
	u64 settings = THREAD_CPU(cpu) | THREAD_PRIORITY(priority), *page = message_page();
	struct message message = { 0 };
	struct child child = { 0 };

	if (is_apart)
		peer_start("caller", caller.endpoint, HANDLE_NULL, settings, &child);
	else
		must(uthread_start(&caller.thread, caller_run, &caller, settings), "uthread_start");
	do {
		(void)await_state(is_apart ? child.thread : caller.thread.handle,
				  THREAD_STATE_BLOCKED);
		must(ipc_receive(caller.endpoint, reply, &message), "ipc_receive");
		if (message.call != SYS_ipc_call)
			break;
		for (u32 i = 0; i < message.words; i++)
			*(i < MSG_REG_WORDS ? &message.word[i] : &page[i]) ^= ~0UL;
	} while (ipc_reply(reply, &message) == ST_OK);
	same(message.word[0], 0,
	     "sender first: all lengths arrive and are answered, from CPU %lu at priority %lu, "
	     "%s address space", cpu, priority, is_apart ? "another" : "the same");
	if (is_apart)
		child_free(&child);
	else
		must(uthread_join(&caller.thread, PATIENCE), "uthread_join");
	(void)cap_delete(caller.endpoint);
	(void)cap_delete(reply);
}

/* What the message does not have is not touched. */
static void test_beyond_length(void)
{
	struct blocked sender;
	struct message message = { .words = 10 };
	u64 *page = message_page(), touched = 0;
	handle_t endpoint = create(TYPE_ENDPOINT, 0);

	for (u32 i = MSG_REG_WORDS; i < MSG_MAX_WORDS; i++)
		page[i] = 0x5eed0000 + i;
	blocked_at(&sender, OP_SEND, endpoint, THREAD_DEFAULT, &message);
	must(ipc_receive(endpoint, HANDLE_NULL, &message), "ipc_receive");
	for (u32 i = message.words; i < MSG_MAX_WORDS; i++)
		touched += page[i] != 0x5eed0000 + i;
	same(touched, 0, "a message of 10 words changes no further word of the message page");
	same(message.words, 10, "and its length is told");
	blocked_free(&sender);
	(void)cap_delete(endpoint);
}

/* ---- rights ---- */

/* Bit i: the i-th way of using an endpoint is allowed. */
static u32 allowed(handle_t endpoint, handle_t reply)
{
	struct message empty = { .flags = MSG_NONBLOCK }, message = empty;
	struct message full = { .flags = MSG_NONBLOCK, .caps = 1, .cap = { startup->self } };
	/* Not this process: somebody may handle its faults. */
	handle_t process = create(TYPE_PROCESS, 0);
	u32 ways = 0;

	ways |= (ipc_send(endpoint, &message) == ST_WOULDBLOCK) << 0;
	message = empty;
	ways |= (ipc_call(endpoint, &message) == ST_WOULDBLOCK) << 1;
	message = empty;
	ways |= (ipc_receive(endpoint, reply, &message) == ST_WOULDBLOCK) << 2;
	message = empty;
	ways |= (ipc_reply_receive(endpoint, reply, &message) == ST_CALLER_GONE) << 3;
	message = full;
	ways |= (ipc_send(endpoint, &message) == ST_WOULDBLOCK) << 4;
	message = full;
	ways |= (ipc_call(endpoint, &message) == ST_WOULDBLOCK) << 5;
	ways |= (process_set_fault(process, endpoint) == ST_OK) << 6;
	(void)process_set_fault(process, HANDLE_NULL);
	(void)cap_destroy(process);
	return ways;
}

static u32 expected(u32 rights)
{
	bool sends = rights & RIGHT_SEND, calls = rights & RIGHT_CALL;
	bool receives = rights & RIGHT_RECEIVE, grants = rights & RIGHT_GRANT;

	return (u32)sends | (u32)calls << 1 | (u32)receives << 2 | (u32)receives << 3 |
	       (u32)(sends && grants) << 4 | (u32)(calls && grants) << 5 | (u32)calls << 6;
}

static void test_rights(handle_t endpoint, handle_t reply)
{
	for (u32 mask = 0; mask < 16; mask++) {
		u32 rights = mask << 4;
		handle_t child = weaker(endpoint, rights);

		same(allowed(child, reply), expected(rights),
		     "rights%s%s%s%s%s allow what they say", rights & RIGHT_SEND ? " SEND" : "",
		     rights & RIGHT_CALL ? " CALL" : "", rights & RIGHT_RECEIVE ? " RECEIVE" : "",
		     rights & RIGHT_GRANT ? " GRANT" : "", rights ? "" : " none");
		(void)cap_delete(child);
	}
}

/* ---- refusals ---- */

static void test_non_blocking(handle_t endpoint, handle_t reply)
{
	struct message message = { .flags = MSG_NONBLOCK };

	WANT(ipc_call(endpoint, &message), ST_WOULDBLOCK);
	WANT(ipc_send(endpoint, &message), ST_WOULDBLOCK);
	WANT(ipc_receive(endpoint, reply, &message), ST_WOULDBLOCK);
	WANT(ipc_reply(reply, &message), ST_CALLER_GONE);
	WANT(ipc_reply_receive(endpoint, reply, &message), ST_CALLER_GONE);
}

static void test_tags(handle_t endpoint, handle_t reply)
{
	static const u64 bad[] = {
		513UL << MSG_WORDS_SHIFT, 5UL << MSG_CAPS_SHIFT, 5UL << MSG_ACCEPT_SHIFT,
		1UL << 30, 1UL << 31, MSG_NONBLOCK | MSG_TIMEOUT,
	};
	u64 both = endpoint | (u64)reply << 32;
	struct message message = { 0 };
	u32 refused = 0;

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		refused += ipc_raw(SYS_ipc_call | bad[i], endpoint, &message) == ST_INVALID;
	same(refused, ARRAY_SIZE(bad), "ipc_call refuses every tag field out of range");
	WANT(ipc_raw(SYS_ipc_send | 513UL << MSG_WORDS_SHIFT, endpoint, &message), ST_INVALID);
	WANT(ipc_raw(SYS_ipc_receive | MSG_RESERVED, both, &message), ST_INVALID);
	gave(ipc_raw(SYS_ipc_receive | MSG_RESERVED, (u32)both | (u64)NOBODY << 32, &message),
	     ST_BADHANDLE,
	     "both handles are refused before the tag is");
	WANT(ipc_raw(SYS_ipc_reply | 513UL << MSG_WORDS_SHIFT, reply, &message), ST_INVALID);
}

/* Five refusals of a thread that has no message page; it reports how many came. */
struct pageless {
	struct uthread thread;
	handle_t endpoint, reply;
	u32 refused;
};

static void without_page(void *argument)
{
	struct pageless *self = argument;
	struct message message = { 0 };
	u64 both = self->endpoint | (u64)self->reply << 32;
	u64 nine = 9UL << MSG_WORDS_SHIFT;

	self->refused += ipc_raw(SYS_ipc_reply_receive | nine, both, &message) == ST_TOOLONG;
	self->refused += ipc_raw(SYS_ipc_call | nine, self->endpoint, &message) == ST_TOOLONG;
	self->refused += ipc_raw(SYS_ipc_send | nine, self->endpoint, &message) == ST_TOOLONG;
	self->refused += ipc_raw(SYS_ipc_receive | MSG_TIMEOUT, both, &message) == ST_TOOLONG;
	self->refused += ipc_raw(SYS_ipc_reply | nine, self->reply, &message) == ST_TOOLONG;
}

static void test_pageless(handle_t endpoint, handle_t reply)
{
	struct pageless pageless = { .endpoint = endpoint, .reply = reply };

	must(uthread_start(&pageless.thread, without_page, &pageless,
			   THREAD_DEFAULT | THREAD_NO_PAGE), "uthread_start");
	must(uthread_join(&pageless.thread, PATIENCE), "uthread_join");
	same(pageless.refused, 5,
	     "without a message page: TOOLONG for length or deadline, five calls");
}

/* ---- order and badges ---- */

static void test_order(void)
{
	struct blocked low, high;
	struct message message = { 0 };
	u64 low_child, high_child;

	blocked_start(&low, OP_SEND);
	blocked_start(&high, OP_SEND);
	(void)blocked_stop(&low);
	(void)blocked_stop(&high);
	must(cap_derive(low.object, RIGHTS_ALL, 11, &low_child), "cap_derive");
	must(cap_derive(low.object, RIGHTS_ALL, 22, &high_child), "cap_derive");
	low.target = (handle_t)low_child;
	high.target = (handle_t)high_child;
	low.settings = THREAD_PRIORITY(20);
	high.settings = THREAD_PRIORITY(40);
	blocked_again(&low);
	blocked_again(&high);
	must(ipc_receive(low.object, HANDLE_NULL, &message), "ipc_receive");
	same(message.badge, 22, "of two senders the one of higher priority comes first");
	must(ipc_receive(low.object, HANDLE_NULL, &message), "ipc_receive");
	same(message.badge, 11, "each with its own badge");
	same(message.call, SYS_ipc_send, "the receiver sees that it was a send");
	blocked_free(&high);
	blocked_free(&low);
}

#define QUEUE 9

/* In the order in which they come, and the order in which senders are served. */
static const u8 priorities[QUEUE] = { 20, 40, 30, 40, 20, 30, 20, 40, 30 };
static const u8 turns[QUEUE] = { 1, 3, 7, 2, 5, 8, 0, 4, 6 };

/* Return: who was served, QUEUE if it cannot be told. */
static u32 serve_one(enum op op, handle_t endpoint, struct blocked *waiter)
{
	struct message message = { .label = 1 };

	if (op == OP_SEND) {
		must(ipc_receive(endpoint, HANDLE_NULL, &message), "ipc_receive");
		return (u32)message.label - 70;
	}
	must(ipc_send(endpoint, &message), "ipc_send");
	for (u64 end = now() + PATIENCE; now() < end; sleep_for(MILLISECOND / 5))
		for (u32 i = 0; i < QUEUE; i++)
			if (__atomic_load_n(&waiter[i].status, __ATOMIC_ACQUIRE) == ST_OK &&
			    !waiter[i].is_taken) {
				waiter[i].is_taken = true;
				return i;
			}
	return QUEUE;
}

/*
 * Three priorities, three of each, on all CPUs.  Senders: the highest first, equals as they
 * came; what counts is the priority with which they came.  Receivers: as they came.
 */
static void test_fifo(enum op op)
{
	static struct blocked waiter[QUEUE];
	handle_t endpoint = create(TYPE_ENDPOINT, 0);
	u64 order = 0, wanted = 0;

	for (u32 i = 0; i < QUEUE; i++)
		blocked_at(&waiter[i], op, endpoint,
			   THREAD_PRIORITY(priorities[i]) | THREAD_CPU(i % cpus_online()),
			   &(struct message){ .label = 70 + i });
	WANT(thread_set(waiter[QUEUE - 1].thread.handle, THREAD_PRIORITY(60)), ST_OK);
	sleep_for(MILLISECOND);
	/* One digit each. */
	for (u32 i = 0; i < QUEUE; i++) {
		order = order << 4 | serve_one(op, endpoint, waiter);
		wanted = wanted << 4 | (op == OP_SEND ? turns[i] : i);
	}
	same(order, wanted, "nine %s, as they came",
	     op == OP_SEND ? "senders of three priorities: the highest first, equals" :
			     "receivers of three priorities");
	for (u32 i = 0; i < QUEUE; i++)
		blocked_free(&waiter[i]);
	(void)cap_delete(endpoint);
}

static void test_badge(void)
{
	static const u64 badges[] = { 1, 0x8000000000000000UL, 0x123456789abcdefUL, ~0UL };
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);

	for (u32 i = 0; i < ARRAY_SIZE(badges); i++) {
		struct blocked caller;
		struct message message = { 0 };
		u64 child;

		must(cap_derive(endpoint, RIGHTS_ALL, badges[i], &child), "cap_derive");
		/* Used through a child of its own. */
		blocked_at(&caller, i % 2 ? OP_CALL : OP_SEND, weaker((handle_t)child, RIGHTS_ALL),
			   THREAD_DEFAULT, NULL);
		must(ipc_receive(endpoint, reply, &message), "ipc_receive");
		same(message.badge, badges[i], "badge %#lx is delivered by %s", badges[i],
		     i % 2 ? "ipc_call" : "ipc_send");
		if (i % 2)
			(void)ipc_reply(reply, &message);
		blocked_free(&caller);
		(void)cap_delete((handle_t)child);
	}
	(void)cap_delete(endpoint);
	(void)cap_delete(reply);
}

/* The bits come while the thread waits for a message already; a message after the bits. */
static void test_bound_waiting(void)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0);
	struct blocked receiver;
	struct message message = { .label = 9 };
	u64 taken;

	blocked_start(&receiver, OP_RECEIVE);
	WANT(notify_bind(receiver.thread.handle, bits), ST_OK);
	WANT(notify_signal(bits, 0x60), ST_OK);
	must(uthread_join(&receiver.thread, PATIENCE), "uthread_join");
	receiver.thread.handle = HANDLE_NULL;
	check(receiver.status == ST_OK && receiver.message.call == MSG_FROM_NOTIFICATION &&
		      receiver.message.badge == 0x60,
	      "a waiting receive takes the bits of the bound notification (%s, %#lx)",
	      status_name(receiver.status), receiver.message.badge);
	WANT(notify_poll(bits, &taken), ST_WOULDBLOCK);
	receiver.message = (struct message){ 0 };
	blocked_again(&receiver);
	WANT(ipc_send(receiver.object, &message), ST_OK);
	same((u64)blocked_ends(&receiver), ST_OK, "and messages still arrive");
	same(receiver.message.label, 9, "with their label");
	blocked_free(&receiver);
	(void)cap_delete(bits);
}

/* A sender and bits at once: both are received, none lost; a call is not disturbed by bits. */
static void test_bound_both(void)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0);
	struct blocked sender, caller;
	struct message message = { 0 };
	u32 kinds = 0;
	u64 taken = 0;

	blocked_start(&sender, OP_SEND);
	must(notify_bind(startup->thread, bits), "notify_bind");
	(void)notify_signal(bits, 0x70);
	for (u32 i = 0; i < 2; i++) {
		must(ipc_receive(sender.object, HANDLE_NULL, &message), "ipc_receive");
		kinds |= message.call == MSG_FROM_NOTIFICATION ? 1 : 2;
	}
	same(kinds, 3, "bits and a message that are both there are both received");
	must(notify_bind(startup->thread, HANDLE_NULL), "notify_bind");
	blocked_free(&sender);
	blocked_start(&caller, OP_CALL);
	must(notify_bind(caller.thread.handle, bits), "notify_bind");
	(void)notify_signal(bits, 0x80);
	blocked_take(&caller);
	message = (struct message){ .label = 3 };
	WANT(ipc_reply(caller.reply, &message), ST_OK);
	gave(blocked_ends(&caller), ST_OK, "a call is not ended by bits of a bound notification");
	WANT(notify_poll(bits, &taken), ST_OK);
	same(taken, 0x80, "which are still there");
	blocked_free(&caller);
	(void)cap_delete(bits);
}

static struct served {
	struct uthread thread;
	handle_t endpoint, reply, bits;
	long status;
	struct message message;
} served;

/* Answers one call; while it works, bits come. */
static void serve_once(void *argument)
{
	struct served *self = argument;

	must(ipc_receive(self->endpoint, self->reply, &self->message), "ipc_receive");
	(void)notify_signal(self->bits, 0x90);
	self->message = (struct message){ 0 };
	self->status = ipc_reply_receive(self->endpoint, self->reply, &self->message);
}

/* The short way of an answer may not leave bits behind that have come before. */
static void test_bound_serving(void)
{
	struct message message = { 0 };

	served = (struct served){ .endpoint = create(TYPE_ENDPOINT, 0),
				  .reply = create(TYPE_REPLY, 0),
				  .bits = create(TYPE_NOTIFICATION, 0) };
	must(uthread_start(&served.thread, serve_once, &served, THREAD_DEFAULT), "uthread_start");
	must(notify_bind(served.thread.handle, served.bits), "notify_bind");
	WANT(ipc_call(served.endpoint, &message), ST_OK);
	same((u64)uthread_join(&served.thread, PATIENCE), ST_OK,
	     "bits that come while a call is answered end the receive behind the answer");
	check(served.status == ST_OK && served.message.call == MSG_FROM_NOTIFICATION &&
		      served.message.badge == 0x90, "they are in it (%s, %#lx)",
	      status_name(served.status), served.message.badge);
	(void)cap_destroy(served.endpoint);
	(void)cap_delete(served.reply);
	(void)cap_delete(served.bits);
}

/* ---- no message page ---- */

static void test_too_long(void)
{
	struct blocked receiver;
	struct message message = { .words = 9 };
	handle_t endpoint = create(TYPE_ENDPOINT, 0);

	blocked_at(&receiver, OP_RECEIVE, endpoint, THREAD_DEFAULT | THREAD_NO_PAGE, NULL);
	WANT(ipc_send(endpoint, &message), ST_TOOLONG);
	same(state_before_long(receiver.thread.handle, THREAD_STATE_BLOCKED), THREAD_STATE_BLOCKED,
	     "nine words for a receiver without a page: it still waits");
	message = (struct message){ .words = 8, .word = { [7] = 77 } };
	WANT(ipc_send(endpoint, &message), ST_OK);
	gave(blocked_ends(&receiver), ST_OK, "and gets the next message");
	same(receiver.message.word[7], 77, "of eight words");
	blocked_free(&receiver);
	(void)cap_delete(endpoint);
}

static void test_bound(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), bits = create(TYPE_NOTIFICATION, 0);
	struct message message = { 0 };

	must(notify_bind(startup->thread, bits), "notify_bind");
	(void)notify_signal(bits, 0x50);
	WANT(ipc_receive(endpoint, HANDLE_NULL, &message), ST_OK);
	check(message.call == MSG_FROM_NOTIFICATION && message.badge == 0x50,
	      "a receive takes the bits of the bound notification (kind %u, %#lx)", message.call,
	      message.badge);
	WANT(notify_bind(startup->thread, HANDLE_NULL), ST_OK);
	(void)cap_delete(bits);
	(void)cap_delete(endpoint);
}

static void test_apart(void)
{
	u64 last = cpus_online() - 1;

	test_lengths_apart(0, 32);
	test_lengths_apart(last, 20);
	test_lengths_apart(last, 40);
	test_sender_first(0, 40, false);
	test_sender_first(last, 32, false);
	test_sender_first(0, 20, true);
	test_sender_first(last, 40, true);
}

void test_endpoint(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);

	test_lengths(0, 32);
	test_lengths(cpus_online() - 1, 20);
	test_lengths(0, 40);
	test_apart();
	test_beyond_length();
	test_rights(endpoint, reply);
	test_non_blocking(endpoint, reply);
	test_tags(endpoint, reply);
	test_pageless(endpoint, reply);
	test_too_long();
	test_order();
	test_fifo(OP_SEND);
	test_fifo(OP_RECEIVE);
	test_badge();
	test_bound();
	test_bound_waiting();
	test_bound_both();
	test_bound_serving();
	(void)cap_delete(endpoint);
	(void)cap_delete(reply);
}
