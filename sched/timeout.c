// SPDX-License-Identifier: MIT
/*
 * Deadlines of blocked threads, on their home CPU.
 *
 * A thread whose time has come is claimed like by anybody else; if a claimant
 * was faster the timeout is left in thread->cancel, where it is either dropped
 * on arrival or found by a claimant that parks the thread again.
 */
#include "sched_internal.h"

#define EXPIRE_BATCH BATCH(16) /* what is left fires the timer again at once */

static void expire(struct thread *thread)
{
	bool was_sleeping = load_acquire(&thread->wait_kind) == WAIT_SLEEP;

	if (!thread_cancel(thread, CANCEL_TIMEOUT))
		return;
	thread_wait_ended(thread, was_sleeping ? ST_OK : ST_TIMEDOUT);
	thread_returned(thread);
}

void timeout_expire(struct cpu *cpu, ktime_t now)
{
	for (u32 i = 0; i < EXPIRE_BATCH; i++) {
		struct rb_node *timer = rb_first(&cpu->timers);

		if (!timer || timer->rank > now)
			return;
		rb_remove(&cpu->timers, timer);
		expire(container_of(timer, struct thread, timer));
	}
}
