/* SPDX-License-Identifier: MIT */
/*
 * Between the files of sched/.
 */
#ifndef SCHED_INTERNAL_H
#define SCHED_INTERNAL_H

#include <kernel/sched.h>

void runqueue_init(struct runqueue *queue);

/** runqueue_add() - queue @thread behind, or before, the others of its priority. */
void runqueue_add(struct runqueue *queue, struct thread *thread, bool at_front);
void runqueue_remove(struct runqueue *queue, struct thread *thread);

/** runqueue_best() - the highest priority queued, -1 if none. */
int runqueue_best(const struct runqueue *queue);

/** runqueue_take() - the thread to run next, taken off, or NULL. */
struct thread *runqueue_take(struct runqueue *queue);

/** timeout_expire() - end the waits whose time has come, a bounded number. */
void timeout_expire(struct cpu *cpu, ktime_t now);

#endif
