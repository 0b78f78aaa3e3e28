/* SPDX-License-Identifier: MIT */
/*
 * Between the files of sched/.  All of it is about the queues of the CPU that runs.
 */
#ifndef SCHED_INTERNAL_H
#define SCHED_INTERNAL_H

#include <kernel/sched.h>

/** runqueue_init() - nobody is queued. */
void runqueue_init(struct runqueue *queue);

/** runqueue_add() - queue @thread behind, or before, the others of its priority. */
void runqueue_add(struct runqueue *queue, struct thread *thread, bool at_front);

/** runqueue_remove() - take off @thread, which is queued at its priority of now. */
void runqueue_remove(struct runqueue *queue, struct thread *thread);

/** runqueue_best() - the highest priority queued, -1 if none. */
int runqueue_best(const struct runqueue *queue);

/** runqueue_take() - the thread to run next, taken off, or NULL. */
struct thread *runqueue_take(struct runqueue *queue);

/** timer_first() - the earliest deadline of threads of @priority and above, TIME_NEVER if there is none. */
ktime_t timer_first(const struct cpu *cpu, u32 priority);

/** timeout_expire() - end the waits whose time has come, those of high priority first, a bounded number. */
void timeout_expire(struct cpu *cpu, ktime_t now);

#endif
