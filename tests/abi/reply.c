// SPDX-License-Identifier: MIT
/*
 * Reply objects: one call each, answered once, whatever becomes of the caller.
 */
#include "blocked.h"
#include "test.h"

/* A few rounds in the simulator: what one run does not meet another one does. */
#ifdef CONFIG_HOST
#define RIVAL_ROUNDS 20UL
#define RIVAL_MUST_WIN false
#else
#define RIVAL_ROUNDS ~0UL
#define RIVAL_MUST_WIN true
#endif

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
	gave(blocked_ends(&caller), ST_OK, "the caller was answered");
	WANT(ipc_reply_receive(caller.object, caller.reply, &message), ST_CALLER_GONE);
	blocked_free(&caller);
}

/* Its caller is gone in some way: the answer is refused, and the object is good for the next call. */
static void test_caller_gone(enum act act)
{
	struct blocked caller;
	struct message message = { .flags = MSG_NONBLOCK };

	blocked_start(&caller, OP_CALL);
	blocked_take(&caller);
	if (act == ACT_DESTROY)
		uthread_kill(&caller.thread);
	else
		(void)thread_interrupt(caller.thread.handle);
	if (act == ACT_DESTROY)
		caller.thread.handle = HANDLE_NULL;
	else
		gave(blocked_stop(&caller), ST_INTERRUPTED, "a caller that is answered no more");
	gave(ipc_reply(caller.reply, &message), ST_CALLER_GONE, "an answer after the caller %s",
	     act == ACT_DESTROY ? "died" : "was interrupted");
	gave(ipc_reply_receive(caller.object, caller.reply, &message), ST_CALLER_GONE,
	     "the same with ipc_reply_receive");
	blocked_again(&caller);
	blocked_take(&caller);
	WANT(ipc_reply(caller.reply, &message), ST_OK);
	gave(blocked_ends(&caller), ST_OK, "the next caller is answered");
	WANT(ipc_reply(caller.reply, &message), ST_CALLER_GONE);
	blocked_free(&caller);
}

/* From then on it answers nobody, whether or not the kernel has begun to take it apart. */
static void test_destroyed(void)
{
	struct blocked caller;
	struct message message = { 0 };
	long destroyed, answered;

	blocked_start(&caller, OP_CALL);
	blocked_take(&caller);
	/* At once: the kernel goes on with it when nobody else wants to run. */
	destroyed = cap_destroy(caller.reply);
	answered = ipc_reply_receive(caller.object, caller.reply, &message);
	want(destroyed, ST_OK, "cap_destroy");
	gave(answered, ST_BADHANDLE, "an answer with a reply object that was destroyed just now");
	gave(blocked_ends(&caller), ST_DEAD, "its caller");
	blocked_free(&caller);
	/* One on offer, when the kernel is done with it: the receiver has none any more. */
	blocked_start(&caller, OP_REPLY_RECEIVE);
	WANT(cap_destroy(caller.reply), ST_OK);
	sleep_for(20 * MILLISECOND);
	message = (struct message){ 0 };
	WANT(ipc_call(caller.object, &message), ST_NOREPLY);
	blocked_free(&caller);
}

/* What does not fit leaves the call as it was. */
static void test_unfit(void)
{
	struct blocked caller;
	struct message message = { .words = 9 };
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);

	blocked_at(&caller, OP_CALL, endpoint, THREAD_DEFAULT | THREAD_NO_PAGE, NULL);
	must(ipc_receive(endpoint, reply, &message), "ipc_receive");
	message = (struct message){ .words = 9 };
	WANT(ipc_reply(reply, &message), ST_TOOLONG);
	message = (struct message){ .caps = 2, .cap = { endpoint, endpoint } };
	WANT(ipc_reply(reply, &message), ST_CAPSPACE);
	same(state_before_long(caller.thread.handle, THREAD_STATE_BLOCKED), THREAD_STATE_BLOCKED,
	     "its caller still waits");
	message = (struct message){ .label = 31 };
	WANT(ipc_reply(reply, &message), ST_OK);
	gave(blocked_ends(&caller), ST_OK, "and is answered by what fits");
	same(caller.message.label, 31, "with its label");
	blocked_free(&caller);
	(void)cap_delete(endpoint);
	(void)cap_delete(reply);
}

/* One holder: it can be moved, never doubled; where it goes the call goes. */
static void test_linear(void)
{
	struct blocked caller;
	struct message message = { 0 };
	u64 moved = 0, child;

	blocked_start(&caller, OP_CALL);
	blocked_take(&caller);
	WANT(cap_derive(caller.reply, RIGHTS_ALL, 0, &child), ST_INVALID);
	WANT(cap_copy(caller.reply, startup->self, CAP_LEND, RIGHTS_ALL, 0, &child), ST_INVALID);
	WANT(cap_copy(caller.reply, startup->self, CAP_GIVE, 0, 0, &moved), ST_OK);
	WANT(ipc_reply(caller.reply, &message), ST_BADHANDLE);
	WANT(ipc_reply((handle_t)moved, &message), ST_OK);
	gave(blocked_ends(&caller), ST_OK, "a call moves with its reply object");
	caller.reply = (handle_t)moved;
	blocked_free(&caller);
}

/* Offered once, a reply object can be offered by nobody else. */
static void test_offered(void)
{
	struct blocked receiver;
	struct message message = { .flags = MSG_NONBLOCK };
	handle_t endpoint = create(TYPE_ENDPOINT, 0);

	blocked_start(&receiver, OP_REPLY_RECEIVE);
	WANT(ipc_receive(endpoint, receiver.reply, &message), ST_BUSY);
	gave(blocked_stop(&receiver), ST_INTERRUPTED, "whoever offers it waits on");
	message.flags = MSG_NONBLOCK;
	WANT(ipc_receive(endpoint, receiver.reply, &message), ST_WOULDBLOCK);
	blocked_free(&receiver);
	(void)cap_delete(endpoint);
}

struct rivals {
	struct uthread caller, rival;
	handle_t endpoint, reply, aside; /* aside: nobody sends there */
	u64 calls;                       /* that were answered */
	u32 stop;
};

static void call_on(void *argument)
{
	struct rivals *rivals = argument;
	struct message message = { 0 };

	for (; ipc_call(rivals->endpoint, &message) == ST_OK; message.flags = 0)
		rivals->calls++;
}

/* Wants the reply object, for a moment, whenever it is free. */
static void offer_on(void *argument)
{
	struct rivals *rivals = argument;
	struct message message;

	while (!__atomic_load_n(&rivals->stop, __ATOMIC_RELAXED)) {
		message = (struct message){ .flags = MSG_NONBLOCK };
		(void)ipc_receive(rivals->aside, rivals->reply, &message);
	}
}

/* Serve the callers until a rival is faster, or @rounds are over. Return: answers given. */
static u64 serve_until_busy(struct rivals *rivals, u64 rounds, long *status)
{
	u64 end = now() + PATIENCE, answers = 0;
	struct message message;
	bool is_held = false; /* a call is waiting for our answer */

	for (*status = ST_OK; *status != ST_BUSY && now() < end && answers < rounds;) {
		/* The short way, which deadlines do not take, is one step. */
		message = (struct message){ .flags = MSG_TIMEOUT, .deadline = end };
		if (!is_held) {
			is_held = ipc_receive(rivals->endpoint, rivals->reply, &message) == ST_OK;
			continue;
		}
		*status = ipc_reply_receive(rivals->endpoint, rivals->reply, &message);
		answers += *status == ST_OK || *status == ST_BUSY;
	}
	return answers;
}

/*
 * Between the two steps of an ipc_reply_receive somebody on another CPU offers
 * the reply object: the caller has its answer, and the server waits for nothing.
 */
static void test_rival_offer(void)
{
	static struct rivals rivals;
	u64 cpus = cpus_online(), answers;
	long status;

	if (cpus == 1)
		return;
	rivals = (struct rivals){ .endpoint = create(TYPE_ENDPOINT, 0),
				  .reply = create(TYPE_REPLY, 0),
				  .aside = create(TYPE_ENDPOINT, 0) };
	must(uthread_start(&rivals.caller, call_on, &rivals, THREAD_DEFAULT), "uthread_start");
	must(uthread_start(&rivals.rival, offer_on, &rivals,
			   THREAD_PRIORITY(32) | THREAD_CPU(cpus - 1)), "uthread_start");
	answers = serve_until_busy(&rivals, RIVAL_ROUNDS, &status);
	__atomic_store_n(&rivals.stop, 1, __ATOMIC_RELAXED);
	must(uthread_join(&rivals.rival, PATIENCE), "uthread_join");
	(void)cap_delete(rivals.endpoint);
	(void)cap_delete(rivals.reply);
	(void)cap_delete(rivals.aside);
	must(uthread_join(&rivals.caller, PATIENCE), "uthread_join");
	if (RIVAL_MUST_WIN)
		gave(status, ST_BUSY, "a rival offers the reply object between the steps (%lu)",
		     answers);
	same(rivals.calls, answers, "each answer given has reached the caller");
}

/* The process that holds the call ends, or is ended, without an answer. */
static void test_server_ends(const char *role)
{
	struct blocked caller;
	handle_t endpoint = create(TYPE_ENDPOINT, 0), taken = create(TYPE_NOTIFICATION, 0);
	struct child child;
	u64 bits;

	blocked_at(&caller, OP_CALL, endpoint, THREAD_DEFAULT, NULL);
	peer_start(role, endpoint, taken, THREAD_CPU(cpus_online() - 1) | THREAD_PRIORITY(32),
		   &child);
	if (!strcmp(role, "taker")) {
		WANT(notify_wait(taken, now() + PATIENCE, &bits), ST_OK);
		WANT(cap_destroy(child.process), ST_OK);
	}
	gave(uthread_join(&caller.thread, PATIENCE), ST_OK, "its server %s: the call ends",
	     strcmp(role, "taker") ? "exits" : "is destroyed");
	caller.thread.handle = HANDLE_NULL;
	gave(caller.status, ST_DEAD, "without an answer");
	blocked_free(&caller);
	child_free(&child);
	(void)cap_delete(endpoint);
	(void)cap_delete(taken);
}

static void test_client_ends(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);
	struct message message = { 0 };
	struct child child;

	peer_start("client", endpoint, HANDLE_NULL, THREAD_DEFAULT, &child);
	must(ipc_receive(endpoint, reply, &message), "ipc_receive");
	WANT(cap_destroy(child.process), ST_OK);
	(void)await_state(child.thread, THREAD_STATE_DEAD);
	gave(ipc_reply(reply, &message), ST_CALLER_GONE, "an answer after its process ended");
	child_free(&child);
	(void)cap_delete(endpoint);
	(void)cap_delete(reply);
}

void test_reply(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);

	test_reply_receive_handles(endpoint, reply);
	test_no_reply();
	test_reply_receive_errors();
	test_caller_gone(ACT_DESTROY);
	test_caller_gone(ACT_INTERRUPT);
	test_destroyed();
	test_unfit();
	test_linear();
	test_offered();
	test_rival_offer();
	test_server_ends("taker");
	test_server_ends("quitter");
	test_client_ends();
	(void)cap_delete(endpoint);
	(void)cap_delete(reply);
}
