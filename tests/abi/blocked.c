// SPDX-License-Identifier: MIT
/*
 * The thread that waits, and the ways to end its wait.
 */
#include "blocked.h"

#define SHORT (5 * MILLISECOND)
#define LONG SECOND

static long do_call(struct blocked *self)
{
	struct message *message = &self->message;
	u64 end = self->timeout ? now() + self->timeout : TIME_NEVER;

	if (self->timeout) {
		message->flags = MSG_TIMEOUT;
		message->deadline = end;
	}
	switch (self->op) {
	case OP_CALL:
		return ipc_call(self->target, message);
	case OP_SEND:
		return ipc_send(self->target, message);
	case OP_RECEIVE:
		return ipc_receive(self->target, HANDLE_NULL, message);
	case OP_REPLY_RECEIVE:
		return ipc_reply_receive(self->target, self->reply, message);
	case OP_WAIT:
		return notify_wait(self->target, end, &self->bits);
	default:
		return thread_sleep(end);
	}
}

static void run(void *argument)
{
	struct blocked *self = argument;

	self->status = do_call(self);
}

/* A caller that waits for the reply which reply_receive gives first. */
static void run_caller(void *argument)
{
	struct blocked *self = argument;
	struct message message = { 0 };

	self->status = ipc_call(self->object, &message);
}

/* The reply object must hold a call, or reply_receive ends at once. */
static void hold_call(struct blocked *blocked)
{
	struct uthread caller;
	struct message message = { 0 };
	struct blocked other = { .object = blocked->object };

	must(uthread_start(&caller, run_caller, &other, THREAD_DEFAULT), "uthread_start");
	must(ipc_receive(blocked->object, blocked->reply, &message), "ipc_receive");
	must(uthread_start(&blocked->thread, run, blocked, blocked->settings), "uthread_start");
	must(uthread_join(&caller, PATIENCE), "uthread_join");
}

void blocked_again(struct blocked *blocked)
{
	blocked->status = 1;
	if (blocked->op == OP_REPLY_RECEIVE)
		hold_call(blocked);
	else
		must(uthread_start(&blocked->thread, run, blocked, blocked->settings),
		     "uthread_start");
	/* With a deadline it may be over already. */
	if (!blocked->timeout && !await_state(blocked->thread.handle, THREAD_STATE_BLOCKED))
		fail("a thread does not wait (operation %d)", blocked->op);
}

static void prepare(struct blocked *blocked, enum op op, u64 timeout)
{
	u64 type = op == OP_WAIT ? TYPE_NOTIFICATION : TYPE_ENDPOINT;

	*blocked = (struct blocked){ .op = op, .settings = THREAD_DEFAULT, .timeout = timeout };
	blocked->object = create(type, 0);
	blocked->reply = create(TYPE_REPLY, 0);
	blocked->target = weaker(blocked->object, RIGHTS_ALL);
	blocked_again(blocked);
}

void blocked_start(struct blocked *blocked, enum op op)
{
	prepare(blocked, op, 0);
}

long blocked_stop(struct blocked *blocked)
{
	if (!blocked->thread.handle)
		return blocked->status;
	while (uthread_join(&blocked->thread, MILLISECOND) != ST_OK)
		(void)thread_interrupt(blocked->thread.handle);
	blocked->thread.handle = HANDLE_NULL;
	return blocked->status;
}

long blocked_ends(struct blocked *blocked)
{
	if (blocked->thread.handle && uthread_join(&blocked->thread, PATIENCE) == ST_OK)
		blocked->thread.handle = HANDLE_NULL;
	return blocked_stop(blocked);
}

void blocked_free(struct blocked *blocked)
{
	(void)blocked_stop(blocked);
	(void)cap_delete(blocked->object);
	(void)cap_delete(blocked->reply);
}

void blocked_at(struct blocked *blocked, enum op op, handle_t target, u64 settings,
		const struct message *message)
{
	*blocked = (struct blocked){ .op = op, .settings = settings, .target = target };
	if (message)
		blocked->message = *message;
	blocked_again(blocked);
}

void blocked_take(struct blocked *blocked)
{
	/* If it has given up already that must not take for ever. */
	struct message message = { .flags = MSG_TIMEOUT, .deadline = now() + PATIENCE };

	must(ipc_receive(blocked->object, blocked->reply, &message), "ipc_receive");
	blocked->is_taken = true;
}

static void answer(struct blocked *blocked)
{
	struct message message = { 0 };

	(void)ipc_reply(blocked->reply, &message);
}

static void do_act(struct blocked *blocked, enum act act)
{
	u64 moved;

	switch (act) {
	case ACT_INTERRUPT:
	case ACT_TAKEN_INTERRUPT: (void)thread_interrupt(blocked->thread.handle); break;
	case ACT_DESTROY:
	case ACT_TAKEN_DESTROY: (void)cap_destroy(blocked->object); break;
	case ACT_REVOKE:
	case ACT_TAKEN_REVOKE: (void)cap_revoke(blocked->object); break;
	case ACT_GIVE:
		(void)cap_copy(blocked->target, startup->self, CAP_GIVE, 0, 0, &moved);
		break;
	case ACT_REPLY_LOST: (void)cap_destroy(blocked->reply); break;
	default: break; /* time ends it */
	}
	if (act == ACT_TAKEN_REVOKE || act == ACT_TAKEN_DESTROY)
		answer(blocked);
}

static u64 timeout_for(enum act act)
{
	if (act == ACT_TIMEOUT)
		return SHORT;
	/* It must be taken before it is over. */
	return act == ACT_TAKEN_TIMEOUT ? LONG : 0;
}

long blocked_run(enum op op, enum act act)
{
	struct blocked blocked;
	long status;

	prepare(&blocked, op, timeout_for(act));
	if (act >= ACT_REPLY_LOST)
		blocked_take(&blocked);
	do_act(&blocked, act);
	status = uthread_join(&blocked.thread, PATIENCE);
	if (status == ST_OK) {
		blocked.thread.handle = HANDLE_NULL;
		status = blocked.status;
	}
	blocked_free(&blocked);
	return status;
}
