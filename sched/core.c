// SPDX-License-Identifier: MIT
/*
 * Choosing: fixed priorities, round robin among equals, tickless.
 *
 * Owns: thread->state of this CPU's threads, the quantum, the timer.  Handlers
 * only change states; the exit path asks sched_choose() once and switches.  A
 * thread that was preempted goes back to the front of its priority and keeps
 * its turn; one whose quantum ended, or that yields, goes to the end.  The
 * timer is armed for the end of the quantum only while an equal waits.
 */
#include "sched_internal.h"
#include <kernel/panic.h>

#define QUANTUM ((ktime_t)CONFIG_SCHED_QUANTUM_US * 1000)

void sched_init_cpu(struct cpu *cpu)
{
	runqueue_init(&cpu->runqueue);
	cpu->next_timer = TIME_NEVER;
	list_init(&cpu->timers);
	cpu->deadline_armed = TIME_NEVER;
}

/* Into the queue; the running thread may have to give way now, or at the end of its turn. */
static void enqueue(struct cpu *cpu, struct thread *thread, bool at_front)
{
	store_relaxed(&thread->state, THREAD_RUNNABLE);
	runqueue_add(&cpu->runqueue, thread, at_front);
	if (cpu->current && thread->priority >= cpu->current->priority)
		cpu->pending = true;
}

void sched_make_runnable(struct thread *thread)
{
	ASSERT(thread->home == arch_this_cpu());
	enqueue(thread->home, thread, false);
}

void sched_dequeue(struct thread *thread)
{
	runqueue_remove(&thread->home->runqueue, thread);
}

/* The thread in user mode stops running: account its time. */
void sched_leave(struct thread *thread)
{
	struct cpu *cpu = arch_this_cpu();

	if (cpu->current != thread)
		return;
	/* Atomic like the switches below: whoever asks for the figures reads them as they are. */
	store_relaxed(&thread->cpu_time, thread->cpu_time + (arch_now() - cpu->counted_to));
	cpu->current = NULL;
}

void sched_block(struct thread *self, ktime_t deadline)
{
	sched_leave(self);
	store_release(&self->state, THREAD_BLOCKED);
	self->has_deadline = deadline != TIME_NEVER;
	if (deadline != TIME_NEVER)
		timer_start(self, deadline);
}

void sched_yield(struct thread *self)
{
	sched_leave(self);
	sched_make_runnable(self);
}

void sched_set_priority(struct thread *thread, u8 priority)
{
	bool is_queued = thread->state == THREAD_RUNNABLE, has_timer = rb_is_linked(&thread->timer);

	if (is_queued)
		sched_dequeue(thread);
	if (has_timer)
		timer_remove(thread);
	store_relaxed(&thread->priority, priority);
	if (has_timer)
		timer_start(thread, thread->timer.rank);
	if (is_queued)
		sched_make_runnable(thread);
}

/* Wake at home at once, else by the inbox. */
static void wake(struct thread *thread, bool at_front)
{
	struct cpu *cpu = arch_this_cpu();

	/*
	 * A thread that is to die or stop does so in thread_returned(), without locks held. One
	 * that is still moving here is no thread of this CPU before its arrival is handled.
	 */
	if (load_acquire(&thread->home) != cpu || load_relaxed(&thread->cancel) ||
	    (load_relaxed(&thread->requests) & REQUEST_ARRIVE) || thread->is_suspended) {
		thread_post(thread, REQUEST_WAKE);
		return;
	}
	timer_stop(thread);
	enqueue(cpu, thread, at_front);
}

void sched_wake(struct thread *thread)
{
	wake(thread, false);
}

void sched_hand_off(struct thread *thread)
{
	wake(thread, true);
}

/* Does the running thread give way to one of priority @best? */
static bool must_switch(const struct cpu *cpu, const struct thread *running, int best, ktime_t now)
{
	if (best < 0)
		return false;
	return best > running->priority || (best == running->priority && now >= cpu->quantum_end);
}

static void preempt(struct cpu *cpu, struct thread *running, ktime_t now)
{
	sched_leave(running);
	store_relaxed(&running->state, THREAD_RUNNABLE);
	/* With a fresh turn instead, frequent short preemptions would starve its equals. */
	running->quantum_left = now < cpu->quantum_end ? cpu->quantum_end - now : 0;
	runqueue_add(&cpu->runqueue, running, running->quantum_left != 0);
}

void sched_preempt(struct cpu *cpu)
{
	if (cpu->current)
		preempt(cpu, cpu->current, arch_now());
}

struct thread *sched_choose(struct cpu *cpu)
{
	struct thread *running = cpu->current;
	ktime_t now = arch_now();
	struct thread *next;

	if (running) {
		int best = runqueue_best(&cpu->runqueue);

		ASSERT(running->state == THREAD_RUNNING);
		if (!must_switch(cpu, running, best, now))
			return running;
		preempt(cpu, running, now);
	}
	next = runqueue_take(&cpu->runqueue);
	if (!next)
		return NULL;
	store_relaxed(&next->state, THREAD_RUNNING);
	cpu->counted_to = now;
	cpu->current = next;
	cpu->quantum_end = now + (next->quantum_left ? next->quantum_left : QUANTUM);
	next->quantum_left = 0;
	store_relaxed(&cpu->nr_switches, cpu->nr_switches + 1);
	return next;
}

static __always_inline void arm(struct cpu *cpu, const struct thread *next, ktime_t when)
{
	if (next && (cpu->runqueue.bitmap & BIT(next->priority)))
		when = MIN(when, cpu->quantum_end);
	if (when == cpu->deadline_armed)
		return;
	cpu->deadline_armed = when;
	arch_set_deadline(when);
}

/*
 * Who is more urgent than all that are overdue is not interrupted for them before its turn ends.
 * Then it is: by the short way of messages somebody less urgent may have got the turn.
 */
static noinline void arm_overdue(struct cpu *cpu, const struct thread *next)
{
	ktime_t when = TIMERS_OVERDUE;

	if (next)
		when = MIN(timer_first(cpu, next->priority), cpu->quantum_end);
	arm(cpu, next, when);
}

void sched_arm(struct cpu *cpu, struct thread *next)
{
	if (unlikely(cpu->next_timer == TIMERS_OVERDUE))
		arm_overdue(cpu, next);
	else
		arm(cpu, next, cpu->next_timer);
}

void sched_tick(struct cpu *cpu)
{
	cpu->deadline_armed = TIME_NEVER; /* the architecture disarmed it */
	cpu->pending = true;
	timeout_expire(cpu, arch_now());
}
