// SPDX-License-Identifier: MIT
/*
 * Messages and notifications (Documentation/ipc.rst).  Queues are what threads
 * say of themselves: who waits where, since when, with what rank.
 */
#include <generated/syscall_numbers.h>

#include "internal.h"

/* ---- who waits ---- */

/* The thread that waits at @at in this way and is served first: by rank where ranks count, by arrival. */
static struct m_object *first_waiter(const struct m_object *at, enum m_wait wait)
{
	struct m_object *thread, *first = NULL;

	for_each_object (thread) {
		if (thread->type != TYPE_THREAD || thread->wait != wait || thread->at != at)
			continue;
		if (!first || (wait == M_SEND && thread->rank != first->rank ?
				       thread->rank > first->rank :
				       thread->arrival < first->arrival))
			first = thread;
	}
	return first;
}

static struct m_object *caller_of(const struct m_object *reply)
{
	return first_waiter(reply, M_REPLY);
}

static struct m_object *offerer_of(const struct m_object *reply)
{
	struct m_object *thread;

	for_each_object (thread)
		if (thread->type == TYPE_THREAD && thread->wait == M_RECEIVE &&
		    thread->offered == reply)
			return thread;
	return NULL;
}

/* ---- one message ---- */

static bool is_call(const struct m_object *sender)
{
	return sender->is_faulting || sender->call.number == SYS_ipc_call;
}

/* Does the message of @sender fit @receiver, whose reply object is @offered? */
static long fits(const struct m_object *sender, const struct m_object *receiver, u32 accept,
		 const struct m_object *offered)
{
	bool is_reply = receiver->wait == M_REPLY;

	if (!is_reply && is_call(sender) && (!offered || offered->has_ended))
		return ST_NOREPLY;
	if (sender->is_faulting)
		return ST_OK;
	if (sender->call.nr_caps > accept)
		return ST_CAPSPACE;
	return sender->call.words > MSG_REG_WORDS && !receiver->has_page ? ST_TOOLONG : ST_OK;
}

/* Lend or give one capability. Return: what arrives. */
static struct m_cap *transfer(struct m_object *from, struct m_object *to, u32 handle, bool gives)
{
	struct m_cap *cap = model_find(from, handle);

	if (!cap || !(cap->rights & (gives ? RIGHT_MOVE : RIGHT_DERIVE)))
		return NULL;
	if (gives) {
		cap_hand_over(cap, to);
		return cap;
	}
	if (cap->object->type == TYPE_REPLY || cap->level >= M_MAX_LEVEL)
		return NULL;
	return cap_new(cap->object, cap, to, cap->rights, cap->badge);
}

static void fill_from_fault(struct m_message *message, const struct m_object *sender)
{
	*message = (struct m_message){ .kind = MSG_FROM_FAULT,
				       .label = sender->fault,
				       .words = FAULT_WORDS };
	message->word[FAULT_WORD_ADDRESS] = sender->call.arg[0];
	message->word[FAULT_WORD_PC] = sender->pc;
	message->word[FAULT_WORD_THREAD] = sender->number;
	message->known = 1u << FAULT_WORD_ADDRESS | 1u << FAULT_WORD_PC |
			 (sender->number ? 1u << FAULT_WORD_THREAD : 0);
}

/* What @receiver gets from @sender; its call has ended with that. */
static void deliver(struct m_object *sender, struct m_object *receiver, u64 badge)
{
	const struct m_call *call = &sender->call;
	struct m_message *message = &receiver->result.message;

	ends_with(receiver, badge, 0);
	receiver->result.known = 1;
	receiver->result.has_message = true;
	if (sender->is_faulting)
		return fill_from_fault(message, sender);
	*message = (struct m_message){ .kind = call->number,
				       .label = call->label,
				       .words = call->words,
				       .known = 0xff,
				       .pattern = call->pattern,
				       .nr_caps = call->nr_caps };
	for (u32 i = 0; i < MSG_REG_WORDS; i++)
		message->word[i] = call->pattern + i;
	for (u32 i = 0; i < call->nr_caps; i++)
		message->cap[i] = transfer(sender->process, receiver->process, call->cap[i],
					   call->move >> i & 1);
}

static void deliver_bits(struct m_object *receiver, u64 bits)
{
	ends_with(receiver, bits, 0);
	receiver->result.known = 1;
	receiver->result.has_message = true;
	receiver->result.message =
		(struct m_message){ .kind = MSG_FROM_NOTIFICATION, .known = 0xff };
}

static u64 take_bound(struct m_object *thread)
{
	u64 bits = thread->bound ? thread->bound->bits : 0;

	if (bits)
		thread->bound->bits = 0;
	return bits;
}

/* ---- waits that end otherwise ---- */

void wait_fails(struct m_object *thread, long status)
{
	wait_end(thread);
	if (!thread->is_faulting) {
		ends(thread, status);
		return;
	}
	thread->is_faulting = false;
	if (status == ST_NOREPLY)
		return process_faults(thread);
	thread->retries = true;
	thread_goes_on(thread);
}

/* ---- sending ---- */

/* The receiver, if there is one, else a place in the queue. Return: 1 if the thread waits. */
static long send(struct m_object *thread, struct m_cap *cap, u64 deadline, bool waits)
{
	struct m_object *endpoint = cap->object, *receiver = first_waiter(endpoint, M_RECEIVE);
	struct m_object *offered = receiver ? receiver->offered : NULL;
	long status;

	if (!receiver && !waits)
		return ST_WOULDBLOCK;
	if (!receiver) {
		wait_begin(thread, M_SEND, endpoint, deadline);
		thread->by = cap;
		thread->badge = cap->badge;
		return 1;
	}
	status = fits(thread, receiver, receiver->call.accept, offered);
	if (status != ST_OK)
		return status;
	wait_end(receiver);
	deliver(thread, receiver, cap->badge);
	if (!is_call(thread))
		return ST_OK;
	wait_begin(thread, M_REPLY, offered, deadline);
	return 1;
}

void fault_raise(struct m_object *thread)
{
	struct m_cap *cap = thread->process->fault_cap;

	thread->is_faulting = true;
	if (cap && !cap->object->has_ended && send(thread, cap, M_NEVER, true) == 1)
		return;
	thread->is_faulting = false;
	process_faults(thread);
}

/* What every IPC call checks of its tag. */
static long check_tag(const struct m_object *thread, const struct m_call *call, bool sends,
		      bool receives)
{
	if ((sends && (call->words > MSG_MAX_WORDS || call->nr_caps > MSG_MAX_CAPS)) ||
	    (receives && call->accept > MSG_MAX_CAPS) || (call->flags & MSG_RESERVED) ||
	    ((call->flags & MSG_NONBLOCK) && (call->flags & MSG_TIMEOUT)))
		return ST_INVALID;
	if (!thread->has_page &&
	    ((call->flags & MSG_TIMEOUT) || (sends && call->words > MSG_REG_WORDS)))
		return ST_TOOLONG;
	return ST_OK;
}

static u64 deadline_of(const struct m_call *call)
{
	return call->flags & MSG_TIMEOUT ? call->deadline : M_NEVER;
}

static long send_call(struct m_object *thread, const struct m_call *call, u32 right)
{
	struct m_cap *cap;
	long status = want(thread, call->handle[0], TYPE_ENDPOINT, right, &cap), tag;

	if (status != ST_OK)
		return status;
	tag = check_tag(thread, call, true, call->number == SYS_ipc_call);
	if (tag != ST_INVALID && call->nr_caps && has(cap, RIGHT_GRANT, 0) != ST_OK)
		return ST_NORIGHTS;
	if (tag != ST_OK)
		return tag;
	return send(thread, cap, deadline_of(call), !(call->flags & MSG_NONBLOCK));
}

/* ---- receiving ---- */

/* The first sender whose message fits; those before it learn why not. Return: 1 if the thread waits. */
static long receive(struct m_object *thread, const struct m_call *call, struct m_cap *cap,
		    struct m_object *reply)
{
	u64 bits = take_bound(thread);
	struct m_object *sender;
	long status;

	if (bits) {
		deliver_bits(thread, bits);
		return 2;
	}
	while ((sender = first_waiter(cap->object, M_SEND)) != NULL) {
		status = fits(sender, thread, call->accept, reply);
		if (status != ST_OK) {
			wait_fails(sender, status);
			if (thread->is_dead)
				return 2;
			continue;
		}
		sender->by = NULL; /* what it gives may be that */
		deliver(sender, thread, sender->badge);
		if (is_call(sender)) {
			u64 deadline = sender->deadline;

			wait_begin(sender, M_REPLY, reply, deadline);
		} else {
			wait_fails(sender, ST_OK);
		}
		return 2;
	}
	if (call->flags & MSG_NONBLOCK)
		return ST_WOULDBLOCK;
	wait_begin(thread, M_RECEIVE, cap->object, deadline_of(call));
	thread->by = cap;
	thread->offered = reply;
	return 1;
}

static long receive_call(struct m_object *thread, const struct m_call *call)
{
	struct m_cap *cap, *reply = NULL;
	long status = want(thread, call->handle[0], TYPE_ENDPOINT, RIGHT_RECEIVE, &cap);

	if (status == ST_OK && call->handle[1])
		status = want(thread, call->handle[1], TYPE_REPLY, RIGHT_USE, &reply);
	if (status == ST_OK)
		status = check_tag(thread, call, false, true);
	if (status == ST_OK && reply && (caller_of(reply->object) || offerer_of(reply->object)))
		status = ST_BUSY;
	return status == ST_OK ? receive(thread, call, cap, reply ? reply->object : NULL) : status;
}

/* ---- answering ---- */

/* The answer to a fault says how the thread goes on. */
static void answer_fault(struct m_object *caller, const struct m_call *call)
{
	wait_end(caller);
	caller->is_faulting = false;
	if (call->label == FAULT_REPLY_RETRY) {
		caller->retries = true;
		return thread_goes_on(caller);
	}
	if (call->label != FAULT_REPLY_JUMP || call->pattern >= model.user_end) {
		process_faults(caller);
		caller->may_see = !caller->is_stopped; /* let go, it may run before it dies */
		return;
	}
	ends(caller, ST_OK); /* the access is given up */
}

static long reply(struct m_object *thread, const struct m_call *call, const struct m_cap *cap)
{
	struct m_object *caller = caller_of(cap->object);
	long status;

	if (!caller)
		return ST_CALLER_GONE;
	if (caller->is_faulting) {
		answer_fault(caller, call);
		return ST_OK;
	}
	status = fits(thread, caller, caller->call.accept, NULL);
	if (status != ST_OK)
		return status;
	deliver(thread, caller, 0);
	wait_end(caller);
	return ST_OK;
}

static long reply_call(struct m_object *thread, const struct m_call *call)
{
	struct m_cap *cap;
	long status = want(thread, call->handle[0], TYPE_REPLY, RIGHT_USE, &cap);

	if (status == ST_OK)
		status = check_tag(thread, call, true, false);
	return status == ST_OK ? reply(thread, call, cap) : status;
}

long model_answer(struct m_object *thread, const struct m_call *call)
{
	struct m_cap *cap, *answer = NULL;
	long status = want(thread, call->handle[0], TYPE_ENDPOINT, RIGHT_RECEIVE, &cap);

	thread->call = *call;
	if (status == ST_OK)
		status = want(thread, call->handle[1], TYPE_REPLY, RIGHT_USE, &answer);
	if (status == ST_OK)
		status = check_tag(thread, call, true, true);
	return status == ST_OK ? reply(thread, call, answer) : status;
}

/* Two steps: from the second on it is an ipc_receive, whose handles are looked up anew. */
static long reply_receive(struct m_object *thread, const struct m_call *call)
{
	long status = model_answer(thread, call);

	return status == ST_OK && !thread->is_dead ? receive_call(thread, call) : status;
}

void ipc_call(struct m_object *thread, const struct m_call *call)
{
	long status;

	switch (call->number) {
	case SYS_ipc_call: status = send_call(thread, call, RIGHT_CALL); break;
	case SYS_ipc_send: status = send_call(thread, call, RIGHT_SEND); break;
	case SYS_ipc_receive: status = receive_call(thread, call); break;
	case SYS_ipc_reply: status = reply_call(thread, call); break;
	default: status = reply_receive(thread, call); break;
	}
	if (status <= ST_OK && !thread->is_dead)
		ends(thread, status);
}

/* ---- notifications ---- */

void notification_set(struct m_object *notification, u64 bits)
{
	struct m_object *waiter = first_waiter(notification, M_BITS), *bound = notification->bound;

	notification->bits |= bits;
	if (!notification->bits)
		return;
	if (waiter) {
		bits = notification->bits;
		notification->bits = 0;
		wait_end(waiter);
		ends_with(waiter, bits, 0);
	} else if (bound && bound->wait == M_RECEIVE) {
		wait_end(bound);
		deliver_bits(bound, take_bound(bound));
	}
}

static long bind(struct m_object *self, const struct m_call *call)
{
	struct m_cap *target, *cap;
	long status = want(self, call->handle[0], TYPE_THREAD, RIGHT_MANAGE, &target);
	struct m_object *thread;

	if (status != ST_OK)
		return status;
	thread = target->object;
	if (!call->handle[1]) {
		if (!thread->bound)
			return ST_NOTFOUND;
		thread->bound->bound = NULL;
		thread->bound = NULL;
		return ST_OK;
	}
	status = want(self, call->handle[1], TYPE_NOTIFICATION, RIGHT_WAIT, &cap);
	if (status == ST_OK && (thread->bound || cap->object->bound))
		status = ST_BUSY;
	if (status != ST_OK || thread->is_dead)
		return status;
	thread->bound = cap->object;
	cap->object->bound = thread;
	notification_set(cap->object, 0);
	return ST_OK;
}

void notification_call(struct m_object *thread, const struct m_call *call)
{
	bool signals = call->number == SYS_notify_signal;
	struct m_object *notification;
	struct m_cap *cap;
	long status;

	if (call->number == SYS_notify_bind)
		return ends(thread, bind(thread, call));
	status = want(thread, call->handle[0], TYPE_NOTIFICATION,
		      signals ? RIGHT_SIGNAL : RIGHT_WAIT, &cap);
	if (status != ST_OK)
		return ends(thread, status);
	notification = cap->object;
	if (signals) {
		ends(thread, ST_OK);
		notification_set(notification,
				 cap->badge ? call->arg[0] & cap->badge : call->arg[0]);
	} else if (notification->bits) {
		ends_with(thread, notification->bits, 0);
		thread->result.known = 1;
		notification->bits = 0;
	} else if (call->number == SYS_notify_poll) {
		ends(thread, ST_WOULDBLOCK);
	} else {
		wait_begin(thread, M_BITS, notification, call->arg[0]);
		thread->by = cap;
	}
}
