// SPDX-License-Identifier: MIT
/*
 * Invariants of single objects: fields in range, pointers to what they are to
 * point to, both ends of a tie, the place in memory, and who has reserved the
 * slots that are in use and empty.
 */
#include <kernel/ipc.h>
#include <kernel/irq.h>
#include <kernel/memory.h>
#include <kernel/process.h>
#include <kernel/slot.h>
#include <kernel/thread.h>

#include "check.h"

#define REQUESTS_ALL (REQUEST_WAKE | REQUEST_KILL | REQUEST_SUSPEND | REQUEST_SIGNAL | \
		      REQUEST_MOVE | REQUEST_INTERRUPT | REQUEST_ARRIVE | REQUEST_REAP)
#define LIST_ENTRIES (PAGE_SIZE / sizeof(paddr_t))
#define GRANULE 16

/* ---- the place in memory ---- */

static u8 is_taken[HOST_MEMORY_SIZE / GRANULE];

/* Objects and leaves of slots lie one beside the other, in memory of the kernel's, for ever. */
static void check_place(const void *start, u64 size, u64 detail)
{
	paddr_t at = ptr_to_phys(start);

	check(IS_ALIGNED(at, GRANULE), 2, "alignment", detail);
	check(frame_use[at >> PAGE_SHIFT] == FRAME_SLAB &&
		      frame_use[(at + size - 1) >> PAGE_SHIFT] == FRAME_SLAB,
	      2, "in memory that is not the kernel's", detail);
	for (u64 i = at / GRANULE; i <= (at + size - 1) / GRANULE; i++) {
		check(!is_taken[i], 2, "two in one place", detail);
		is_taken[i] = 1;
	}
}

static void check_object_place(const struct object *object)
{
	static const u32 sizes[TYPE_MAX + 1] = {
		[TYPE_PROCESS] = sizeof(struct process),
		[TYPE_THREAD] = sizeof(struct thread),
		[TYPE_ENDPOINT] = sizeof(struct endpoint),
		[TYPE_REPLY] = sizeof(struct reply),
		[TYPE_NOTIFICATION] = sizeof(struct notification),
		[TYPE_MEMORY] = sizeof(struct memory),
		[TYPE_IRQ] = sizeof(struct irq),
		[TYPE_IOPORT] = sizeof(struct ioport),
		[TYPE_SYSTEM] = sizeof(struct system),
	};
	u64 header = object->type == TYPE_THREAD ? offsetof(struct thread, object) : 0;

	check(object->type && object->type <= TYPE_MAX, 1, "header", object_id(object));
	check_place((const char *)object - header, sizes[object->type], object_id(object));
}

void check_places(void)
{
	static u32 next, next_leaf = 1;

	for (const struct object *object; (object = alloc_object(next)) != NULL; next++)
		check_object_place(object);
	for (;; next_leaf++) {
		struct slot **page = cap_leaves[next_leaf / LEAF_PAGE];

		if (!page || !page[next_leaf % LEAF_PAGE])
			return;
		check_place(page[next_leaf % LEAF_PAGE], CAP_LEAF_SLOTS * sizeof(struct slot),
			    next_leaf);
	}
}

/* ---- threads ---- */

static bool is_on_list(const struct list *head, const struct list *link)
{
	list_for_each (other, head)
		if (other == link)
			return true;
	return false;
}

static void check_page(const struct thread *thread, u32 id)
{
	const struct process *process = thread->process;
	u32 index = thread->page_index;

	if (!thread->page)
		return;
	check(index < MESSAGE_WINDOW_PAGES &&
		      thread->page_address == MESSAGE_WINDOW + index * PAGE_SIZE,
	      1, "the address of a message page", id);
	check(process->pages_in_use[index / 64] & BIT(index % 64), 1,
	      "a message page that is free for another thread", id);
	check(process->vspace.window &&
		      pte_paddr(process->vspace.window[index]) == ptr_to_phys(thread->page),
	      1, "a message page that its thread does not see", id);
}

static void check_window(const struct thread *thread, u32 id)
{
	check(thread->window_count <= MSG_MAX_CAPS, 1, "a window", id);
	check(!thread->window_count || thread->state == THREAD_BLOCKED, 8,
	      "a thread goes on with its window", id);
	for (u32 i = 0; i < thread->window_count; i++)
		check(thread->window[i] && cap_type(thread->window[i]->token) == TYPE_NONE &&
			      leaf_of(thread->window[i])->space == &thread->process->caps,
		      8, "a window of slots that are not reserved here", id);
}

/* What a blocked thread points to is of the kind that its wait says. */
static void check_wait(const struct thread *thread, u32 id)
{
	const struct endpoint *endpoint = thread->wait_object;
	const struct notification *notification = thread->wait_object;

	if (thread->wait_kind == WAIT_SEND || thread->wait_kind == WAIT_RECEIVE)
		check(endpoint->object.type == TYPE_ENDPOINT, 1, "it waits at no endpoint", id);
	if (thread->wait_kind == WAIT_NOTIFY)
		check(notification->object.type == TYPE_NOTIFICATION, 1,
		      "it waits at no notification", id);
	check(!thread->reply || thread->reply->object.type == TYPE_REPLY, 1, "a reply object", id);
	check(!thread->reply || thread->state == THREAD_BLOCKED, 9,
	      "a thread goes on with a reply object", id);
}

/* A deadline is on the list of the home CPU, which will be interrupted for it. */
static void check_timer(const struct thread *thread, u32 id)
{
	const struct cpu *home = thread->home;
	struct rb_node *node = rb_first(&home->timer_queue[thread->priority].tree);
	bool is_there = false;

	for (u32 count = 0; node; node = rb_next(node)) {
		is_there |= node == &thread->timer;
		check(++count < 100000, 6, "a list of deadlines without end", id);
	}
	check(rb_is_linked(&thread->timer) == is_there, 6, "a deadline in another's list", id);
	check(!is_there || thread->state == THREAD_BLOCKED, 6,
	      "a deadline of a thread that does not wait", id);
	check(!is_there || home->next_timer <= thread->timer.rank, 6,
	      "a deadline that its CPU does not know of", id);
}

static void check_thread_fields(const struct thread *thread, u32 id)
{
	const struct process *process = thread->process;

	check(!(thread->requests & ~REQUESTS_ALL) &&
		      !(thread->cancel & ~(CANCEL_KILL | CANCEL_TIMEOUT | CANCEL_INTERRUPT)),
	      1, "requests", id);
	check(thread->priority <= THREAD_MAX_PRIORITY, 1, "priority", id);
	if (thread->state == THREAD_DEAD)
		return;
	check(process->object.type == TYPE_PROCESS && process->object.state != OBJECT_FREE &&
		      !process->has_ended,
	      1, "a thread of a process that is no more", id);
	check(thread->priority <= process->top_priority, 1,
	      "a thread more urgent than its process knows", id);
	check(thread->number && thread->number <= process->next_number, 1, "number", id);
	check(is_on_list(&process->threads, &thread->process_link) ||
		      is_on_list(&process->stopped, &thread->process_link),
	      1, "a thread that its process does not know", id);
	check_page(thread, id);
	check_window(thread, id);
	check_wait(thread, id);
	check_timer(thread, id);
	check(!thread->bound || thread->bound->object.type == TYPE_NOTIFICATION, 1,
	      "bound to no notification", id);
}

/* ---- processes ---- */

/* A slot of the kernel's own that holds a capability of @type for an object, or has held one. */
static void check_held(u32 number, u8 type, u32 id)
{
	const struct slot *slot = number ? slot_by_number(number) : NULL;

	check(!slot || (leaf_of(slot)->space == &kernel_space &&
			(cap_type(slot->token) == TYPE_NONE || cap_type(slot->token) == type)),
	      1, "a slot of the kernel's own", id);
}

/* Who is told to die finds that where it looks next. */
static void check_stopped(const struct thread *thread, u32 id)
{
	check((thread->requests & REQUEST_KILL) || (thread->cancel & CANCEL_KILL), 4,
	      "a thread that is to die, and nobody tells it", id);
}

static void check_members(const struct process *process, u32 id)
{
	u32 nr_threads = 0, nr_pages = 0, nr_in_use = 0;

	list_for_each (link, &process->threads) {
		const struct thread *thread = list_entry(link, struct thread, process_link);

		check(thread->process == process && thread->state != THREAD_DEAD, 1,
		      "a member of another process", id);
		nr_threads++;
		nr_pages += thread->page != NULL;
	}
	list_for_each (link, &process->stopped) {
		const struct thread *thread = list_entry(link, struct thread, process_link);

		check(thread->process == process && thread->state != THREAD_DEAD, 1,
		      "a member of another process", id);
		check_stopped(thread, id);
		nr_threads++;
		nr_pages += thread->page != NULL;
	}
	for (u32 i = 0; i < ARRAY_SIZE(process->pages_in_use); i++)
		nr_in_use += (u32)__builtin_popcountl(process->pages_in_use[i]);
	check(nr_threads == process->nr_threads && nr_threads <= process->next_number, 1,
	      "the number of threads", id);
	check(nr_pages == nr_in_use, 1, "the number of message pages", id);
}

static void check_process_fields(const struct process *process, u32 id)
{
	check_held(process->fault_slot, TYPE_ENDPOINT, id);
	check_held(process->watch_slot, TYPE_NOTIFICATION, id);
	check(process->top_priority <= THREAD_MAX_PRIORITY, 1, "priority", id);
	check_members(process, id);
	check(!process->is_ending || list_is_empty(&process->threads) || process->is_urgent, 4,
	      "an end that some threads are not told of", id);
	check(!process->is_gone || (process->is_ending && !process->nr_threads), 4, "gone", id);
	check(!process->is_gone || process->has_ended || process->object.is_queued, 4,
	      "an ended process that nobody takes apart", id);
	check(!process->has_ended ||
		      (process->is_gone && !process->caps.directory && !process->vspace.root &&
		       !process->fault_slot && !process->watch_slot),
	      4, "an end that was told too early", id);
}

/* ---- queues ---- */

static void check_waiter(const struct thread *thread, const void *object, u8 kind, u32 id)
{
	check(thread->state == THREAD_BLOCKED && thread->wait_kind == kind &&
		      thread->wait_object == object,
	      6, "in a queue, and waits elsewhere", id);
}

static void check_queues(const struct object *object, u32 id)
{
	const struct endpoint *endpoint = container_of(object, struct endpoint, object);
	const struct notification *notification = container_of(object, struct notification, object);

	if (object->type == TYPE_NOTIFICATION) {
		list_for_each (link, &notification->waiters)
			check_waiter(list_entry(link, struct thread, wait_link), notification,
				     WAIT_NOTIFY, id);
		return;
	}
	for (struct rb_node *node = rb_first(&endpoint->senders); node; node = rb_next(node))
		check_waiter(container_of(node, struct thread, send_node), endpoint, WAIT_SEND, id);
	list_for_each (link, &endpoint->receivers)
		check_waiter(list_entry(link, struct thread, wait_link), endpoint, WAIT_RECEIVE,
			     id);
}

/* ---- the others ---- */

static void check_memory_fields(const struct memory *memory, u32 id)
{
	u64 lists = memory->depth ? DIV_ROUND_UP(memory->nr_pages, LIST_ENTRIES) : 0;

	check(memory->nr_pages && memory->depth <= 2 && memory->cursor <= memory->nr_pages, 1,
	      "memory", id);
	check(memory->nr_charged == (memory->is_physical ? 0 :
				     memory->nr_pages + lists + (memory->depth > 1)),
	      14, "what a memory object has paid for", id);
	check(memory->is_physical || memory->nr_pages <= MEMORY_MAX_PAGES, 1, "pages", id);
	check(!memory->is_sealed || (memory->is_sealing && !memory->nr_writable), 12,
	      "sealed, and somebody may write", id);
}

static void check_irq(const struct irq *irq, u32 id)
{
	check(irq->line < arch_irq_count() || irq->object.state == OBJECT_DYING, 1, "a line", id);
	check_held(irq->sink, TYPE_NOTIFICATION, id);
}

void check_fields(const struct object *object, u32 id)
{
	const struct ioport *ioport = container_of(object, struct ioport, object);

	switch (object->type) {
	case TYPE_THREAD:
		check_thread_fields(container_of(object, struct thread, object), id);
		break;
	case TYPE_PROCESS:
		check_process_fields(container_of(object, struct process, object), id);
		break;
	case TYPE_ENDPOINT:
	case TYPE_NOTIFICATION: check_queues(object, id); break;
	case TYPE_REPLY:
		check(!object->tree_first || !slot_by_number(object->tree_first)->next, 9,
		      "two capabilities of a reply object", id);
		break;
	case TYPE_MEMORY:
		check_memory_fields(container_of(object, struct memory, object), id);
		break;
	case TYPE_IRQ: check_irq(container_of(object, struct irq, object), id); break;
	case TYPE_IOPORT:
		check(ioport->count && ioport->first + ioport->count <= 0x10000, 1, "ports", id);
		break;
	default: break;
	}
}

/* ---- slots that are in use and empty ---- */

static u32 window_slots(const struct list *threads)
{
	u32 count = 0;

	list_for_each (link, threads)
		count += list_entry(link, struct thread, process_link)->window_count;
	return count;
}

/* Slots that somebody waits to fill: while no CPU is in the kernel they are in a window. */
static u32 reserved_by_threads(const struct process *process)
{
	return window_slots(&process->threads) + window_slots(&process->stopped);
}

/* Those of the kernel's own stay with who holds the capability, also when that has gone. */
static u32 reserved_by_holders(void)
{
	const struct object *object;
	u32 count = 0;

	for (u32 id = 0; (object = alloc_object(id)) != NULL; id++) {
		const struct process *process = container_of(object, struct process, object);
		u32 held[2] = { 0, 0 };

		if (object->state != OBJECT_FREE && object->type == TYPE_IRQ)
			held[0] = container_of(object, struct irq, object)->sink;
		if (object->state != OBJECT_FREE && object->type == TYPE_PROCESS) {
			held[0] = process->fault_slot;
			held[1] = process->watch_slot;
		}
		for (u32 i = 0; i < 2; i++)
			count += held[i] && cap_type(slot_by_number(held[i])->token) == TYPE_NONE;
	}
	return count;
}

void check_reserved(const struct cap_space *space, u32 nr_filled, u64 detail)
{
	u32 reserved = space->owner ? reserved_by_threads(space->owner) : reserved_by_holders();

	check(space->nr_used == nr_filled + reserved, 8, "a slot is in use and nobody has it",
	      detail);
}
