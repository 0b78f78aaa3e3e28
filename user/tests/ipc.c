// SPDX-License-Identifier: MIT
/*
 * Messages: lengths, capabilities, every way a wait ends, order, refusals.
 */
#include "test.h"
#include "blocked.h"

/* ---- lengths ---- */

struct echo {
	struct uthread thread;
	handle_t endpoint, reply;
};

/* Sends back what came, complemented, until the endpoint is gone. */
static void echo(void *argument)
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

static bool round_trip(handle_t endpoint, u32 words, u64 seed)
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

static void test_lengths(u64 cpu, u64 priority)
{
	struct echo server = {
		.endpoint = create(TYPE_ENDPOINT, 0), .reply = create(TYPE_REPLY, 0)
	};
	u32 right = 0;

	must(uthread_start(&server.thread, echo, &server,
			   THREAD_CPU(cpu) | THREAD_PRIORITY(priority)),
	     "uthread_start");
	for (u32 words = 0; words <= MSG_MAX_WORDS; words++)
		right += round_trip(server.endpoint, words, random_bits() | 1);
	check(right == MSG_MAX_WORDS + 1,
	      "calls and replies of 0 to 512 words arrive unchanged, server on CPU %lu at priority "
	      "%lu",
	      cpu, priority);
	(void)cap_destroy(server.endpoint);
	WANT(uthread_join(&server.thread, PATIENCE), ST_OK);
	(void)cap_delete(server.reply);
}

/* ---- the ends of a wait ---- */

static const char *const op_names[] = {
	"ipc_call", "ipc_send", "ipc_receive", "ipc_reply_receive", "notify_wait", "thread_sleep",
};

static void ended(enum op op, enum act act, long wanted, const char *how)
{
	long status = blocked_run(op, act);

	if (status == wanted)
		check(true, "waiting in %s, %s: %s", op_names[op], how, status_name(wanted));
	else
		check(false, "waiting in %s, %s: %s # it was %s", op_names[op], how,
		      status_name(wanted), status_name(status));
}

static void test_waits(void)
{
	for (enum op op = OP_CALL; op <= OP_SLEEP; op++)
		ended(op, ACT_INTERRUPT, ST_INTERRUPTED, "interrupted");
	for (enum op op = OP_CALL; op <= OP_WAIT; op++) {
		ended(op, ACT_DESTROY, ST_DEAD, "its object destroyed");
		ended(op, ACT_REVOKE, ST_DEAD, "its capability revoked");
		ended(op, ACT_TIMEOUT, ST_TIMEDOUT, "until the deadline");
	}
	ended(OP_CALL, ACT_REPLY_LOST, ST_DEAD, "taken, then its reply object destroyed");
	ended(OP_CALL, ACT_TAKEN_INTERRUPT, ST_INTERRUPTED, "taken, then interrupted");
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
	check(refused == ARRAY_SIZE(bad), "ipc_call refuses every tag field out of range");
	WANT(ipc_raw(SYS_ipc_send | 513UL << MSG_WORDS_SHIFT, endpoint, &message), ST_INVALID);
	WANT(ipc_raw(SYS_ipc_receive | MSG_RESERVED, both, &message), ST_INVALID);
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
	check(pageless.refused == 5,
	      "without a message page: TOOLONG for length or deadline, five calls");
}

/* ---- capabilities in messages ---- */

static void test_transfer(void)
{
	struct blocked blocked;
	struct message message = { .accept = 1 };
	handle_t memory = create(TYPE_MEMORY, 1);
	u64 info = 0, badge = 0;

	blocked_start(&blocked, OP_CALL);
	/* Sent by the other thread: one capability lent. */
	(void)blocked_stop(&blocked);
	blocked.message = (struct message){ .caps = 1, .cap = { memory } };
	blocked_again(&blocked);
	must(ipc_receive(blocked.object, blocked.reply, &message), "ipc_receive");
	check(message.caps == 1 && cap_inspect(message.cap[0], &info, &badge) == ST_OK &&
	      CAP_INFO_TYPE(info) == TYPE_MEMORY, "a lent capability arrives");
	message.caps = 1;
	WANT(ipc_reply(blocked.reply, &message), ST_CAPSPACE);
	message.caps = 0;
	WANT(ipc_reply(blocked.reply, &message), ST_OK);
	(void)blocked_stop(&blocked);
	must(cap_revoke(memory), "cap_revoke");
	check(cap_inspect(message.cap[0], &info, &badge) == ST_BADHANDLE || !message.cap[0],
	      "revoking the lender's capability takes the lent one back");
	blocked_free(&blocked);
	(void)cap_delete(memory);
}

static void test_no_reply(void)
{
	struct blocked receiver;
	struct message message = { 0 };
	handle_t no_grant;

	blocked_start(&receiver, OP_RECEIVE);
	WANT(ipc_call(receiver.object, &message), ST_NOREPLY);
	message = (struct message){ .caps = 1, .cap = { startup->self } };
	WANT(ipc_send(receiver.object, &message), ST_CAPSPACE);
	WANT(ipc_call(receiver.object, &message), ST_NOREPLY);
	no_grant = weaker(receiver.object, RIGHT_SEND | RIGHT_CALL);
	WANT(ipc_send(no_grant, &message), ST_NORIGHTS);
	WANT(ipc_call(no_grant, &message), ST_NORIGHTS);
	(void)cap_delete(no_grant);
	blocked_free(&receiver);
	blocked_start(&receiver, OP_REPLY_RECEIVE);
	WANT(ipc_call(receiver.object, &message), ST_CAPSPACE);
	blocked_free(&receiver);
}

static void test_reply_receive_handles(handle_t endpoint, handle_t reply)
{
	struct message message = { 0 };
	handle_t deaf = weaker(endpoint, RIGHT_SEND);

	WANT(ipc_reply_receive(NOBODY, reply, &message), ST_BADHANDLE);
	WANT(ipc_reply_receive(reply, reply, &message), ST_BADTYPE);
	WANT(ipc_reply_receive(deaf, reply, &message), ST_NORIGHTS);
	WANT(ipc_reply_receive(endpoint, NOBODY, &message), ST_BADHANDLE);
	WANT(ipc_reply_receive(endpoint, endpoint, &message), ST_BADTYPE);
	(void)cap_delete(deaf);
}

static void test_reply_receive_errors(void)
{
	struct blocked caller;
	struct message message = { 0 };
	u64 both;

	blocked_start(&caller, OP_CALL);
	must(ipc_receive(caller.object, caller.reply, &message), "ipc_receive");
	both = caller.object | (u64)caller.reply << 32;
	WANT(ipc_receive(caller.object, caller.reply, &message), ST_BUSY);
	WANT(ipc_raw(SYS_ipc_reply_receive | MSG_RESERVED, both, &message), ST_INVALID);
	message = (struct message){ .caps = 1, .cap = { startup->self } };
	WANT(ipc_reply_receive(caller.object, caller.reply, &message), ST_CAPSPACE);
	message = (struct message){ .flags = MSG_NONBLOCK };
	WANT(ipc_reply_receive(caller.object, caller.reply, &message), ST_WOULDBLOCK);
	check(blocked_stop(&caller) == ST_OK, "the caller was answered");
	WANT(ipc_reply_receive(caller.object, caller.reply, &message), ST_CALLER_GONE);
	blocked_free(&caller);
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
	check(message.badge == 22, "of two senders the one of higher priority comes first");
	must(ipc_receive(low.object, HANDLE_NULL, &message), "ipc_receive");
	check(message.badge == 11, "each with its own badge");
	check(message.call == SYS_ipc_send, "the receiver sees that it was a send");
	blocked_free(&high);
	blocked_free(&low);
}

static void test_bound(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), bits = create(TYPE_NOTIFICATION, 0);
	struct message message = { 0 };

	must(notify_bind(startup->thread, bits), "notify_bind");
	(void)notify_signal(bits, 0x50);
	WANT(ipc_receive(endpoint, HANDLE_NULL, &message), ST_OK);
	check(message.call == MSG_FROM_NOTIFICATION && message.badge == 0x50,
	      "a receive takes the bits of the bound notification");
	WANT(notify_bind(startup->thread, HANDLE_NULL), ST_OK);
	(void)cap_delete(bits);
	(void)cap_delete(endpoint);
}

void test_ipc(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);

	test_lengths(0, 32);
	test_lengths(cpus_online() - 1, 20);
	test_lengths(0, 40);
	test_waits();
	test_non_blocking(endpoint, reply);
	test_tags(endpoint, reply);
	test_pageless(endpoint, reply);
	test_reply_receive_handles(endpoint, reply);
	test_transfer();
	test_no_reply();
	test_reply_receive_errors();
	test_order();
	test_bound();
	(void)cap_delete(endpoint);
	(void)cap_delete(reply);
}
