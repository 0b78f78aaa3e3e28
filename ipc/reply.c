// SPDX-License-Identifier: MIT
/*
 * Replies: the right to answer one call.
 *
 * Owns: reply->caller, which holds the whole state.  Every end of a call
 * (answer, timeout, kill, interruption, destruction) wins the compare-exchange
 * away from the caller; the loser gets CALLER_GONE and writes nothing.  Whoever
 * may have to park the caller again exchanges it with TAKEN_BY: so the reaper of
 * a dead reply object waits for him and does not miss the caller.
 */
#include "ipc_internal.h"
#include <generated/syscall_protos.h>
#include <kernel/panic.h>
#include <kernel/process.h>

void reply_withdraw(struct thread *thread)
{
	if (thread->reply)
		atomic_compare_exchange(&thread->reply->caller, REPLY_OFFERED_BY(thread), NULL);
	store_relaxed(&thread->reply, NULL);
}

/* The call of @caller, which is ours, is over: the object may be offered again. */
static void call_end(struct reply *reply, struct thread *caller)
{
	store_relaxed(&caller->reply, NULL);
	store_release(&reply->caller, NULL);
}

void reply_park(struct reply *reply, struct thread *caller)
{
	u32 cancel;

	do {
		store_relaxed(&caller->reply, reply);
		store_release(&caller->wait_kind, WAIT_REPLY);
		/* Published: from here on anybody may answer, and the caller is not ours. */
		store_release(&reply->caller, caller);
		fence_full(); /* partner: thread_cancel() */
		if (!load_relaxed(&caller->cancel) ||
		    !atomic_compare_exchange(&reply->caller, caller, REPLY_TAKEN_BY(caller)))
			return;
		store_relaxed(&caller->wait_kind, WAIT_NONE);
		/* Answered meanwhile, it may be here with another call, which nobody wants ended. */
		cancel = load_relaxed(&caller->cancel);
	} while (!cancel);
	/* Its home wanted the wait ended while it belonged to a claimant. */
	call_end(reply, caller);
	wait_failed(caller, cancel & CANCEL_TIMEOUT ? ST_TIMEDOUT : ST_INTERRUPTED);
}

void wait_failed(struct thread *thread, long status)
{
	if (thread->is_fault && status == ST_NOREPLY)
		process_fault(thread->process, thread);
	thread_wait_ended(thread, status);
	sched_wake(thread);
}

/* Deliver to the claimed caller, or find out that it does not fit. */
static long answer(struct thread *self, struct reply *reply, struct thread *caller,
		   const struct operands *operands)
{
	long status = ST_OK;

	if (caller->is_fault) {
		call_end(reply, caller);
		fault_answer(caller, operands->tag, arch_words(&self->regs)[0]);
		return ST_OK;
	}
	status = message_check(operands->words, operands->caps, caller);
	if (status != ST_OK)
		return status;
	message_deliver(self, caller, 0);
	call_end(reply, caller);
	sched_hand_off(caller);
	return ST_OK;
}

long reply_send(struct thread *self, const struct cap *cap, const struct operands *operands)
{
	struct reply *reply = container_of(cap->object, struct reply, object);
	struct thread *caller = load_acquire(&reply->caller);
	long status;

	if (!reply_has_caller(caller) ||
	    !atomic_compare_exchange(&reply->caller, caller, REPLY_TAKEN_BY(caller)))
		return ST_CALLER_GONE;
	store_relaxed(&caller->wait_kind, WAIT_NONE);
	/* The object may have been destroyed and be somebody else's by now. */
	status = cap_is_current(cap) ? answer(self, reply, caller, operands) : ST_BADHANDLE;
	if (status != ST_OK)
		reply_park(reply, caller);
	return status;
}

bool reply_reap(struct reply *reply)
{
	struct thread *caller;

	/* An exchange, because a load might miss the offer of who does not know yet that it is dead. */
	if (atomic_compare_exchange(&reply->caller, NULL, REPLY_GONE))
		return true;
	caller = load_relaxed(&reply->caller);
	if (caller == REPLY_GONE)
		return true;
	if (!reply_has_caller(caller)) {
		/* Taken: its message or the answer is just being delivered. */
		if (!((u64)caller & 2))
			atomic_compare_exchange(&reply->caller, caller, NULL);
		return false;
	}
	/* Answered just now, and perhaps on offer again: not to be let go before that has an end. */
	if (!atomic_compare_exchange(&reply->caller, caller, NULL))
		return false;
	store_relaxed(&caller->wait_kind, WAIT_NONE);
	store_relaxed(&caller->reply, NULL);
	wait_failed(caller, caller->is_fault ? ST_NOREPLY : ST_DEAD);
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
