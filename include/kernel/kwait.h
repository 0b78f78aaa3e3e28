/* SPDX-License-Identifier: MIT */
/*
 * Threads that wait for the kernel itself: for a shootdown, for other CPUs'
 * instruction fetch, for memory that is being taken apart.  Such a wait is
 * never half done: the thread issues its call again when it ends, so nothing
 * but a kill cuts it short.
 *
 * One lock for all of these queues: critical sections are a few stores, and a
 * waker may come so late that what the queue belongs to has ended and become
 * something else; with the lock outside of it he then finds nothing to do.
 */
#ifndef KERNEL_KWAIT_H
#define KERNEL_KWAIT_H

#include <kernel/thread.h>

extern struct spinlock kwait_lock;

/** kwait_park() - the running thread waits in @queue; sched_block() follows. Lock held. */
void kwait_park(struct list *queue, struct thread *thread);

/** kwait_take() - claim a waiter: from its queue to the list @ready. Lock held. */
void kwait_take(struct thread *thread, struct list *ready);

/** kwait_wake() - send those on @ready home. No lock held. */
void kwait_wake(struct list *ready);

/** kwait_cancel() - claim @thread, if nobody else did. Return: whether the caller is the claimant. */
bool kwait_cancel(struct thread *thread);

#endif
