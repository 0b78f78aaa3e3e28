// SPDX-License-Identifier: MIT
/*
 * Threads: creation, end, and the window for incoming capabilities.
 *
 * A thread ends on its home CPU only (thread_die), when it neither waits nor
 * is claimed, so nobody else touches it.  Its object stays for thread_info
 * until the last capability is gone, then the reaper of its home releases it:
 * the home also serves the thread's inbox entries, so none can be under way.
 */
#include <kernel/ipc.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/sched.h>

long thread_create(struct process *process, const struct thread_start *start, struct thread **out)
{
	struct object *object = object_alloc(TYPE_THREAD);
	struct thread *thread;
	long status;

	if (!object)
		return ST_NOMEM;
	thread = thread_of(object);
	arch_regs_init(&thread->regs, start->entry, start->stack, start->argument);
	thread->process = process;
	/* Atomic: somebody may still look at the thread that lived here before. */
	store_relaxed(&thread->home, start->cpu);
	store_relaxed(&thread->priority, start->priority);
	store_relaxed(&thread->state, THREAD_INACTIVE);
	list_init(&thread->process_link);
	list_init(&thread->run_link);
	list_init(&thread->wait_link);
	rb_node_init(&thread->timer);
	rb_node_init(&thread->send_node);
	status = process_attach(process, thread, start);
	if (status != ST_OK) {
		object_discard(object);
		return status;
	}
	*out = thread;
	return ST_OK;
}

void thread_die(struct thread *thread)
{
	struct cpu *cpu = arch_this_cpu();
	struct object *object = &thread->object;
	bool is_dying, is_reachable;
	u32 generation;

	ASSERT(thread->home == cpu && load_relaxed(&thread->wait_kind) == WAIT_NONE);
	timer_stop(thread);
	thread_window_release(thread);
	store_release(&thread->state, THREAD_DEAD);
	fence_full(); /* partner: binding a notification looks at the state after it */
	(void)notification_unbind(thread, NULL);
	process_thread_gone(thread->process, thread);

	/* Whoever kills the object from now on sees DEAD and asks this CPU to reap. */
	spin_lock(&object->lock);
	generation = object->generation;
	is_dying = object->state == OBJECT_DYING;
	if (is_dying)
		object_queue(object, false);
	spin_unlock(&object->lock);
	if (is_dying)
		return;
	spin_lock(&object->tree_lock);
	/* One that has had no capability yet is about to get it from its creator. */
	is_reachable = object->tree_first || !object->is_named;
	spin_unlock(&object->tree_lock);
	if (!is_reachable)
		object_kill(object, generation);
}

void thread_kill(struct thread *thread)
{
	if (load_relaxed(&thread->state) != THREAD_DEAD)
		thread_post(thread, REQUEST_KILL);
	else if (load_relaxed(&thread->home) == arch_this_cpu())
		object_queue(&thread->object, false);
	else
		thread_post(thread, REQUEST_REAP);
}

bool thread_reap(struct thread *thread)
{
	/* Posters check the generation under the object lock: no new request can come. */
	return !load_relaxed(&thread->requests);
}

long thread_window_reserve(struct thread *thread, u32 count)
{
	ASSERT(thread->window_count == 0 && count <= MSG_MAX_CAPS);
	while (thread->window_count < count) {
		struct slot *slot = cap_reserve(&thread->process->caps);

		if (!slot) {
			thread_window_release(thread);
			return ST_NOSLOTS;
		}
		thread->window[thread->window_count++] = slot;
	}
	return ST_OK;
}

void thread_window_release(struct thread *thread)
{
	for (u32 i = 0; i < thread->window_count; i++)
		if (thread->window[i])
			cap_unreserve(thread->window[i]);
	thread->window_count = 0;
}
