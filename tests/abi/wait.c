// SPDX-License-Identifier: MIT
/*
 * A thread in each state of a wait, and everything that can end it or happen to it
 * meanwhile: time, interruption, death, revocation, suspension.
 */
#include "blocked.h"
#include "test.h"

#define CROWD 40
#define CHILDREN 2000 /* a revocation that takes a while */
#define TRIES 20

static const char *const op_names[] = {
	"ipc_call", "ipc_send", "ipc_receive", "ipc_reply_receive", "notify_wait", "thread_sleep",
};

static void ended(enum op op, enum act act, long wanted, const char *how)
{
	gave(blocked_run(op, act), wanted, "waiting in %s, %s", op_names[op], how);
}

/* What the partner of a waiting thread does, so that its call succeeds. */
static void satisfy(struct blocked *blocked)
{
	struct message message = { .label = 5 };

	switch (blocked->op) {
	case OP_CALL:
		if (!blocked->is_taken)
			blocked_take(blocked);
		WANT(ipc_reply(blocked->reply, &message), ST_OK);
		break;
	case OP_SEND: WANT(ipc_receive(blocked->object, HANDLE_NULL, &message), ST_OK); break;
	case OP_RECEIVE:
	case OP_REPLY_RECEIVE: WANT(ipc_send(blocked->object, &message), ST_OK); break;
	case OP_WAIT: WANT(notify_signal(blocked->object, 5), ST_OK); break;
	default: WANT(thread_interrupt(blocked->thread.handle), ST_OK);
	}
}

static const char *state_name(const struct blocked *blocked)
{
	return blocked->is_taken ? "ipc_call, taken" : op_names[blocked->op];
}

/* The wait goes on; when it has ended the thread stands still until it is resumed. */
static void suspended(enum op op, bool is_taken)
{
	struct blocked blocked;
	long wanted = op == OP_SLEEP ? ST_INTERRUPTED : ST_OK;
	u64 state = ~0UL, cpu;

	blocked_start(&blocked, op);
	if (is_taken)
		blocked_take(&blocked);
	WANT(thread_suspend(blocked.thread.handle), ST_OK);
	sleep_for(MILLISECOND);
	(void)thread_info(blocked.thread.handle, THREAD_INFO_STATE, &state, &cpu);
	same(state, THREAD_STATE_BLOCKED, "suspended in %s: the wait goes on",
	     state_name(&blocked));
	satisfy(&blocked);
	check(await_state(blocked.thread.handle, THREAD_STATE_INACTIVE) && blocked.status == 1,
	      "suspended in %s: it stands still when the wait has ended", state_name(&blocked));
	WANT(thread_resume(blocked.thread.handle), ST_OK);
	must(uthread_join(&blocked.thread, PATIENCE), "uthread_join");
	blocked.thread.handle = HANDLE_NULL;
	gave(blocked.status, wanted, "suspended in %s: resumed it has its result",
	     state_name(&blocked));
	blocked_free(&blocked);
}

/* Nothing is left of a dead thread where it has waited. */
static long look_for(struct blocked *blocked)
{
	struct message message = { .flags = MSG_NONBLOCK };
	u64 bits = 0;

	switch (blocked->op) {
	case OP_CALL:
		if (blocked->is_taken)
			return ipc_reply(blocked->reply, &message);
		return ipc_receive(blocked->object, HANDLE_NULL, &message);
	case OP_SEND: return ipc_receive(blocked->object, HANDLE_NULL, &message);
	case OP_RECEIVE:
	case OP_REPLY_RECEIVE: return ipc_send(blocked->object, &message);
	case OP_WAIT:
		(void)notify_signal(blocked->object, 6);
		return notify_poll(blocked->object, &bits) == ST_OK && bits == 6 ? ST_WOULDBLOCK :
										   ST_OK;
	default: return ST_WOULDBLOCK;
	}
}

static void killed(enum op op, bool is_taken)
{
	struct blocked blocked;
	long wanted = is_taken ? ST_CALLER_GONE : ST_WOULDBLOCK, status;

	blocked_start(&blocked, op);
	if (is_taken)
		blocked_take(&blocked);
	uthread_kill(&blocked.thread);
	blocked.thread.handle = HANDLE_NULL;
	status = look_for(&blocked);
	gave(status, wanted, "killed in %s: nobody waits there any more",
	     state_name(&blocked));
	same((u64)blocked.status, 1, "killed in %s: it has not gone on", state_name(&blocked));
	blocked_free(&blocked);
}

/* A message that is there already is taken even if the deadline has passed. */
static void test_late(void)
{
	struct blocked sender;
	struct message message = { .flags = MSG_TIMEOUT, .deadline = 1 };
	u64 bits = 0;
	handle_t notification = create(TYPE_NOTIFICATION, 0);

	blocked_start(&sender, OP_SEND);
	WANT(ipc_receive(sender.object, HANDLE_NULL, &message), ST_OK);
	message = (struct message){ .flags = MSG_TIMEOUT, .deadline = 1 };
	WANT(ipc_receive(sender.object, HANDLE_NULL, &message), ST_TIMEDOUT);
	WANT(ipc_send(sender.object, &message), ST_TIMEDOUT);
	WANT(ipc_call(sender.object, &message), ST_TIMEDOUT);
	(void)notify_signal(notification, 3);
	WANT(notify_wait(notification, 1, &bits), ST_OK);
	same(bits, 3, "bits that are there are taken after the deadline");
	WANT(notify_wait(notification, 1, &bits), ST_TIMEDOUT);
	blocked_free(&sender);
	(void)cap_delete(notification);
}

/* ---- many who wait at one object ---- */

static struct blocked crowd[CROWD];

static void delete_capability(void *argument)
{
	(void)cap_delete(*(handle_t *)argument);
}

/* Return: how many of those who waited by the first two capabilities have been told that it is dead. */
static u32 count_dead(void)
{
	u32 dead = 0;

	for (u32 i = 0; i < CROWD; i++) {
		if (i % 3 == 2 || uthread_join(&crowd[i].thread, PATIENCE) != ST_OK)
			continue;
		crowd[i].thread.handle = HANDLE_NULL;
		dead += crowd[i].status == ST_DEAD;
	}
	return dead;
}

/* Return: it was number @i's turn. */
static bool serve(enum op op, handle_t object, u32 i)
{
	struct message message = { .words = 1, .flags = MSG_NONBLOCK };

	message.word[0] = i;
	if (op == OP_SEND)
		return ipc_receive(object, HANDLE_NULL, &message) == ST_OK && message.word[0] == i;
	if ((op == OP_RECEIVE ? ipc_send(object, &message) :
				notify_signal(object, 1 + i)) != ST_OK ||
	    uthread_join(&crowd[i].thread, PATIENCE) != ST_OK)
		return false;
	crowd[i].thread.handle = HANDLE_NULL;
	return op == OP_RECEIVE ? crowd[i].message.word[0] == i : crowd[i].bits == 1 + i;
}

/*
 * They wait by three capabilities in turn. Two of these are deleted, if there are
 * two CPUs at the same time, while there are too many to be looked at in one step.
 */
static void test_crowd(enum op op)
{
	handle_t object = create(op == OP_WAIT ? TYPE_NOTIFICATION : TYPE_ENDPOINT, 0), by[3];
	struct uthread other;
	u32 served = 0;

	for (u32 i = 0; i < 3; i++)
		by[i] = weaker(object, RIGHTS_ALL);
	for (u32 i = 0; i < CROWD; i++) {
		struct message message = { .words = 1 };

		message.word[0] = i;
		blocked_at(&crowd[i], op, by[i % 3], THREAD_DEFAULT, &message);
	}
	must(uthread_start(&other, delete_capability, &by[1],
			   THREAD_DEFAULT | THREAD_CPU(cpus_online() - 1)), "uthread_start");
	WANT(cap_delete(by[0]), ST_OK);
	must(uthread_join(&other, PATIENCE), "uthread_join");
	same(count_dead(), CROWD - CROWD / 3,
	     "of a crowd in %s those end whose capability is deleted", op_names[op]);
	for (u32 i = 2; i < CROWD; i += 3)
		served += serve(op, object, i);
	same(served, CROWD / 3, "the others wait on in %s, in their order", op_names[op]);
	for (u32 i = 0; i < CROWD; i++)
		blocked_free(&crowd[i]);
	(void)cap_delete(object);
}

/* ---- a revocation that is not brought to its end ---- */

static bool is_there(handle_t capability)
{
	u64 info, badge;

	return cap_inspect(capability, &info, &badge) == ST_OK;
}

static void revoke(void *argument)
{
	(void)cap_revoke(*(handle_t *)argument);
}

/* Begin to revoke what is below @parent, the newest child first, and stop when that is gone. */
static void revoke_and_die(handle_t parent, handle_t newest)
{
	struct uthread revoker;

	must(uthread_start(&revoker, revoke, &parent,
			   THREAD_PRIORITY(10) | THREAD_CPU(cpus_online() - 1)), "uthread_start");
	/* Beside another CPU without a pause: this one may be the slower, if the host is busy. */
	while (is_there(newest))
		if (cpus_online() == 1)
			sleep_for(MILLISECOND / 20);
	uthread_kill(&revoker);
}

/* Return: the revoker was killed before its end. */
static bool revoker_is_killed(handle_t parent, u32 children)
{
	handle_t oldest = weaker(parent, RIGHTS_ALL), newest;
	struct blocked first, last;
	bool is_midway;

	for (u32 i = 0; i < children; i++)
		(void)weaker(parent, RIGHTS_ALL);
	newest = weaker(parent, RIGHTS_ALL);
	blocked_at(&first, OP_RECEIVE, newest, THREAD_DEFAULT, NULL);
	blocked_at(&last, OP_RECEIVE, oldest, THREAD_DEFAULT, NULL);
	revoke_and_die(parent, newest);
	is_midway = is_there(oldest);
	if (is_midway) {
		gave(uthread_join(&first.thread, PATIENCE), ST_OK,
		     "its revoker killed too early: who waited by what was revoked goes on");
		first.thread.handle = HANDLE_NULL;
		gave(first.status, ST_DEAD, "and has its answer");
		/* Whoever adds to the tree does a piece of what is left to be revoked. */
		while (is_there(oldest))
			(void)weaker(parent, RIGHTS_ALL);
		gave(uthread_join(&last.thread, PATIENCE), ST_OK,
		     "and the last one, when others have brought the revocation to its end");
		last.thread.handle = HANDLE_NULL;
		gave(last.status, ST_DEAD, "and has its answer");
	}
	(void)blocked_stop(&first);
	(void)blocked_stop(&last);
	(void)cap_revoke(parent);
	return is_midway;
}

static void test_killed_revoker(void)
{
	handle_t parent = create(TYPE_ENDPOINT, 0);
	bool was_midway = false;
	u32 tries = 0;

	for (; tries < TRIES && !was_midway; tries++)
		was_midway = revoker_is_killed(parent, CHILDREN << MIN(tries / 2, 4u));
	check(was_midway, "a revoker was killed before its end (%u tries)", tries);
	(void)cap_delete(parent);
}

void test_wait(void)
{
	for (enum op op = OP_CALL; op <= OP_SLEEP; op++)
		ended(op, ACT_INTERRUPT, ST_INTERRUPTED, "interrupted");
	for (enum op op = OP_CALL; op <= OP_WAIT; op++) {
		ended(op, ACT_DESTROY, ST_DEAD, "its object destroyed");
		ended(op, ACT_REVOKE, ST_DEAD, "its capability revoked");
		ended(op, ACT_GIVE, ST_DEAD, "its capability given away");
		ended(op, ACT_TIMEOUT, ST_TIMEDOUT, "until the deadline");
	}
	ended(OP_CALL, ACT_REPLY_LOST, ST_DEAD, "taken, then its reply object destroyed");
	ended(OP_CALL, ACT_TAKEN_INTERRUPT, ST_INTERRUPTED, "taken, then interrupted");
	ended(OP_CALL, ACT_TAKEN_TIMEOUT, ST_TIMEDOUT, "taken, until the deadline");
	ended(OP_CALL, ACT_TAKEN_REVOKE, ST_OK, "taken, its capability revoked, answered");
	ended(OP_CALL, ACT_TAKEN_DESTROY, ST_OK, "taken, the endpoint destroyed, answered");
	for (enum op op = OP_CALL; op <= OP_SLEEP; op++) {
		suspended(op, false);
		killed(op, false);
	}
	suspended(OP_CALL, true);
	killed(OP_CALL, true);
	test_late();
	test_crowd(OP_SEND);
	test_crowd(OP_RECEIVE);
	test_crowd(OP_WAIT);
	test_killed_revoker();
}
