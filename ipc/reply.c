// SPDX-License-Identifier: MIT
/*
 * Replies: the right to answer one call.
 *
 * Owns: reply->caller, which holds the whole state.  Every end of a call
 * (answer, timeout, kill, interruption, destruction) wins the compare-exchange
 * from the caller to NULL; the loser gets CALLER_GONE and writes nothing.
 */
#include "ipc_internal.h"
#include <generated/syscall_protos.h>
#include <kernel/panic.h>
#include <kernel/process.h>

void reply_withdraw(struct thread *thread)
{
	if (thread->reply)
		atomic_compare_exchange(&thread->reply->caller, REPLY_OFFERED_BY(thread), NULL);
	thread->reply = NULL;
}

/* The caller's home wanted its wait ended while it belonged to a claimant. */
static void finish_cancelled(struct thread *caller)
{
	u32 cancel = load_relaxed(&caller->cancel);

	wait_failed(caller, cancel & CANCEL_TIMEOUT ? ST_TIMEDOUT : ST_INTERRUPTED);
}

void reply_park(struct reply *reply, struct thread *caller)
{
	caller->reply = reply;
	store_release(&caller->wait_kind, WAIT_REPLY);
	/* Published: from here on anybody may answer, and the caller is not ours. */
	store_release(&reply->caller, caller);
	if (thread_parked_remotely(caller))
		finish_cancelled(caller);
}

void wait_failed(struct thread *thread, long status)
{
	if (thread->is_fault && status != ST_INTERRUPTED)
		process_fault(thread->process, thread);
	thread_wait_ended(thread, status);
	sched_wake(thread);
}

/* Deliver to the claimed caller, or find out that it does not fit. */
static long answer(struct thread *self, struct thread *caller, const struct operands *operands)
{
	long status = ST_OK;

	if (caller->is_fault) {
		caller->reply = NULL;
		fault_answer(caller, operands->tag, arch_words(&self->regs)[0]);
		return ST_OK;
	}
	status = message_check(operands->words, operands->caps, caller);
	if (status != ST_OK)
		return status;
	message_deliver(self, caller, 0);
	caller->reply = NULL;
	sched_hand_off(caller);
	return ST_OK;
}

long reply_send(struct thread *self, const struct cap *cap, const struct operands *operands)
{
	struct reply *reply = container_of(cap->object, struct reply, object);
	struct thread *caller = load_acquire(&reply->caller);
	long status;

	if (!reply_has_caller(caller) || !atomic_compare_exchange(&reply->caller, caller, NULL))
		return ST_CALLER_GONE;
	store_release(&caller->wait_kind, WAIT_NONE);
	/* The object may have been destroyed and be somebody else's by now. */
	status = cap_is_current(cap) ? answer(self, caller, operands) : ST_BADHANDLE;
	if (status != ST_OK)
		reply_park(reply, caller);
	return status;
}

bool reply_reap(struct reply *reply)
{
	struct thread *caller = load_acquire(&reply->caller);

	if (!caller)
		return true;
	if (!reply_has_caller(caller)) {
		/* Taken: its message is just being delivered, then it is a caller. */
		if (!((u64)caller & 2))
			atomic_compare_exchange(&reply->caller, caller, NULL);
		return false;
	}
	if (atomic_compare_exchange(&reply->caller, caller, NULL)) {
		store_release(&caller->wait_kind, WAIT_NONE);
		caller->reply = NULL;
		wait_failed(caller, ST_DEAD);
	}
	return true;
}

long sys_ipc_reply(struct thread *self)
{
	struct operands operands;
	struct cap cap;
	long status = cap_lookup(&self->process->caps, arch_handle(&self->regs), TYPE_REPLY,
				 RIGHT_USE, &cap);

	if (status == ST_OK)
		status = operands_decode(self, OPERANDS_SEND, &operands);
	return status == ST_OK ? reply_send(self, &cap, &operands) : status;
}
