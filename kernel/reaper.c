// SPDX-License-Identifier: MIT
/*
 * The reaper: what nobody can reach any more is taken apart here.
 *
 * Owns: each CPU's list of objects to work on.  Only its own CPU touches a
 * list, so it has no lock; an object is on at most one (object->is_queued,
 * object lock).  A step is bounded; kernel_exit takes pending interrupts
 * between steps.  The reaper is a thread without a process: it is queued,
 * chosen and blocked like any other, but never enters user mode.
 */
#include <kernel/irq.h>
#include <kernel/ipc.h>
#include <kernel/memory.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/reaper.h>
#include <kernel/sched.h>

static struct thread reapers[CONFIG_NR_CPUS];

void reaper_init_cpu(struct cpu *cpu)
{
	struct thread *reaper = &reapers[cpu->index];

	reaper->home = cpu;
	reaper->priority = REAPER_PRIORITY;
	reaper->state = THREAD_BLOCKED;
	list_init(&reaper->run_link);
	list_init(&reaper->wait_link);
	rb_node_init(&reaper->timer);
	rb_node_init(&reaper->send_node);
	cpu->reaper = reaper;
}

static void list_push_back(struct cpu *cpu, struct object *object)
{
	object->next = NULL;
	if (cpu->reap_last)
		cpu->reap_last->next = object;
	else
		cpu->reap_first = object;
	cpu->reap_last = object;
}

static void list_push_front(struct cpu *cpu, struct object *object)
{
	object->next = cpu->reap_first;
	cpu->reap_first = object;
	if (!cpu->reap_last)
		cpu->reap_last = object;
}

static struct object *list_pop(struct cpu *cpu)
{
	struct object *object = cpu->reap_first;

	if (!object)
		return NULL;
	cpu->reap_first = object->next;
	if (!cpu->reap_first)
		cpu->reap_last = NULL;
	return object;
}

void reaper_add(struct object *object)
{
	struct cpu *cpu = arch_this_cpu();
	struct thread *reaper = cpu->reaper;

	list_push_back(cpu, object);
	/*
	 * Waiting for a flush, it finds the object when it wakes.  wait_kind does not tell: a
	 * claimant on another CPU may have cleared it and not posted the thread home yet.
	 */
	if (reaper->state == THREAD_BLOCKED && !reaper->wait_object)
		sched_make_runnable(reaper);
}

/* What its type wants done before the capabilities of a dead object are swept. */
static enum reap reap_users(struct object *object)
{
	switch (object->type) {
	case TYPE_THREAD:
		return thread_reap(thread_of(object)) ? REAP_RELEASED : REAP_LATER;
	case TYPE_ENDPOINT:
		return endpoint_wake_dead(container_of(object, struct endpoint, object), true)
			       ? REAP_MORE : REAP_RELEASED;
	case TYPE_NOTIFICATION:
		return notification_wake_dead(container_of(object, struct notification, object),
					      true) ? REAP_MORE : REAP_RELEASED;
	case TYPE_REPLY:
		return reply_reap(container_of(object, struct reply, object)) ? REAP_RELEASED
									      : REAP_LATER;
	case TYPE_IRQ:
		irq_reap(container_of(object, struct irq, object));
		return REAP_RELEASED;
	default:
		return REAP_RELEASED;
	}
}

enum reap object_reap(struct object *object, struct vspace **wait)
{
	enum reap users = reap_users(object);
	enum sweep sweep;

	if (users != REAP_RELEASED)
		return users;
	spin_lock(&object->tree_lock);
	sweep = tree_sweep(object, 0, wait);
	spin_unlock(&object->tree_lock);
	if (sweep != SWEEP_DONE)
		return sweep == SWEEP_MORE ? REAP_MORE : REAP_FLUSH;
	/* No mapping is left on any CPU: frames may go. */
	if (object->type == TYPE_MEMORY &&
	    !memory_teardown_step(container_of(object, struct memory, object)))
		return REAP_MORE;
	object_release(object);
	return REAP_RELEASED;
}

void reaper_step(struct cpu *cpu)
{
	struct thread *reaper = cpu->reaper;
	struct object *object = list_pop(cpu);
	struct vspace *wait = NULL;
	enum reap result = REAP_IDLE;

	if (object && object->type == TYPE_PROCESS)
		result = process_reap(container_of(object, struct process, object), &wait);
	else if (object)
		result = object_reap(object, &wait);

	if (result == REAP_LATER)
		list_push_back(cpu, object);
	else if (result == REAP_MORE || result == REAP_FLUSH)
		list_push_front(cpu, object);

	/* flush_wait() blocks the reaper if there is something to wait for. */
	if (result == REAP_FLUSH && flush_wait(wait, reaper))
		return;
	if (cpu->reap_first) {
		sched_yield(reaper);
	} else {
		reaper->wait_object = NULL; /* idle: for reaper_add() to wake */
		sched_block(reaper, TIME_NEVER);
	}
}
