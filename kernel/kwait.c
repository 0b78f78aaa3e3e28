// SPDX-License-Identifier: MIT
/*
 * Queues of threads that wait for the kernel itself; see kernel/kwait.h.
 */
#include <kernel/kwait.h>
#include <kernel/sched.h>

struct spinlock kwait_lock = { .rank = LOCK_KWAIT };

void kwait_park(struct list *queue, struct thread *thread)
{
	list_append(queue, &thread->wait_link);
	store_relaxed(&thread->wait_kind, WAIT_KERNEL);
}

void kwait_take(struct thread *thread, struct list *ready)
{
	list_remove(&thread->wait_link);
	store_relaxed(&thread->wait_kind, WAIT_NONE);
	list_append(ready, &thread->wait_link);
}

void kwait_wake(struct list *ready)
{
	struct list *link;

	while ((link = list_first(ready)) != NULL) {
		list_remove(link);
		sched_wake(list_entry(link, struct thread, wait_link));
	}
}

bool kwait_cancel(struct thread *thread)
{
	bool is_ours;

	spin_lock(&kwait_lock);
	is_ours = thread->wait_kind == WAIT_KERNEL;
	if (is_ours) {
		list_remove(&thread->wait_link);
		store_relaxed(&thread->wait_kind, WAIT_NONE);
	}
	spin_unlock(&kwait_lock);
	return is_ours;
}
