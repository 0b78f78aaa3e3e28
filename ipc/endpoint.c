// SPDX-License-Identifier: MIT
/*
 * Endpoints: matching senders and receivers.
 *
 * Owns: the two queues of an endpoint, under its lock; at most one of them is
 * not empty.  Whoever unlinks a waiter under the lock has claimed it: only then
 * are its registers, page and window touched, without the lock.  Refusals come
 * before the unlinking, so a refused sender leaves the receiver as it was.
 */
#include "ipc_internal.h"
#include <generated/syscall_numbers.h>
#include <generated/syscall_protos.h>
#include <kernel/panic.h>
#include <kernel/process.h>

static struct endpoint *endpoint_of(const struct cap *cap)
{
	return container_of(cap->object, struct endpoint, object);
}

static void wait_note(struct thread *self, struct endpoint *endpoint, const struct cap *cap)
{
	self->wait_object = endpoint;
	self->wait_slot = cap->slot;
	self->wait_token = cap->token;
}

/* ---- sending ---- */

/* Nobody receives: queue by priority. Endpoint lock held. */
static void park_sender(struct thread *self, struct endpoint *endpoint,
			const struct sending *sending)
{
	wait_note(self, endpoint, &sending->cap);
	self->send_badge = sending->cap.badge;
	sched_block(self, sending->deadline);
	rb_insert(&endpoint->senders, &self->send_node, THREAD_MAX_PRIORITY - self->priority);
	store_relaxed(&self->wait_kind, WAIT_SEND);
}

/* It has a reply object on offer, which has not been destroyed meanwhile. */
static bool offers_reply(const struct thread *receiver)
{
	return receiver->reply &&
	       load_relaxed(&receiver->reply->caller) == REPLY_OFFERED_BY(receiver);
}

/* Can @receiver take the message?  For a call its reply object becomes ours. Endpoint lock held. */
static long match_receiver(struct thread *caller, struct thread *receiver,
			   const struct sending *sending)
{
	long status;

	if (sending->is_call && !offers_reply(receiver))
		return ST_NOREPLY;
	status = message_check(sending->words, sending->caps, receiver);
	if (status != ST_OK || !sending->is_call)
		return status;
	if (!atomic_compare_exchange(&receiver->reply->caller, REPLY_OFFERED_BY(receiver),
				     REPLY_TAKEN_BY(caller)))
		return ST_NOREPLY;
	return ST_OK;
}

/* Both are ours now: @receiver is claimed, @self runs. */
static long send_to(struct thread *self, struct thread *receiver, const struct sending *sending)
{
	struct reply *reply = receiver->reply;

	message_deliver(self, receiver, sending->cap.badge);
	if (!sending->is_call) {
		reply_withdraw(receiver);
		sched_hand_off(receiver);
		return ST_OK;
	}
	store_relaxed(&receiver->reply, NULL);
	sched_block(self, sending->deadline);
	reply_park(reply, self);
	sched_hand_off(receiver);
	return SYSCALL_DONE;
}

long endpoint_send(struct thread *self, const struct sending *sending)
{
	struct endpoint *endpoint = endpoint_of(&sending->cap);
	struct list *first;
	struct thread *receiver;
	long status = SYSCALL_DONE;

	spin_lock(&endpoint->object.lock);
	first = list_first(&endpoint->receivers);
	receiver = first ? list_entry(first, struct thread, wait_link) : NULL;
	if (!cap_is_current(&sending->cap))
		status = ST_BADHANDLE;
	else if (receiver)
		status = match_receiver(self, receiver, sending);
	else if (sending->is_nonblocking)
		status = ST_WOULDBLOCK;
	else
		park_sender(self, endpoint, sending);
	if (status == ST_OK) {
		list_remove(&receiver->wait_link);
		store_relaxed(&receiver->wait_kind, WAIT_NONE);
	}
	spin_unlock(&endpoint->object.lock);
	return status == ST_OK ? send_to(self, receiver, sending) : status;
}

static long send_call(struct thread *self, u32 right, bool is_call)
{
	u32 directions = is_call ? OPERANDS_SEND | OPERANDS_RECEIVE : OPERANDS_SEND;
	struct operands operands;
	struct sending sending;
	long status = cap_lookup(&self->process->caps, arch_handle(&self->regs), TYPE_ENDPOINT,
				 right, &sending.cap);
	long range;

	if (status != ST_OK)
		return status;
	range = operands_decode(self, directions, &operands);
	if (range != ST_INVALID && operands.caps && !(cap_rights(sending.cap.token) & RIGHT_GRANT))
		return ST_NORIGHTS;
	if (range != ST_OK)
		return range;
	status = thread_window_reserve(self, operands.accept);
	if (status != ST_OK)
		return status;
	sending.words = operands.words;
	sending.caps = operands.caps;
	sending.is_call = is_call;
	sending.is_nonblocking = operands.is_nonblocking;
	sending.deadline = operands.deadline;
	status = endpoint_send(self, &sending);
	if (status < ST_OK)
		thread_window_release(self);
	return status;
}

long sys_ipc_call(struct thread *self)
{
	return send_call(self, RIGHT_CALL, true);
}

long sys_ipc_send(struct thread *self)
{
	return send_call(self, RIGHT_SEND, false);
}

/* ---- receiving ---- */

/* Nobody sends: queue, first come first served. Endpoint lock held. */
static void park_receiver(struct thread *self, struct endpoint *endpoint, const struct cap *cap,
			  ktime_t deadline)
{
	wait_note(self, endpoint, cap);
	sched_block(self, deadline);
	list_append(&endpoint->receivers, &self->wait_link);
	store_relaxed(&self->wait_kind, WAIT_RECEIVE);
}

static bool is_call(const struct thread *sender)
{
	return sender->is_fault ||
	       (arch_tag(&sender->regs) & MSG_CALL_MASK) == SYS_ipc_call;
}

/* Can this receiver take the message of @sender?  Endpoint lock held. */
static long match_sender(struct thread *self, struct thread *sender)
{
	u64 tag = arch_tag(&sender->regs);
	long status = ST_OK;

	if (load_relaxed(&sender->wait_slot->token) != sender->wait_token)
		return ST_DEAD;
	if (is_call(sender) && !offers_reply(self))
		return ST_NOREPLY;
	if (!sender->is_fault)
		status = message_check((tag >> MSG_WORDS_SHIFT) & MSG_WORDS_MASK,
				       (tag >> MSG_CAPS_SHIFT) & MSG_CAPS_MASK, self);
	if (status != ST_OK || !is_call(sender))
		return status;
	if (!atomic_compare_exchange(&self->reply->caller, REPLY_OFFERED_BY(self),
				     REPLY_TAKEN_BY(sender)))
		return ST_NOREPLY;
	return ST_OK;
}

/* @sender is claimed: take its message, or tell it why not and look again. */
static long receive_from(struct thread *self, struct thread *sender, long match)
{
	struct reply *reply = self->reply;

	if (match != ST_OK) {
		wait_failed(sender, match);
		return SYSCALL_RESTART;
	}
	message_deliver(sender, self, sender->send_badge);
	if (is_call(sender)) {
		store_relaxed(&self->reply, NULL);
		reply_park(reply, sender);
	} else {
		wait_failed(sender, ST_OK);
	}
	return ST_OK;
}

static long endpoint_receive(struct thread *self, const struct cap *cap,
			     const struct operands *operands)
{
	struct endpoint *endpoint = endpoint_of(cap);
	struct thread *sender = NULL;
	struct rb_node *first;
	long status = SYSCALL_DONE, match = ST_OK;

	spin_lock(&endpoint->object.lock);
	first = rb_first(&endpoint->senders);
	if (!cap_is_current(cap)) {
		status = ST_BADHANDLE;
	} else if (first) {
		sender = container_of(first, struct thread, send_node);
		match = match_sender(self, sender);
		rb_remove(&endpoint->senders, first);
		store_relaxed(&sender->wait_kind, WAIT_NONE);
	} else if (operands->is_nonblocking) {
		status = ST_WOULDBLOCK;
	} else {
		park_receiver(self, endpoint, cap, operands->deadline);
	}
	spin_unlock(&endpoint->object.lock);
	return sender ? receive_from(self, sender, match) : status;
}

/* Offer the reply object of the second handle, if one is given. */
static long offer_reply(struct thread *self)
{
	struct reply *reply;
	struct cap cap;
	handle_t handle = arch_handle2(&self->regs);
	long status;

	if (handle == HANDLE_NULL)
		return ST_OK;
	status = cap_lookup(&self->process->caps, handle, TYPE_REPLY, RIGHT_USE, &cap);
	if (status != ST_OK)
		return status;
	reply = container_of(cap.object, struct reply, object);
	if (!atomic_compare_exchange(&reply->caller, NULL, REPLY_OFFERED_BY(self)))
		return cap_is_current(&cap) ? ST_BUSY : ST_BADHANDLE;
	store_relaxed(&self->reply, reply);
	if (cap_is_current(&cap))
		return ST_OK;
	reply_withdraw(self);
	return ST_BADHANDLE;
}

static long receive(struct thread *self, const struct cap *cap, const struct operands *operands)
{
	long status = offer_reply(self);
	u64 bits = 0;

	if (status == ST_OK)
		status = thread_window_reserve(self, operands->accept);
	/* Only now, since bits that were taken cannot be refused. */
	if (status == ST_OK)
		bits = notification_take_bound(self);
	if (bits)
		message_deliver_bits(self, bits);
	else if (status == ST_OK)
		status = endpoint_receive(self, cap, operands);
	if (status != SYSCALL_DONE) {
		reply_withdraw(self);
		thread_window_release(self);
	}
	return status;
}

long sys_ipc_receive(struct thread *self)
{
	struct cap_space *space = &self->process->caps;
	struct operands operands;
	struct cap cap, reply;
	long status, range;

	status = cap_lookup(space, arch_handle(&self->regs), TYPE_ENDPOINT, RIGHT_RECEIVE, &cap);
	if (status != ST_OK)
		return status;
	range = operands_decode(self, OPERANDS_RECEIVE, &operands);
	if (range == ST_OK)
		return receive(self, &cap, &operands);
	/* Both handles are refused before the tag is. */
	if (arch_handle2(&self->regs) != HANDLE_NULL)
		status = cap_lookup(space, arch_handle2(&self->regs), TYPE_REPLY, RIGHT_USE,
				    &reply);
	return status != ST_OK ? status : range;
}

long sys_ipc_reply_receive(struct thread *self)
{
	struct cap_space *space = &self->process->caps;
	u64 tag = arch_tag(&self->regs);
	struct operands operands;
	struct cap cap, reply;
	long status =
		cap_lookup(space, arch_handle(&self->regs), TYPE_ENDPOINT, RIGHT_RECEIVE, &cap);

	if (status == ST_OK)
		status =
			cap_lookup(space, arch_handle2(&self->regs), TYPE_REPLY, RIGHT_USE, &reply);
	if (status == ST_OK)
		status = operands_decode(self, OPERANDS_SEND | OPERANDS_RECEIVE, &operands);
	if (status == ST_OK)
		status = reply_send(self, &reply, &operands);
	if (status != ST_OK)
		return status;
	/* The first step is done: what remains, also after a restart, is a receive. */
	arch_set_tag(&self->regs, (tag & ~(u64)MSG_CALL_MASK) | SYS_ipc_receive);
	return receive(self, &cap, &operands);
}
