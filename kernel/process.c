// SPDX-License-Identifier: MIT
/*
 * Processes: members, message pages, the end.
 *
 *   new --thread--> running --end--> ending --last thread dead--> gone
 *   gone --reaper: capabilities, mappings, pages--> ended --no capability--> free
 *
 * The end is complete before it is told: the watcher's notification is
 * signalled when capabilities, mappings, message pages and charges are back.
 * The object itself stays for process_info until its last capability goes.
 */
#include <kernel/ipc.h>
#include <kernel/main.h>
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/reaper.h>
#include <kernel/thread.h>
#include <lib/string.h>

#define STOP_BATCH BATCH(16) /* threads told to die in a step */

struct process *process_create(void)
{
	struct object *object = object_alloc(TYPE_PROCESS);
	struct process *process = container_of(object, struct process, object);

	if (!object)
		return NULL;
	list_init(&process->threads);
	list_init(&process->stopped);
	if (cap_space_init(&process->caps, process) == ST_OK) {
		if (vspace_init(&process->vspace) == ST_OK)
			return process;
		(void)cap_space_free_step(&process->caps); /* there is nothing in it */
	}
	object_discard(object);
	return NULL;
}

bool process_may_go(struct process *process)
{
	bool may_go;

	spin_lock(&process->lock);
	may_go = process->has_ended || (!process->nr_threads && !process->is_gone);
	spin_unlock(&process->lock);
	return may_go;
}

/* ---- message pages ---- */

/* May there be another thread? Process lock held. */
static long attach_check(const struct process *process, const struct cap *by)
{
	if (by && !cap_is_current(by))
		return ST_BADHANDLE;
	return process->is_ending ? ST_DEAD : ST_OK;
}

/* Take the first free page of the window, @index. Process lock held. */
static long page_take(struct process *process, u32 *index)
{
	u32 i = 0;

	while (i < MESSAGE_WINDOW_PAGES && (process->pages_in_use[i / 64] & BIT(i % 64)))
		i += ~process->pages_in_use[i / 64] ? 1 : 64;
	if (i == MESSAGE_WINDOW_PAGES)
		return ST_NOMEM;
	process->pages_in_use[i / 64] |= BIT(i % 64);
	*index = i;
	return ST_OK;
}

static long page_reserve(struct process *process, const struct cap *by, u32 *index)
{
	long status;

	spin_lock(&process->lock);
	status = attach_check(process, by);
	/* Else the process may be another one by now, which does not hold the lock. */
	if (status == ST_OK)
		status = page_take(process, index);
	spin_unlock(&process->lock);
	return status;
}

/* Process lock held. */
static void page_put(struct process *process, u32 index)
{
	process->pages_in_use[index / 64] &= ~BIT(index % 64);
}

static void page_unreserve(struct process *process, u32 index)
{
	spin_lock(&process->lock);
	page_put(process, index);
	spin_unlock(&process->lock);
}

static long page_attach(struct process *process, struct thread *thread, const struct cap *by)
{
	paddr_t frame;
	u32 i = 0;
	long status = page_reserve(process, by, &i);

	if (status != ST_OK)
		return status;
	frame = vspace_message_page(&process->vspace, i);
	if (!frame) {
		page_unreserve(process, i);
		return ST_NOMEM;
	}
	thread->page = phys_to_ptr(frame);
	thread->page_index = i;
	store_relaxed(&thread->page_address, MESSAGE_WINDOW + i * PAGE_SIZE);
	return ST_OK;
}

/* ---- members ---- */

long process_attach(struct process *process, struct thread *thread,
		    const struct thread_start *start)
{
	long status = start->wants_page ? page_attach(process, thread, start->by) : ST_OK;

	if (status != ST_OK)
		return status;
	spin_lock(&process->lock);
	status = attach_check(process, start->by);
	if (status == ST_OK) {
		store_relaxed(&thread->number, ++process->next_number);
		list_append(&process->threads, &thread->process_link);
		process->nr_threads++;
		if (start->priority > process->top_priority)
			store_relaxed(&process->top_priority, start->priority);
	}
	spin_unlock(&process->lock);
	if (status != ST_OK && start->wants_page)
		page_unreserve(process, thread->page_index);
	return status;
}

bool process_allow_priority(struct process *process, u32 priority)
{
	bool is_ending;

	if (priority <= load_relaxed(&process->top_priority))
		return true;
	spin_lock(&process->lock);
	is_ending = process->is_ending;
	if (!is_ending)
		store_relaxed(&process->top_priority, MAX(process->top_priority, priority));
	spin_unlock(&process->lock);
	return !is_ending;
}

void process_thread_gone(struct process *process, struct thread *thread)
{
	bool was_last;

	/* The reaper of another CPU may see it gone only when it is queued: it could release it. */
	spin_lock(&process->object.lock);
	spin_lock(&process->lock);
	list_remove(&thread->process_link);
	if (thread->page)
		page_put(process, thread->page_index);
	thread->page = NULL;
	was_last = --process->nr_threads == 0;
	if (was_last) {
		store_relaxed(&process->is_ending, true);
		process->is_gone = true;
	}
	spin_unlock(&process->lock);
	/* Not when it is taken apart: what it has left running may keep the reaper from that. */
	if (was_last && process == init_process)
		init_has_ended(process);
	if (was_last)
		object_queue(&process->object, false);
	spin_unlock(&process->object.lock);
}

/* ---- the end ---- */

/* Tell a bounded number of members to die. Return: there are more. Process lock held. */
static bool stop_threads(struct process *process)
{
	struct list *link;

	for (u32 n = 0; n < STOP_BATCH && (link = list_first(&process->threads)); n++) {
		list_remove(link);
		list_append(&process->stopped, link);
		thread_post(list_entry(link, struct thread, process_link), REQUEST_KILL);
	}
	return !list_is_empty(&process->threads);
}

/*
 * No new threads; the present ones die on their CPUs.  The first reason stays.
 * With many threads the reaper tells the rest, before all its other work.
 * Object lock held.
 */
static void process_stop(struct process *process, u64 code, const struct thread *fault)
{
	bool is_gone = false, has_more = false;
	u32 priority;

	spin_lock(&process->lock);
	if (!process->is_ending) {
		store_relaxed(&process->is_ending, true);
		process->exit_code = code;
		if (fault) {
			process->fault_kind = fault->fault_kind;
			process->fault_address = fault->fault_words[FAULT_WORD_ADDRESS];
			process->fault_pc = fault->fault_words[FAULT_WORD_PC];
		}
		has_more = stop_threads(process);
		is_gone = process->nr_threads == 0;
		process->is_gone = is_gone;
	}
	priority = load_relaxed(&process->top_priority);
	spin_unlock(&process->lock);
	if (has_more) {
		process->is_urgent = true;
		object_queue(&process->object, true);
		reaper_hurry(priority);
	} else if (is_gone) {
		object_queue(&process->object, false);
	}
}

/* The reaper's first part of a process of many threads. */
static enum reap process_stop_rest(struct process *process)
{
	bool has_more, is_gone;

	spin_lock(&process->lock);
	has_more = stop_threads(process);
	spin_unlock(&process->lock);
	if (has_more)
		return REAP_MORE;
	process->is_urgent = false;
	reaper_calm_down();
	/* The last thread queues the process again, if it finds it on no list. */
	spin_lock(&process->object.lock);
	is_gone = process->is_gone;
	if (!is_gone)
		process->object.is_queued = false;
	spin_unlock(&process->object.lock);
	return is_gone ? REAP_MORE : REAP_IDLE;
}

void process_end(struct process *process, u64 exit_code)
{
	spin_lock(&process->object.lock);
	process_stop(process, exit_code, NULL);
	spin_unlock(&process->object.lock);
}

void process_fault(struct process *process, const struct thread *thread)
{
	spin_lock(&process->object.lock);
	process_stop(process, PROCESS_CODE_KILLED, thread);
	spin_unlock(&process->object.lock);
}

void process_kill(struct process *process)
{
	process_stop(process, PROCESS_CODE_KILLED, NULL);
	/* Already ended: only its structure is left to be released. */
	if (load_relaxed(&process->has_ended))
		object_queue(&process->object, false);
}

/* All threads are gone: only one that is about to attach, and will be refused, can hold a page. */
static bool pages_are_in_use(struct process *process)
{
	u64 in_use = 0;

	spin_lock(&process->lock);
	for (u32 i = 0; i < ARRAY_SIZE(process->pages_in_use); i++)
		in_use |= process->pages_in_use[i];
	spin_unlock(&process->lock);
	return in_use;
}

/* Nothing is left: tell the watcher. From here on only capabilities keep the structure. */
static void process_ended(struct process *process)
{
	u32 watch, fault;
	struct cap sink;
	bool is_watched;

	spin_lock(&process->lock);
	store_relaxed(&process->has_ended, true);
	watch = process->watch_slot;
	fault = process->fault_slot;
	process->watch_slot = process->fault_slot = 0;
	is_watched = cap_held(watch, TYPE_NOTIFICATION, &sink) == ST_OK;
	spin_unlock(&process->lock);
	if (is_watched)
		notification_signal(&sink, process->watch_bits);
	cap_drop(watch);
	cap_drop(fault);
}

static enum reap process_teardown(struct process *process, struct vspace **wait)
{
	enum sweep sweep;

	if (pages_are_in_use(process))
		return REAP_LATER;
	cap_space_close(&process->caps);
	sweep = cap_space_step(&process->caps, wait);
	if (sweep != SWEEP_DONE)
		return sweep == SWEEP_MORE ? REAP_MORE : REAP_FLUSH;
	if (!cap_space_is_empty(&process->caps))
		return REAP_LATER;
	if (!vspace_teardown_step(&process->vspace, wait))
		return *wait ? REAP_FLUSH : REAP_MORE;
	if (!cap_space_free_step(&process->caps))
		return REAP_MORE;
	process_ended(process);
	return REAP_MORE;
}

enum reap process_reap(struct process *process, struct vspace **wait)
{
	struct object *object = &process->object;
	bool is_reachable;
	u32 generation;

	if (process->is_urgent)
		return process_stop_rest(process);
	if (!process->has_ended)
		return process_teardown(process, wait);
	spin_lock(&object->lock);
	if (object->state == OBJECT_DYING) {
		spin_unlock(&object->lock);
		return object_reap(object, wait);
	}
	spin_lock(&object->tree_lock);
	is_reachable = object->tree_first != 0;
	spin_unlock(&object->tree_lock);
	generation = object->generation;
	/* The deletion of the last capability sees has_ended, and kills and queues it again. */
	if (is_reachable)
		object->is_queued = false;
	spin_unlock(&object->lock);
	if (is_reachable)
		return REAP_IDLE;
	object_kill(object, generation);
	return REAP_MORE;
}
