// SPDX-License-Identifier: MIT
/*
 * Ending a wait for another reason than its purpose: timeout, interruption, kill.
 *
 * The home CPU first leaves its reason in thread->cancel and only then tries
 * to unlink the thread from what it waits on.  If a claimant was faster, the
 * thread either arrives home soon (and the reason is looked at there), or the
 * claimant parks it again (a sender becomes a caller, reply_park()): then the
 * claimant, after publishing, looks at thread->cancel itself.  Full fences on
 * both sides make sure that one of the two sees the other.
 */
#include <kernel/ipc.h>
#include <kernel/kwait.h>
#include <kernel/panic.h>
#include <kernel/thread.h>
#include <kernel/vspace.h>

/* The lock under which a thread in @kind is unlinked. */
static struct spinlock *wait_lock(void *object, u8 kind)
{
	switch (kind) {
	case WAIT_NOTIFY:
		return &((struct notification *)object)->object.lock;
	default:
		return &((struct endpoint *)object)->object.lock;
	}
}

static bool claim_queued(struct thread *thread, u8 kind)
{
	void *object = thread->wait_object;
	struct spinlock *lock = wait_lock(object, kind);
	bool is_won;

	/* Memory of these objects is type-stable: the lock is one even if the wait has ended. */
	spin_lock(lock);
	is_won = load_relaxed(&thread->wait_kind) == kind && thread->wait_object == object;
	if (is_won && kind == WAIT_SEND)
		rb_remove(&((struct endpoint *)object)->senders, &thread->send_node);
	else if (is_won)
		list_remove(&thread->wait_link);
	if (is_won)
		store_relaxed(&thread->wait_kind, WAIT_NONE);
	spin_unlock(lock);
	return is_won;
}

bool thread_claim(struct thread *thread)
{
	u8 kind = load_acquire(&thread->wait_kind);
	struct reply *reply;

	switch (kind) {
	case WAIT_NONE:
		return false;
	case WAIT_SLEEP:
		break;
	case WAIT_KERNEL:
		return kwait_cancel(thread);
	case WAIT_REPLY:
		/* A claimant that was faster clears it, and may be about to. */
		reply = load_relaxed(&thread->reply);
		if (!reply || !atomic_compare_exchange(&reply->caller, thread, NULL))
			return false;
		store_relaxed(&thread->reply, NULL);
		break;
	default:
		return claim_queued(thread, kind);
	}
	store_relaxed(&thread->wait_kind, WAIT_NONE);
	return true;
}

bool thread_cancel(struct thread *thread, u32 reason)
{
	atomic_fetch_or(&thread->cancel, reason);
	fence_full(); /* partner: reply_park() */
	if (thread_claim(thread))
		return true;
	thread->has_deadline = true; /* whoever has it, or gets it, is to look at @cancel */
	return false;
}

void thread_wait_ended(struct thread *thread, long status)
{
	if (thread->reply)
		atomic_compare_exchange(&thread->reply->caller, REPLY_OFFERED_BY(thread), NULL);
	store_relaxed(&thread->reply, NULL);
	thread_window_release(thread);
	if (thread->is_fault) {
		thread->is_fault = false; /* the instruction faults again */
		return;
	}
	arch_set_status(&thread->regs, status);
	arch_set_value(&thread->regs, 0, 0);
}
