// SPDX-License-Identifier: MIT
/*
 * Invariants of objects, capabilities, threads and queues, looked at while no
 * CPU is in the kernel: then whatever is under way is in an inbox, in a list of
 * a reaper or in a queue, and everything else fits together.  The numbers are
 * those of the list in the manual (Documentation/simulator.rst).
 */
#include <string.h>

#include <kernel/atomic.h>
#include <kernel/ipc.h>
#include <kernel/irq.h>
#include <kernel/memory.h>
#include <kernel/process.h>
#include <kernel/slot.h>
#include <kernel/thread.h>

#include "check.h"

#define MAX_DEPTH (CAP_MAX_DEPTH + 1)
#define MAX_THREADS 1024
#define MAX_SLOTS 32768

static u64 nr_nodes, nr_filled; /* of all trees; in all spaces */
static u64 nr_leaves;           /* of all spaces */
struct holdings holdings;

/* Where threads were met: each may be in one run queue and in one inbox. */
static struct sighting {
	const struct thread *thread;
	bool is_queued, is_posted;
} sightings[MAX_THREADS];
static u32 nr_sightings;

void check(bool is_true, u32 invariant, const char *what, u64 detail)
{
	char kind[32];

	if (is_true)
		return;
	snprintf(kind, sizeof(kind), "invariant %u", invariant);
	fail(kind, "invariant %u: %s (%lx)", invariant, what, detail);
}

/* ---- capabilities ---- */

/* The last node of each depth: the ancestors of the next one. */
struct ancestors {
	u32 rights[MAX_DEPTH];
	u64 badge[MAX_DEPTH];
};

static void check_node(const struct object *object, const struct slot *slot, u32 previous,
		       struct ancestors *above)
{
	u64 token = slot->token;
	u8 depth = cap_depth(token),
	   before = previous ? cap_depth(slot_by_number(previous)->token) : 0;

	check(slot->prev == previous, 5, "derivation links are not mutual", object_id(object));
	check(slot->object == object_id(object), 5, "a node names another object",
	      object_id(object));
	check(cap_type(token) == object->type ||
		      (cap_type(token) == TYPE_MAPPING && object->type == TYPE_MEMORY),
	      5, "a node has another type", token);
	check(slot->generation == object->generation || object->state == OBJECT_DYING, 5,
	      "a node of another generation", object_id(object));
	above->rights[depth] = cap_rights(token);
	above->badge[depth] = slot->badge;
	/* A sweep deletes parents before their children. */
	if (object->revoke_root || object->state == OBJECT_DYING)
		return;
	check(previous ? depth >= 1 && depth <= before + 1 : depth == 0, 5, "depth", token);
	check(!depth || !(cap_rights(token) & ~above->rights[depth - 1]), 5,
	      "a child has rights its parent lacks", token);
	if (cap_type(token) == TYPE_MAPPING)
		return;
	check(!depth || !above->badge[depth - 1] || above->badge[depth - 1] == slot->badge, 5,
	      "a child has another badge than its parent", token);
	check(!previous || depth <= before ||
		      cap_type(slot_by_number(previous)->token) != TYPE_MAPPING,
	      5, "a child of a mapping", token);
}

static void check_tree(const struct object *object)
{
	struct ancestors above;
	u32 previous = 0, count = 0;
	bool has_root = !object->revoke_root;

	for (u32 number = object->tree_first; number; number = slot_by_number(number)->next) {
		check_node(object, slot_by_number(number), previous, &above);
		has_root |= number == object->revoke_root;
		previous = number;
		nr_nodes++;
		check(++count < 100000, 5, "a derivation list without end", object_id(object));
	}
	check(has_root, 4, "a revocation below a node that is gone", object_id(object));
}

/* Since the last look the slot may have changed hands: then it answers to another handle. */
static void check_reuse(const struct cap_space *space, const struct slot *slot)
{
	static struct slot before[MAX_SLOTS];
	static u64 owners[MAX_SLOTS];
	u32 number = slot_number(slot) % MAX_SLOTS;
	/* Of an ending process the slots may be another's at the next look. */
	u64 owner = !space->owner	    ? 1 :
		    space->owner->is_ending ? 0 :
					      (u64)space + space->owner->object.generation;
	struct slot *old = &before[number];
	bool was_filled = cap_type(old->token) != TYPE_NONE && owner && owner == owners[number];

	owners[number] = owner;
	check(!was_filled || cap_handle(old->token) != cap_handle(slot->token) ||
		      (cap_type(slot->token) == cap_type(old->token) &&
		       old->object == slot->object && old->generation == slot->generation &&
		       old->badge == slot->badge),
	      8, "a stale handle names something else", cap_handle(slot->token));
	*old = *slot;
}

static void check_space(const struct cap_space *space, u64 detail)
{
	u32 nr_free = 0, nr_here = 0;

	for (u32 i = 0; i < space->nr_leaves * CAP_LEAF_SLOTS; i++) {
		const struct slot *slot = &space->directory[i / CAP_LEAF_SLOTS][i % CAP_LEAF_SLOTS];

		if (!(i % CAP_LEAF_SLOTS))
			continue;
		check(leaf_of(slot)->space == space, 8, "a slot belongs to another space", detail);
		check_reuse(space, slot);
		check(HANDLE_INDEX(cap_slot_handle(slot)) == i, 8,
		      "a slot answers to another handle", i);
		if (cap_type(slot->token) != TYPE_NONE)
			nr_here++;
	}
	nr_filled += nr_here;
	for (u32 number = space->free_first; number; number = slot_by_number(number)->next) {
		check(cap_type(slot_by_number(number)->token) == TYPE_NONE, 8,
		      "a free slot is filled", number);
		check(nr_free++ < space->nr_free, 8, "more free slots than counted", detail);
	}
	nr_leaves += space->nr_leaves;
	check(nr_free == space->nr_free, 8, "fewer free slots than counted", detail);
	check(space->nr_used + nr_free == space->nr_leaves * (CAP_LEAF_SLOTS - 1), 8,
	      "slots that are neither free nor in use", detail);
	check_reserved(space, nr_here, detail);
}

/* ---- queues ---- */

static struct sighting *sighting_of(const struct thread *thread)
{
	for (u32 i = 0; i < nr_sightings; i++)
		if (sightings[i].thread == thread)
			return &sightings[i];
	check(nr_sightings < MAX_THREADS, 0, "too many threads for the check", nr_sightings);
	sightings[nr_sightings] = (struct sighting){ .thread = thread };
	return &sightings[nr_sightings++];
}

static void check_runqueue(const struct cpu *cpu)
{
	const struct runqueue *queue = &cpu->runqueue;
	u32 count = 0;

	for (u32 i = 0; i < NR_PRIORITIES; i++) {
		check(list_is_empty(&queue->queue[i]) == !(queue->bitmap & BIT(i)), 15,
		      "the bitmap and a queue disagree", i);
		list_for_each (link, &queue->queue[i]) {
			const struct thread *thread = list_entry(link, struct thread, run_link);

			check(thread->state == THREAD_RUNNABLE && thread->home == cpu, 15,
			      "a queued thread is not runnable here", object_id(&thread->object));
			check(thread->priority == i, 15, "a thread in another's queue", i);
			check(!sighting_of(thread)->is_queued, 15, "queued twice",
			      object_id(&thread->object));
			sighting_of(thread)->is_queued = true;
			count++;
		}
	}
	check(count == queue->nr_queued, 15, "the number of queued threads", cpu->index);
}

static void check_posted(const struct thread *first)
{
	for (const struct thread *thread = first; thread; thread = thread->inbox_next) {
		check(thread->requests, 6, "a thread in an inbox without a request",
		      object_id(&thread->object));
		check(!sighting_of(thread)->is_posted, 6, "a thread in two inboxes",
		      object_id(&thread->object));
		sighting_of(thread)->is_posted = true;
	}
}

/* What was posted finds the CPU on its way out, or an interrupt is under way to it. */
static void check_inbox(const struct machine_cpu *machine)
{
	const struct cpu *cpu = machine->cpu;

	check((!cpu->inbox && !cpu->kick) || machine->has_ipi ||
		      machine->deadline <= machine_time || machine->mode == MODE_WINDOW,
	      6, "something was posted and no interrupt will tell", cpu->index);
	check(!cpu->inbox_backlog || machine->mode == MODE_WINDOW, 6,
	      "the rest of a batch is forgotten", cpu->index);
	check_posted(cpu->inbox);
	check_posted(cpu->inbox_backlog);
}

/* Who runs is the best there is, and an equal who waits gets his turn. */
static void check_choice(const struct machine_cpu *machine)
{
	const struct cpu *cpu = machine->cpu;
	u64 rivals = cpu->runqueue.bitmap >> cpu->current->priority;

	check(rivals <= 1, 15, "a better thread waits", cpu->index);
	check(!rivals || machine->deadline <= cpu->quantum_end || machine_is_interrupted(machine),
	      15, "nothing will end the turn of the running thread", cpu->index);
}

/* The reaper that is to tell more threads of a process to die is more urgent than each of them. */
static bool is_urgent_here(const struct cpu *cpu, const struct object *object)
{
	const struct process *process = container_of(object, struct process, object);

	if (!process->is_urgent)
		return false;
	check(cpu->reap_hurry >= MIN(process->top_priority + 1, (u32)THREAD_MAX_PRIORITY), 15,
	      "a thread outruns who is to tell it to die", object_id(object));
	return true;
}

static u32 count_urgent(const struct cpu *cpu)
{
	u32 count = 0;

	for (const struct object *object = cpu->reap_first; object; object = object->next)
		switch (object->type) {
		case TYPE_PROCESS: count += is_urgent_here(cpu, object); break;
		case TYPE_ENDPOINT:
			count += container_of(object, struct endpoint, object)->pass.number != 0;
			break;
		case TYPE_NOTIFICATION:
			count += container_of(object, struct notification, object)->pass.number
				 != 0;
			break;
		default: break;
		}
	return count;
}

/* What the kernel believes of the register that names the space of users. */
static void check_loaded(const struct cpu *cpu)
{
	const struct vspace *space = cpu->loaded;
	u64 word = space ? space->root | space->word[cpu->index].asid : 0;

	check(mmu_loaded(cpu->index) == word, 11, "a space is loaded that is not the one it says",
	      cpu->index);
}

static void check_cpu(const struct machine_cpu *machine)
{
	const struct cpu *cpu = machine->cpu;

	if (machine->mode != MODE_USER && machine->mode != MODE_IDLE &&
	    machine->mode != MODE_WINDOW)
		return;
	if (machine->mode == MODE_IDLE) {
		check(!cpu->current && !cpu->runqueue.nr_queued, 7, "idle with threads to run",
		      cpu->index);
		check(!cpu->loaded, 7, "idle with a space of users", cpu->index);
	} else if (machine->mode == MODE_USER) {
		check(cpu->current == machine->thread && cpu->current->state == THREAD_RUNNING &&
			      cpu->current->home == cpu,
		      15, "the running thread", cpu->index);
		check(cpu->loaded == &cpu->current->process->vspace, 11, "another space is loaded",
		      cpu->index);
		check_choice(machine);
	}
	check((machine->mode == MODE_IDLE) == !!cpu->idle_since || machine->mode == MODE_WINDOW, 7,
	      "time counted as idle", cpu->index);
	check_loaded(cpu);
	check(machine->deadline <= cpu->next_timer || cpu->next_timer == TIMERS_OVERDUE ||
		      machine_is_interrupted(machine) || machine->mode == MODE_WINDOW,
	      6, "a deadline for which no interrupt will come", cpu->index);
	check_runqueue(cpu);
	check_inbox(machine);
	check(cpu->reap_urgent == count_urgent(cpu), 4, "what is urgent here", cpu->index);
	check(cpu->reaper->priority >= MAX(cpu->reap_hurry, (u32)REAPER_PRIORITY), 15,
	      "the reaper is less urgent than its work", cpu->index);
	check(cpu->kick & CPU_KICK_REAP || cpu->reaper->priority >= cpu->reap_donated, 15,
	      "the reaper is less urgent than who waits for it", cpu->index);
	check(!cpu->reap_first || cpu->reaper->state != THREAD_BLOCKED || cpu->reaper->wait_object,
	      4, "the reaper sleeps over objects", cpu->index);
}

/* ---- threads ---- */

static bool is_on_list(const struct list *head, const struct list *link)
{
	list_for_each (other, head)
		if (other == link)
			return true;
	return false;
}

static bool is_on_tree(const struct rbtree *tree, const struct rb_node *node)
{
	for (struct rb_node *other = rb_first(tree); other; other = rb_next(other))
		if (other == node)
			return true;
	return false;
}

static bool is_waiting_there(const struct thread *thread)
{
	void *object = thread->wait_object;

	switch (thread->wait_kind) {
	case WAIT_SEND:
		return is_on_tree(&((struct endpoint *)object)->senders, &thread->send_node);
	case WAIT_RECEIVE:
		return is_on_list(&((struct endpoint *)object)->receivers, &thread->wait_link);
	case WAIT_NOTIFY:
		return is_on_list(&((struct notification *)object)->waiters, &thread->wait_link);
	case WAIT_KERNEL: return list_is_linked(&thread->wait_link);
	case WAIT_REPLY: return thread->reply && thread->reply->caller == thread;
	case WAIT_SLEEP: return true;
	default: /* claimed: on its way home */ return thread->requests & REQUEST_WAKE;
	}
}

/* Whose capability is gone learns it at once, or from a pass that is under way. */
static void check_right_to_wait(const struct thread *thread)
{
	const struct endpoint *endpoint = thread->wait_object;
	const struct notification *notification = thread->wait_object;
	const struct object *object;
	const struct wake_pass *pass;

	if (thread->wait_kind == WAIT_NOTIFY) {
		object = &notification->object;
		pass = &notification->pass;
	} else if (thread->wait_kind == WAIT_SEND || thread->wait_kind == WAIT_RECEIVE) {
		object = &endpoint->object;
		pass = &endpoint->pass;
	} else {
		return;
	}
	check(thread->wait_slot->token == thread->wait_token || object->state != OBJECT_LIVE ||
		      pass->number,
	      6, "a thread waits by a capability that is gone", object_id(&thread->object));
}

static void check_thread(const struct thread *thread)
{
	struct sighting *sighting = sighting_of(thread);
	u32 id = object_id(&thread->object);

	check(thread->home >= cpus && thread->home < cpus + NR_CPUS, 1, "home", id);
	check(thread->state <= THREAD_DEAD && thread->wait_kind <= WAIT_KERNEL, 1, "state", id);
	check(thread->process->object.type == TYPE_PROCESS, 1, "process", id);
	check(!thread->requests || sighting->is_posted, 6, "a request that nobody will see", id);
	if (thread->state == THREAD_BLOCKED)
		check(is_waiting_there(thread), 6, "blocked, but not in the queue", id);
	else
		check(thread->wait_kind == WAIT_NONE, 6, "in a queue, but not blocked", id);
	check_right_to_wait(thread);
	/* Whoever parks a thread again looks whether it is still to wait. */
	check(!thread->cancel || thread->wait_kind == WAIT_NONE, 6, "a wait that was ended goes on",
	      id);
	if (thread->state == THREAD_RUNNABLE)
		check(sighting->is_queued != !!(thread->requests & REQUEST_ARRIVE), 15,
		      "runnable, but in no queue", id);
	else
		check(!sighting->is_queued, 15, "queued, but not runnable", id);
	check(thread->state != THREAD_RUNNING || !(thread->requests & REQUEST_ARRIVE), 15,
	      "running before it has arrived", id);
	check(!thread->cancel || thread->state == THREAD_BLOCKED || thread->state == THREAD_DEAD,
	      6, "it goes on, and is to end", id);
	check(thread->state == THREAD_DEAD || thread->is_suspended == thread->wants_suspend ||
		      thread->requests & REQUEST_SUSPEND,
	      6, "suspended or not, as nobody wants it", id);
	check(!thread->bound || thread->bound->bound == thread, 1, "bound one way only", id);
	check(!thread->is_fault || thread->state == THREAD_BLOCKED ||
		      thread->state == THREAD_DEAD,
	      1, "a thread goes on with its fault unanswered", id);
	if (thread->state == THREAD_RUNNING)
		check(thread->home->current == thread, 15, "running nowhere", id);
	check(thread->state != THREAD_DEAD || !thread->window_count, 8,
	      "a dead thread has a window", id);
}

/* Somebody waits for what is there already. */
static void check_meeting(const struct object *object)
{
	if (object->type == TYPE_ENDPOINT) {
		const struct endpoint *endpoint = container_of(object, struct endpoint, object);

		check(!rb_first(&endpoint->senders) || list_is_empty(&endpoint->receivers), 6,
		      "a sender and a receiver wait for each other", object_id(object));
	} else if (object->type == TYPE_NOTIFICATION) {
		const struct notification *notification =
			container_of(object, struct notification, object);

		check(!notification->bits || list_is_empty(&notification->waiters), 6,
		      "a thread waits for bits that are set", object_id(object));
		check(!notification->bound || notification->bound->bound == notification, 1,
		      "bound one way only", object_id(object));
		check(!notification->bound || !notification->bits ||
			      notification->bound->wait_kind != WAIT_RECEIVE ||
			      notification->bound->requests & REQUEST_SIGNAL,
		      6, "a receiver is not told of its bits", object_id(object));
	} else if (object->type == TYPE_REPLY) {
		struct thread *caller = container_of(object, struct reply, object)->caller;

		check(!((u64)caller & 2), 9, "a call was never delivered", object_id(object));
		check(!reply_has_caller(caller) || caller->wait_kind == WAIT_REPLY, 9,
		      "a reply object for a caller that does not wait", object_id(object));
		check(!((u64)caller & 1) || caller == REPLY_GONE ||
			      ((struct thread *)((u64)caller & ~3UL))->wait_kind == WAIT_RECEIVE,
		      9, "a reply object on offer by a thread that does not receive",
		      object_id(object));
		caller = (struct thread *)((u64)caller & ~3UL);
		check(!caller || &caller->reply->object == object, 9, "a reply object of another",
		      object_id(object));
	}
}

/* ---- objects ---- */

static bool is_on_reaper(const struct object *object)
{
	for (u32 i = 0; i < NR_CPUS; i++)
		for (const struct object *other = cpus[i].reap_first; other; other = other->next)
			if (other == object)
				return true;
	return false;
}

/* Lives on without a capability, or dies without being on a list. */
static bool has_holder(const struct object *object)
{
	const struct thread *thread = container_of(object, struct thread, object);
	const struct process *process = container_of(object, struct process, object);

	if (object->type == TYPE_THREAD)
		return thread->state != THREAD_DEAD || thread->requests;
	if (object->type == TYPE_PROCESS)
		return process->nr_threads || object->is_queued;
	return false;
}

/* Threads wait at it, or for it. */
static bool has_waiters(const struct object *object)
{
	const struct endpoint *endpoint = container_of(object, struct endpoint, object);

	switch (object->type) {
	case TYPE_ENDPOINT:
		return rb_first(&endpoint->senders) || !list_is_empty(&endpoint->receivers);
	case TYPE_NOTIFICATION:
		return !list_is_empty(
			&container_of(object, struct notification, object)->waiters);
	case TYPE_REPLY: return container_of(object, struct reply, object)->caller > REPLY_GONE;
	default: return false;
	}
}

static void check_object(const struct object *object, u32 id)
{
	if (object->state == OBJECT_FREE) {
		check(!object->tree_first, 3, "a free object has capabilities", id);
		check(!has_waiters(object), 6, "threads wait at a free object", id);
		return;
	}
	check_tree(object);
	check(object->is_queued == is_on_reaper(object), 4, "on a reaper's list, or not", id);
	if (object->state == OBJECT_LIVE)
		check(object->tree_first || has_holder(object), 3, "alive, but nobody has it", id);
	else
		check(object->is_queued || has_holder(object), 4, "dying, but nobody works on it",
		      id);
	check_fields(object, id);
	check_meeting(object);
	if (object->type == TYPE_THREAD)
		check_thread(container_of(object, struct thread, object));
	if (object->type == TYPE_PROCESS &&
	    container_of(object, struct process, object)->caps.directory)
		check_space(&container_of(object, struct process, object)->caps, id);
}

/* A line has one object at most, and one that is open an object that listens. */
static void check_lines(void)
{
	u32 listening = 0, taken = 0;
	struct object *object;

	for (u32 id = 0; (object = alloc_object(id)) != NULL; id++) {
		const struct irq *irq = container_of(object, struct irq, object);

		if (object->type != TYPE_IRQ || object->state == OBJECT_FREE ||
		    irq->line >= arch_irq_count())
			continue;
		check(!(taken & 1u << irq->line), 10, "a line of two objects", irq->line);
		taken |= 1u << irq->line;
		listening |= irq->sink ? 1u << irq->line : 0;
	}
	check(!(machine_open_lines() & ~listening), 10, "an open line that nobody listens to",
	      machine_open_lines());
}

/* Slabs hold objects, for ever, leaves of slots, and regions. */
static void check_items(void)
{
	static u64 unexplained;
	static bool is_known;
	u64 known = nr_leaves + holdings.regions;

	for (u32 id = 0; alloc_object(id); id++)
		known++;
	if (!is_known)
		unexplained = alloc_items_in_use() - known;
	is_known = true;
	check(alloc_items_in_use() - known == unexplained, 13, "an item of a slab was lost",
	      alloc_items_in_use() - known - unexplained);
}

static void count_process(const struct process *process)
{
	const struct vspace *space = &process->vspace;

	if (process->caps.directory)
		holdings.slots += process->caps.nr_used;
	if (!space->root)
		return;
	for (struct rb_node *node = rb_first(&space->regions); node; node = rb_next(node))
		holdings.regions++;
	list_for_each (link, &space->limbo)
		holdings.regions += !list_entry(link, struct region, limbo)->size;
}

void count_holdings(void)
{
	struct object *object;

	holdings = (struct holdings){ .slots = kernel_space.nr_used };
	for (u32 id = 0; (object = alloc_object(id)) != NULL; id++) {
		if (object->state == OBJECT_FREE)
			continue;
		holdings.objects++;
		if (object->type == TYPE_PROCESS)
			count_process(container_of(object, struct process, object));
	}
}

static u32 nr_followed; /* links, in one look */

struct list *check_next(const struct list *link)
{
	check(nr_followed++ < 1000000, 6, "a list without end", 0);
	return link->next;
}

void check_all(void)
{
	struct object *object;

	nr_followed = 0;
	nr_sightings = 0;
	check_places(); /* first: what lies in two places looks like anything */
	count_holdings();
	nr_leaves = 0;
	nr_nodes = nr_filled = 0;
	for (u32 i = 0; i < options.cpus; i++)
		check_cpu(&machine_cpus[i]);
	for (u32 id = 0; (object = alloc_object(id)) != NULL; id++)
		check_object(object, id);
	check_space(&kernel_space, 0);
	check(nr_nodes == nr_filled, 8, "filled slots are not on a derivation list", nr_filled);
	check_lines();
	check_memory();
	check_items();
}

void check_quiet(void)
{
	check_all();
	for (u32 i = 0; i < options.cpus; i++)
		check(machine_cpus[i].mode != MODE_IDLE || cpus[i].next_timer == TIME_NEVER, 6,
		      "a timer that was never armed", i);
}
