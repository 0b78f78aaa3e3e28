// SPDX-License-Identifier: MIT
/*
 * The run queue of a CPU: threads that are runnable but not running.
 *
 * Owns: cpu->runqueue.  A bitmap of the non-empty priorities makes choosing
 * and queueing constant time.  Own CPU only, so there is no lock.
 */
#include "sched_internal.h"
#include <kernel/panic.h>

void runqueue_init(struct runqueue *queue)
{
	queue->bitmap = 0;
	queue->nr_queued = 0;
	for (u32 i = 0; i < NR_PRIORITIES; i++)
		list_init(&queue->queue[i]);
}

void runqueue_add(struct runqueue *queue, struct thread *thread, bool at_front)
{
	struct list *level = &queue->queue[thread->priority];

	ASSERT(!list_is_linked(&thread->run_link));
	if (at_front)
		list_prepend(level, &thread->run_link);
	else
		list_append(level, &thread->run_link);
	queue->bitmap |= BIT(thread->priority);
	queue->nr_queued++;
}

void runqueue_remove(struct runqueue *queue, struct thread *thread)
{
	ASSERT(list_is_linked(&thread->run_link));
	list_remove(&thread->run_link);
	if (list_is_empty(&queue->queue[thread->priority]))
		queue->bitmap &= ~BIT(thread->priority);
	queue->nr_queued--;
}

int runqueue_best(const struct runqueue *queue)
{
	return queue->bitmap ? 63 - __builtin_clzl(queue->bitmap) : -1;
}

struct thread *runqueue_take(struct runqueue *queue)
{
	int best = runqueue_best(queue);
	struct thread *thread;

	if (best < 0)
		return NULL;
	thread = list_entry(list_first(&queue->queue[best]), struct thread, run_link);
	runqueue_remove(queue, thread);
	return thread;
}
