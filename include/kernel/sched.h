/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: fixed priorities, round robin among equals, one queue a CPU.
 * All of it runs on the thread's home CPU except sched_wake().
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include <kernel/cpu.h>
#include <kernel/thread.h>

/** sched_init_cpu() - empty queues, no timer armed. On the CPU itself. */
void sched_init_cpu(struct cpu *cpu);

/** sched_choose() - the thread to run now, NULL if none; it is taken off its queue. */
struct thread *sched_choose(struct cpu *cpu);

/** sched_block() - the running thread will not go on; it has parked itself. Deadline 0/TIME_NEVER: none. */
void sched_block(struct thread *self, ktime_t deadline);

/** sched_wake() - claimant: give the thread back to its home CPU, runnable. Any CPU. */
void sched_wake(struct thread *thread);

/** sched_hand_off() - like sched_wake(), and prefer it if it may run here at once (direct switch). */
void sched_hand_off(struct thread *thread);

/** sched_make_runnable() - home CPU: into the queue, preempt if better than the running one. */
void sched_make_runnable(struct thread *thread);

/** sched_dequeue() - home CPU: take a runnable thread off its queue. */
void sched_dequeue(struct thread *thread);

/** sched_yield() - the running thread to the end of its queue. */
void sched_yield(struct thread *self);

/** sched_preempt() - this CPU's running thread, if any, back to the front of its queue; it keeps its turn. */
void sched_preempt(struct cpu *cpu);

/** sched_set_priority() - home CPU; takes effect at the next choice. */
void sched_set_priority(struct thread *thread, u8 priority);

/** sched_leave() - the running thread stops for now; the caller says what becomes of it. */
void sched_leave(struct thread *self);

/** timer_start() - home CPU: the blocked thread's wait ends at @deadline. */
void timer_start(struct thread *thread, ktime_t deadline);

/** timer_remove() - home CPU: timer_stop()'s part for a thread with a deadline. */
void timer_remove(struct thread *thread);

/** timer_stop() - home CPU: the wait has no deadline, or none any more. */
static inline void timer_stop(struct thread *thread)
{
	if (rb_is_linked(&thread->timer))
		timer_remove(thread);
}

/** sched_tick() - the local timer fired: expire up to 16 timeouts, end a quantum. */
void sched_tick(struct cpu *cpu);

/** sched_arm() - program the timer for the next event before leaving to @next (NULL: idle). */
void sched_arm(struct cpu *cpu, struct thread *next);

#endif
