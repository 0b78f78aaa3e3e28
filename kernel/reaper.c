// SPDX-License-Identifier: MIT
/*
 * The reaper: what nobody can reach any more is taken apart here.
 *
 * Owns: each CPU's list of objects to work on.  Only its own CPU touches a
 * list, so it has no lock; an object is on at most one (object->is_queued,
 * object lock).  A step is bounded; kernel_exit takes pending interrupts
 * between steps.  The reaper is a thread without a process: it is queued,
 * chosen and blocked like any other, but never enters user mode.
 *
 * Its priority is low, and lent to it: by threads that wait for memory which is
 * being taken apart; while it still stops threads of an ended process, or wakes
 * those whose capability has died, by whoever caused that.
 */
#include <kernel/kwait.h>
#include <kernel/irq.h>
#include <kernel/ipc.h>
#include <kernel/memory.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/reaper.h>
#include <kernel/sched.h>

#define WAKE_BATCH BATCH(16)

static struct thread reapers[CONFIG_NR_CPUS];
static u64 busy; /* atomic, bit a CPU: its list is not empty */
static u32 nr_rests; /* atomic: how often a reaper had nothing left */
static struct list waiters = { &waiters, &waiters }; /* for memory; kwait_lock */

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

void reaper_set_priority(struct cpu *cpu)
{
	u32 lent = MAX(load_relaxed(&cpu->reap_donated), cpu->reap_hurry);
	u32 priority = MAX(lent, REAPER_PRIORITY);

	if (cpu->reaper->priority != priority)
		sched_set_priority(cpu->reaper, (u8)priority);
}

void reaper_hurry(u32 priority)
{
	struct cpu *cpu = arch_this_cpu();

	if (cpu->current)
		priority = MAX(priority, (u32)cpu->current->priority);
	cpu->reap_urgent++;
	cpu->reap_hurry = MAX(cpu->reap_hurry, MIN(priority + 1, (u32)THREAD_MAX_PRIORITY));
	reaper_set_priority(cpu);
}

void reaper_calm_down(void)
{
	struct cpu *cpu = arch_this_cpu();

	if (!--cpu->reap_urgent)
		cpu->reap_hurry = 0;
	reaper_set_priority(cpu);
}

void reaper_add(struct object *object, bool first)
{
	struct cpu *cpu = arch_this_cpu();
	struct thread *reaper = cpu->reaper;

	if (!cpu->reap_first)
		atomic_fetch_or(&busy, BIT(cpu->index));
	if (first)
		list_push_front(cpu, object);
	else
		list_push_back(cpu, object);
	/*
	 * Waiting for a flush, it finds the object when it wakes.  wait_kind does not tell: a
	 * claimant on another CPU may have cleared it and not posted the thread home yet.
	 */
	if (reaper->state == THREAD_BLOCKED && !reaper->wait_object)
		sched_make_runnable(reaper);
}

/* ---- threads that wait for memory ---- */

static void lend_priority(struct cpu *cpu, u32 priority)
{
	u32 old;

	do {
		old = load_relaxed(&cpu->reap_donated);
		if (old >= priority)
			return;
	} while (!atomic_compare_exchange(&cpu->reap_donated, old, priority));
	cpu_kick(cpu, CPU_KICK_REAP);
}

bool reaper_wait(struct thread *self)
{
	u64 working;

	if (!load_acquire(&busy)) {
		/* Became it free after the refusal?  Once more, if one has finished since the last. */
		u32 finished = load_relaxed(&nr_rests), before = self->seen_rests;

		self->seen_rests = finished;
		return finished != before;
	}
	spin_lock(&kwait_lock);
	/* A reaper clears its bit and then takes the lock to wake whom it finds. */
	working = load_relaxed(&busy);
	if (working)
		kwait_park(&waiters, self);
	spin_unlock(&kwait_lock);
	if (working)
		sched_block(self, TIME_NEVER);
	for (u32 i = 0; i < nr_cpus_online; i++)
		if (working & BIT(i))
			lend_priority(&cpus[i], self->priority);
	return true; /* with nothing left to do all is done: try again */
}

/* Something has been finished: let them try again. Return: whether that were all. */
static bool wake_waiters(void)
{
	struct list ready, *link;
	bool is_empty;

	list_init(&ready);
	spin_lock(&kwait_lock);
	for (u32 n = 0; n < WAKE_BATCH && (link = list_first(&waiters)); n++)
		kwait_take(list_entry(link, struct thread, wait_link), &ready);
	is_empty = list_is_empty(&waiters);
	spin_unlock(&kwait_lock);
	kwait_wake(&ready);
	return is_empty;
}

/* What its type wants done before the capabilities of a dead object are swept. */
static enum reap reap_users(struct object *object)
{
	switch (object->type) {
	case TYPE_THREAD:
		return thread_reap(thread_of(object)) ? REAP_RELEASED : REAP_LATER;
	case TYPE_ENDPOINT:
	case TYPE_NOTIFICATION:
		return ipc_reap(object);
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

static enum reap step(struct object *object, struct vspace **wait)
{
	if (!object)
		return REAP_IDLE;
	if (object->type == TYPE_PROCESS)
		return process_reap(container_of(object, struct process, object), wait);
	return object_reap(object, wait);
}

/* The list is empty: block, unless there is somebody to wake still. */
static void rest(struct cpu *cpu)
{
	atomic_fetch_add(&nr_rests, 1);
	atomic_fetch_and(&busy, ~BIT(cpu->index)); /* partner: reaper_wait() looks at this first */
	store_relaxed(&cpu->reap_donated, 0);
	if (!wake_waiters())
		return; /* it keeps its turn for the rest of them */
	sched_block(cpu->reaper, TIME_NEVER);
	reaper_set_priority(cpu);
}

void reaper_step(struct cpu *cpu)
{
	struct thread *reaper = cpu->reaper;
	struct object *object = list_pop(cpu);
	struct vspace *wait = NULL;
	u32 urgent = cpu->reap_urgent;
	enum reap result;

	reaper->wait_object = NULL;
	result = step(object, &wait);
	if (cpu->reap_urgent > urgent && (result == REAP_MORE || result == REAP_FLUSH))
		result = REAP_LATER; /* the step has left something that is to come before */
	if (result == REAP_LATER)
		list_push_back(cpu, object);
	else if (result == REAP_MORE || result == REAP_FLUSH)
		list_push_front(cpu, object);

	if (!cpu->reap_first) {
		rest(cpu);
		return;
	}
	if (result == REAP_IDLE || result == REAP_RELEASED)
		wake_waiters();
	if (result == REAP_FLUSH) {
		reaper->wait_object = wait; /* for reaper_add(), after this step, if it blocks */
		(void)flush_wait(wait, reaper);
	}
	/* Else it keeps its turn: a step is short, and equals would take a whole one for each object. */
	if (result == REAP_LATER)
		sched_yield(reaper);
}
