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

#define PAGE_IN_USE 1UL /* bit 0 of an entry of process->pages */

/* A cleared frame, charged. Return: 0 if the account cannot pay. */
static paddr_t frame_charged(void)
{
	paddr_t frame;

	if (account_charge(1) != ST_OK)
		return 0;
	frame = frame_alloc(0, ZONE_NORMAL);
	if (!frame)
		account_release(1);
	else
		arch_clear_page(phys_to_ptr(frame));
	return frame;
}

static void frame_discharge(paddr_t frame)
{
	frame_free(frame, 0);
	account_release(1);
}

struct process *process_create(void)
{
	struct object *object = object_alloc(TYPE_PROCESS);
	struct process *process = container_of(object, struct process, object);
	paddr_t pages;

	if (!object)
		return NULL;
	pages = frame_charged();
	if (!pages) {
		object_discard(object);
		return NULL;
	}
	spin_init(&process->lock, LOCK_PROCESS);
	list_init(&process->threads);
	process->pages = phys_to_ptr(pages);
	if (cap_space_init(&process->caps, process) == ST_OK) {
		if (vspace_init(&process->vspace) == ST_OK)
			return process;
		cap_space_free(&process->caps);
	}
	frame_discharge(pages);
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

/* Take a place in the window, @index. Of an ending process the list itself may be gone. */
static long page_reserve(struct process *process, u32 *index)
{
	long status = ST_NOMEM;
	u32 i = 0;

	spin_lock(&process->lock);
	if (process->is_ending) {
		spin_unlock(&process->lock);
		return ST_DEAD;
	}
	while (i < PROCESS_MAX_PAGES && (process->pages[i] & PAGE_IN_USE))
		i++;
	if (i < PROCESS_MAX_PAGES) {
		process->pages[i] |= PAGE_IN_USE;
		status = ST_OK;
	}
	spin_unlock(&process->lock);
	*index = i;
	return status;
}

static void page_unreserve(struct process *process, u32 i)
{
	spin_lock(&process->lock);
	process->pages[i] &= ~PAGE_IN_USE;
	spin_unlock(&process->lock);
}

/* The page of place @i, mapped at the first use of the place. Whoever reserved it owns the entry. */
static paddr_t page_provide(struct process *process, u32 i)
{
	paddr_t frame = process->pages[i] & ~PAGE_IN_USE;

	if (frame) {
		arch_clear_page(phys_to_ptr(frame));
		return frame;
	}
	frame = frame_charged();
	if (!frame)
		return 0;
	if (vspace_map_page(&process->vspace, MESSAGE_WINDOW + i * PAGE_SIZE, frame,
			    MAP_READ | MAP_WRITE) != ST_OK) {
		frame_discharge(frame);
		return 0;
	}
	process->pages[i] = frame | PAGE_IN_USE;
	return frame;
}

static long page_attach(struct process *process, struct thread *thread)
{
	paddr_t frame;
	u32 i;
	long status = page_reserve(process, &i);

	if (status != ST_OK)
		return status;
	frame = page_provide(process, i);
	if (!frame) {
		page_unreserve(process, i);
		return ST_NOMEM;
	}
	thread->page = phys_to_ptr(frame);
	thread->page_index = i;
	thread->page_address = MESSAGE_WINDOW + i * PAGE_SIZE;
	return ST_OK;
}

/* ---- members ---- */

long process_attach(struct process *process, struct thread *thread, bool wants_page)
{
	bool is_ending;
	long status = wants_page ? page_attach(process, thread) : ST_OK;

	if (status != ST_OK)
		return status;
	spin_lock(&process->lock);
	is_ending = process->is_ending;
	if (!is_ending) {
		thread->number = ++process->next_number;
		list_append(&process->threads, &thread->process_link);
		process->nr_threads++;
	}
	spin_unlock(&process->lock);
	if (!is_ending)
		return ST_OK;
	if (wants_page)
		page_unreserve(process, thread->page_index);
	return ST_DEAD;
}

static void process_queue(struct process *process)
{
	spin_lock(&process->object.lock);
	object_queue(&process->object);
	spin_unlock(&process->object.lock);
}

void process_thread_gone(struct process *process, struct thread *thread)
{
	bool was_last;

	spin_lock(&process->lock);
	list_remove(&thread->process_link);
	if (thread->page)
		process->pages[thread->page_index] &= ~PAGE_IN_USE;
	thread->page = NULL;
	was_last = --process->nr_threads == 0;
	if (was_last) {
		process->is_ending = true;
		process->is_gone = true;
	}
	spin_unlock(&process->lock);
	if (was_last)
		process_queue(process);
}

/* ---- the end ---- */

/*
 * No new threads; the present ones die on their CPUs.  The first reason stays.
 * Return: true if there is no thread that will queue the process when it dies.
 */
static bool process_stop(struct process *process, u64 code, const struct thread *fault)
{
	bool is_gone = false;

	spin_lock(&process->lock);
	if (!process->is_ending) {
		process->is_ending = true;
		process->exit_code = code;
		if (fault) {
			process->fault_kind = fault->fault_kind;
			process->fault_address = fault->fault_words[FAULT_WORD_ADDRESS];
			process->fault_pc = fault->fault_words[FAULT_WORD_PC];
		}
		list_for_each(link, &process->threads)
			thread_post(list_entry(link, struct thread, process_link), REQUEST_KILL);
		is_gone = process->nr_threads == 0;
		if (is_gone)
			process->is_gone = true;
	}
	spin_unlock(&process->lock);
	return is_gone;
}

void process_end(struct process *process, u64 exit_code)
{
	if (process_stop(process, exit_code, NULL))
		process_queue(process);
}

void process_fault(struct process *process, const struct thread *thread)
{
	if (process_stop(process, PROCESS_CODE_KILLED, thread))
		process_queue(process);
}

void process_kill(struct process *process)
{
	/* Already ended: only its structure is left to be released. */
	if (process_stop(process, PROCESS_CODE_KILLED, NULL) || load_acquire(&process->has_ended))
		object_queue(&process->object);
}

/* All threads are gone: only one that is about to attach, and will be refused, can hold a place. */
static bool pages_are_in_use(struct process *process)
{
	bool in_use = false;

	spin_lock(&process->lock);
	for (u32 i = 0; i < PROCESS_MAX_PAGES; i++)
		in_use = in_use || (process->pages[i] & PAGE_IN_USE);
	spin_unlock(&process->lock);
	return in_use;
}

static void pages_free(struct process *process)
{
	for (u32 i = 0; i < PROCESS_MAX_PAGES; i++) {
		paddr_t frame = process->pages[i] & ~PAGE_IN_USE;

		if (frame)
			frame_discharge(frame);
		process->pages[i] = 0;
	}
	frame_discharge(ptr_to_phys(process->pages));
	process->pages = NULL;
}

/* Nothing is left: tell the watcher. From here on only capabilities keep the structure. */
static void process_ended(struct process *process)
{
	u32 watch, fault;
	struct cap sink;
	bool is_watched;

	spin_lock(&process->lock);
	store_release(&process->has_ended, true);
	watch = process->watch_slot;
	fault = process->fault_slot;
	process->watch_slot = process->fault_slot = 0;
	is_watched = cap_held(watch, TYPE_NOTIFICATION, &sink) == ST_OK;
	spin_unlock(&process->lock);
	if (is_watched)
		notification_signal(container_of(sink.object, struct notification, object),
				    sink.generation, process->watch_bits);
	cap_drop(watch);
	cap_drop(fault);
	if (process == init_process)
		init_has_ended(process);
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
	if (!vspace_teardown_step(&process->vspace, wait))
		return *wait ? REAP_FLUSH : REAP_MORE;
	pages_free(process);
	cap_space_free(&process->caps);
	process_ended(process);
	return REAP_MORE;
}

enum reap process_reap(struct process *process, struct vspace **wait)
{
	struct object *object = &process->object;
	bool is_reachable;

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
	/* The deletion of the last capability sees has_ended, and kills and queues it again. */
	if (is_reachable)
		object->is_queued = false;
	spin_unlock(&object->lock);
	if (is_reachable)
		return REAP_IDLE;
	object_kill(object, object->generation);
	return REAP_MORE;
}
