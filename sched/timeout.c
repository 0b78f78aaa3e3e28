// SPDX-License-Identifier: MIT
/*
 * Deadlines of blocked threads, on their home CPU.
 *
 * Owns: cpu->timers.  One queue a priority, so that however many sleepers wake at
 * once, an urgent one wakes first.  Own CPU only, so there is no lock.  A wait that
 * ends early leaves cpu->next_timer and the hardware as they are: most do, and one
 * interrupt for nothing at the former deadline is cheaper than telling each of them.
 *
 * A thread whose time has come is claimed like by anybody else; if a claimant
 * was faster the timeout is left in thread->cancel, where it is either dropped
 * on arrival or found by a claimant that parks the thread again.
 */
#include "sched_internal.h"

#define EXPIRE_BATCH BATCH(16) /* what is left fires the timer again at once */

static void expire(struct thread *thread)
{
	bool was_sleeping = load_relaxed(&thread->wait_kind) == WAIT_SLEEP;

	if (!thread_cancel(thread, CANCEL_TIMEOUT))
		return;
	thread_wait_ended(thread, was_sleeping ? ST_OK : ST_TIMEDOUT);
	thread_returned(thread);
}

static struct timer_queue *queue_at(struct list *link)
{
	return list_entry(link, struct timer_queue, link);
}

/* Its priority is used for the first time; there it stays. */
static noinline void link_in(struct list *queues, struct timer_queue *queue)
{
	struct list *next = queues->next;

	while (next != queues && queue_at(next) > queue)
		next = next->next;
	list_append(next, &queue->link);
}

void timer_start(struct thread *thread, ktime_t deadline)
{
	struct cpu *cpu = thread->home;
	struct timer_queue *queue = &cpu->timer_queue[thread->priority];

	if (unlikely(!queue->link.next))
		link_in(&cpu->timers, queue);
	rb_insert(&queue->tree, &thread->timer, deadline);
	cpu->next_timer = MIN(cpu->next_timer, deadline);
}

ktime_t timer_first(const struct cpu *cpu, u32 priority)
{
	ktime_t first = TIME_NEVER;

	list_for_each (link, &cpu->timers) {
		const struct timer_queue *queue = queue_at(link);

		if (queue < &cpu->timer_queue[priority])
			break;
		if (rb_first(&queue->tree))
			first = MIN(first, rb_first(&queue->tree)->rank);
	}
	return first;
}

void timer_remove(struct thread *thread)
{
	rb_remove(&thread->home->timer_queue[thread->priority].tree, &thread->timer);
}

void timeout_expire(struct cpu *cpu, ktime_t now)
{
	u32 budget = EXPIRE_BATCH;
	struct rb_node *timer;

	cpu->next_timer = TIMERS_OVERDUE;
	list_for_each (link, &cpu->timers) {
		struct timer_queue *queue = queue_at(link);

		while ((timer = rb_first(&queue->tree)) && timer->rank <= now) {
			struct thread *thread = container_of(timer, struct thread, timer);

			if (!budget--)
				return;
			timer_remove(thread);
			expire(thread);
		}
	}
	cpu->next_timer = timer_first(cpu, 0);
}
