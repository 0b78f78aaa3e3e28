// SPDX-License-Identifier: MIT
/*
 * Threads, processes and time (Documentation/scheduling.rst), and the way every
 * call goes.  A thread that has nothing to do is "parked": it sleeps.
 */
#include <stdlib.h>
#include <string.h>

#include <generated/syscall_numbers.h>

#include "internal.h"

/* ---- how calls end ---- */

void ends(struct m_object *thread, long status)
{
	thread->has_result = true;
	thread->result = (struct m_result){ .status = status, .known = status < 0 ? 3 : 0 };
}

void ends_with(struct m_object *thread, u64 first, u64 second)
{
	ends(thread, ST_OK);
	thread->result.value[0] = first;
	thread->result.value[1] = second;
	thread->result.known = 3;
}

void wait_begin(struct m_object *thread, enum m_wait wait, struct m_object *at, u64 deadline)
{
	thread->wait = wait;
	thread->at = at;
	thread->deadline = deadline;
	thread->arrival = ++model.arrivals;
	thread->rank = thread->priority;
}

void wait_end(struct m_object *thread)
{
	thread->wait = M_NOT;
	thread->at = NULL;
	thread->by = NULL;
	thread->offered = NULL;
	thread->deadline = M_NEVER;
	if (thread->wants_stop)
		thread->is_stopped = true;
}

/* It runs, unless it is to stop: what it does next, if it is in the middle of something. */
void thread_goes_on(struct m_object *thread)
{
	if (thread->is_stopped || thread->is_dead || !thread->retries)
		return;
	thread->retries = false;
	memory_touch(thread);
}

void model_park(struct m_object *thread, u64 deadline)
{
	if (!thread->is_dead)
		wait_begin(thread, M_PARKED, NULL, deadline);
}

/* ---- the end of threads and processes ---- */

static void process_ended(struct m_object *process)
{
	struct m_cap *cap, *watch = process->watch_cap;
	struct m_object *notification = watch ? watch->object : NULL;
	u64 bits = watch ? process->watch_bits & (watch->badge ? watch->badge : ~0UL) : 0;

	for_each_cap (cap)
		if (cap->holder == process)
			cap_remove(cap);
	maps_remove(NULL, process);
	process->own_pages = 0;
	process->state = PROCESS_STATE_ENDED;
	/* Told last, unless the capability for it went with the others. */
	watch = process->watch_cap;
	if (watch)
		notification_set(notification, bits);
	if (process->watch_cap)
		cap_remove(process->watch_cap);
	if (process->fault_cap)
		cap_remove(process->fault_cap);
	if (!process->root)
		process->has_ended = true;
}

void process_over(struct m_object *process, u64 code)
{
	struct m_object *thread;

	if (process->state >= PROCESS_STATE_ENDING)
		return;
	process->state = PROCESS_STATE_ENDING;
	process->exit_code = code;
	for_each_object (thread)
		if (thread->type == TYPE_THREAD && thread->process == process)
			thread_end(thread);
	model.ending[model.nr_ending++ % ARRAY_SIZE(model.ending)] = process;
}

/* One after the other is taken apart; what goes with one may be the end of the next. */
static void finish_processes(void)
{
	for (u32 i = 0; i < model.nr_ending; i++)
		process_ended(model.ending[i]);
	model.nr_ending = 0;
}

void thread_end(struct m_object *thread)
{
	struct m_object *process = thread->process;

	if (thread->is_dead)
		return;
	thread->is_dead = true;
	/*
	 * What ends its call may be what kills it, or what it waits at may go with it: it
	 * may see that before it is told to die.
	 */
	thread->may_see = !thread->is_stopped && (thread->has_result || thread->wait > M_SLEEP);
	if (!thread->has_result)
		thread->result = (struct m_result){ .status = ST_DEAD };
	if (thread == model.caller)
		thread->may_see = thread->result.is_open = true;
	thread->has_result = false;
	wait_end(thread);
	if (thread->bound)
		thread->bound->bound = NULL;
	thread->bound = NULL;
	process->nr_threads--;
	if (!process->nr_threads && process->state < PROCESS_STATE_ENDING)
		process_over(process, 0);
	if (!thread->root)
		thread->has_ended = true;
}

/* The fault of @thread is nobody's to handle. */
void process_faults(struct m_object *thread)
{
	struct m_object *process = thread->process;

	struct m_object *other;

	if (process->state >= PROCESS_STATE_ENDING)
		return;
	for_each_object (other) /* which of several is told is open */
		process->has_other_faults |= other->process == process && other->is_faulting;
	process->fault_kind = thread->fault;
	process->fault_address = thread->call.arg[0];
	process->fault_pc = thread->pc;
	process_over(process, PROCESS_CODE_KILLED);
}

/* ---- calls on threads ---- */

static bool are_settings(u64 settings, u64 allowed)
{
	return !(settings & ~allowed) && (settings & 0xff) <= THREAD_MAX_PRIORITY &&
	       (settings >> 8 & 0xff) < model.nr_cpus;
}

static void create(struct m_object *self, const struct m_call *call)
{
	u64 settings = call->arg[3];
	struct m_object *thread;
	struct m_cap *cap;
	long status = want(self, call->handle[0], TYPE_PROCESS, RIGHT_SPAWN, &cap);

	if (status == ST_OK && (call->arg[0] >= model.user_end || call->arg[1] > model.user_end ||
				!are_settings(settings, 0xffff | THREAD_NO_PAGE | THREAD_START)))
		status = ST_INVALID;
	if (status == ST_OK && cap->object->state >= PROCESS_STATE_ENDING)
		status = ST_DEAD;
	ends(self, status);
	if (status != ST_OK)
		return;
	thread = object_new(TYPE_THREAD);
	thread->process = cap->object;
	thread->priority = settings & 0xff;
	thread->cpu = settings >> 8 & 0xff;
	thread->has_page = !(settings & THREAD_NO_PAGE);
	thread->deadline = M_NEVER;
	thread->wants_stop = thread->is_stopped = !(settings & THREAD_START);
	cap->object->state = PROCESS_STATE_RUNNING;
	cap->object->nr_threads++;
	self->result.cap = cap_new(thread, NULL, self->process, RIGHTS_ALL, 0);
	self->result.thread = thread;
	if (!thread->has_page)
		self->result.known = 2;
}

static void info(struct m_object *self, const struct m_object *thread, u64 what)
{
	u64 state = thread->is_dead    ? THREAD_STATE_DEAD :
		    thread->is_stopped ? THREAD_STATE_INACTIVE :
		    thread == self     ? THREAD_STATE_READY :
					 THREAD_STATE_BLOCKED;

	switch (what) {
	case THREAD_INFO_STATE: return ends_with(self, state, thread->cpu);
	case THREAD_INFO_TIME:
		ends_with(self, 0, thread->priority);
		self->result.known = 2;
		return;
	case THREAD_INFO_PAGE:
		ends_with(self, thread->page, thread->number);
		self->result.known = (thread->page || !thread->has_page ? 1u : 0u) |
				     (thread->number ? 2u : 0u);
		return;
	default: return ends(self, ST_INVALID);
	}
}

static void resume(struct m_object *thread)
{
	thread->wants_stop = false;
	if (!thread->is_stopped)
		return;
	thread->is_stopped = false;
	thread_goes_on(thread);
}

/* An access that waits for a fault handler begins again, everything else ends. */
static void interrupt(struct m_object *thread)
{
	if (thread->wait != M_NOT && thread->wait != M_PARKED)
		wait_fails(thread, ST_INTERRUPTED);
	else if (thread->wait == M_PARKED)
		wait_end(thread);
}

static void thread_control(struct m_object *self, const struct m_call *call)
{
	struct m_cap *cap;
	struct m_object *thread;
	long status = want(self, call->handle[0], TYPE_THREAD, RIGHT_MANAGE, &cap);

	if (status == ST_OK && call->number == SYS_thread_set &&
	    !are_settings(call->arg[0], 0xffff))
		status = ST_INVALID;
	if (status == ST_OK && cap->object->is_dead)
		status = ST_DEAD;
	ends(self, status);
	if (status != ST_OK)
		return;
	thread = cap->object;
	switch (call->number) {
	case SYS_thread_resume: return resume(thread);
	case SYS_thread_interrupt: return interrupt(thread);
	case SYS_thread_set:
		thread->priority = call->arg[0] & 0xff;
		thread->cpu = call->arg[0] >> 8 & 0xff;
		return;
	default: /* thread_suspend: its wait goes on */
		thread->wants_stop = true;
		if (thread->wait == M_NOT)
			thread->is_stopped = true;
	}
}

void thread_call(struct m_object *self, const struct m_call *call)
{
	struct m_cap *cap;
	long status;

	switch (call->number) {
	case SYS_thread_exit: return thread_end(self);
	case SYS_thread_create: return create(self, call);
	case SYS_thread_sleep: return wait_begin(self, M_SLEEP, NULL, call->arg[0]);
	case SYS_thread_self:
		ends_with(self, self->number, self->page);
		self->result.known = (self->number ? 1u : 0u) |
				     (self->page || !self->has_page ? 2u : 0u);
		return;
	case SYS_thread_set_tls:
		return ends(self, call->arg[0] < model.user_end ? ST_OK : ST_INVALID);
	case SYS_thread_info:
		status = want(self, call->handle[0], TYPE_THREAD, RIGHT_READ, &cap);
		return status == ST_OK ? info(self, cap->object, call->arg[0]) : ends(self, status);
	default: return thread_control(self, call);
	}
}

/* ---- calls on processes ---- */

/* Slots in use: capabilities, and what waiting threads have reserved for those to come. */
static u64 count_slots(const struct m_object *process)
{
	struct m_object *thread;
	struct m_cap *cap;
	u64 count = 0;

	for_each_cap (cap)
		count += cap->holder == process;
	for_each_object (thread)
		if (thread->type == TYPE_THREAD && thread->process == process &&
		    !thread->is_faulting &&
		    (thread->wait == M_RECEIVE || thread->wait == M_REPLY ||
		     (thread->wait == M_SEND && thread->call.number == SYS_ipc_call)))
			count += thread->call.accept;
	return count;
}

static void tell(struct m_object *self, struct m_object *process, u64 what)
{
	switch (what) {
	case PROCESS_INFO_STATE: return ends_with(self, process->state, process->nr_threads);
	case PROCESS_INFO_EXIT:
		ends_with(self, process->exit_code, process->fault_kind);
		self->result.known = process->has_other_faults ? 1 : 3;
		return;
	case PROCESS_INFO_FAULT:
		ends_with(self, process->fault_address, process->fault_pc);
		self->result.known = process->has_other_faults ? 0 : 3;
		return;
	case PROCESS_INFO_MEMORY:
		ends_with(self, maps_pages(process), count_slots(process));
		if (process->is_first && !process->own_pages) {
			self->result.known = 2;
			self->result.process = process;
		}
		return;
	case PROCESS_INFO_NAME: return ends_with(self, process->text[0], process->text[1]);
	default: return ends(self, ST_INVALID);
	}
}

/* The kernel shall hold a child of the second capability, or nothing. */
static void set_held(struct m_object *self, const struct m_call *call, u8 type, u32 right,
		     struct m_cap **held, u64 bits)
{
	struct m_object *process = container_of(held, struct m_object, fault_cap);
	bool is_watch = type == TYPE_NOTIFICATION, has_ended;
	struct m_cap *cap, *before = *held;
	long status = want_held(self, call->handle[1], type, right, &cap);

	if (is_watch)
		process = container_of(held, struct m_object, watch_cap);
	has_ended = process->state == PROCESS_STATE_ENDED;
	ends(self, status);
	if (status != ST_OK)
		return;
	if (!has_ended) {
		*held = cap ? cap_new(cap->object, cap, NULL, cap->rights, cap->badge) : NULL;
		if (before)
			cap_remove(before); /* faults that wait with it are raised anew */
	}
	if (is_watch)
		process->watch_bits = bits;
	if (cap && is_watch && has_ended)
		notification_set(cap->object, bits & (cap->badge ? cap->badge : ~0UL));
}

void process_call(struct m_object *self, const struct m_call *call)
{
	u32 right = call->number == SYS_process_info || call->number == SYS_process_set_watch ?
			    RIGHT_READ :
			    RIGHT_MANAGE;
	struct m_object *process;
	struct m_cap *cap;
	long status;

	if (call->number == SYS_process_exit)
		return process_over(self->process, call->arg[0]);
	status = want(self, call->handle[0], TYPE_PROCESS, right, &cap);
	if (status != ST_OK)
		return ends(self, status);
	process = cap->object;
	switch (call->number) {
	case SYS_process_info: return tell(self, process, call->arg[0]);
	case SYS_process_set_name:
		process->text[0] = call->arg[0];
		process->text[1] = call->arg[1] & ~0UL >> 8;
		return ends(self, ST_OK);
	case SYS_process_set_fault:
		return set_held(self, call, TYPE_ENDPOINT, RIGHT_CALL, &process->fault_cap, 0);
	default:
		return set_held(self, call, TYPE_NOTIFICATION, RIGHT_SIGNAL, &process->watch_cap,
				call->arg[0]);
	}
}

/* ---- one call, and time ---- */

static void dispatch(struct m_object *thread, const struct m_call *call)
{
	u32 number = call->number;

	if (number == M_ACCESS)
		memory_touch(thread);
	else if (number == M_RAISE)
		device_raise(thread, call->arg[0]);
	else if (number >= SYS_ipc_call && number <= SYS_ipc_reply)
		ipc_call(thread, call);
	else if (number >= SYS_notify_signal && number <= SYS_notify_bind)
		notification_call(thread, call);
	else if (number > SYS_thread_yield && number <= SYS_thread_set_tls)
		thread_call(thread, call);
	else if (number >= SYS_cap_create && number <= SYS_cap_next)
		cap_call(thread, call);
	else if (number >= SYS_process_exit && number <= SYS_process_set_watch)
		process_call(thread, call);
	else if (number >= SYS_mem_map && number <= SYS_mem_info)
		memory_call(thread, call);
	else if (number >= SYS_mem_create_device && number <= SYS_ioport_out)
		device_call(thread, call);
	else
		ends(thread, number == SYS_null || number == SYS_thread_yield ? ST_OK : ST_NOSYS);
}

void model_issue(struct m_object *thread, const struct m_call *call)
{
	thread->call = *call;
	model.caller = thread;
	model.lacks = 0;
	dispatch(thread, call);
	model.caller = NULL;
	finish_processes();
	model_advance(model.time); /* a deadline may be one that has passed */
}

u32 model_waits(void)
{
	struct m_object *thread;
	u32 count = 0;

	for_each_object (thread)
		count += thread->wait > M_SLEEP;
	return count;
}

static struct m_object *first_due(u64 time)
{
	struct m_object *thread, *first = NULL;

	for_each_object (thread)
		if (thread->type == TYPE_THREAD && thread->wait != M_NOT &&
		    thread->deadline <= time && (!first || thread->deadline < first->deadline))
			first = thread;
	return first;
}

void model_advance(u64 time)
{
	struct m_object *thread;

	model.time = time;
	while ((thread = first_due(time)) != NULL) {
		enum m_wait wait = thread->wait;

		if (wait == M_PARKED)
			wait_end(thread);
		else
			wait_fails(thread, wait == M_SLEEP ? ST_OK : ST_TIMEDOUT);
		finish_processes();
	}
}

static struct m_cap *first_cap(struct m_object *object, u32 rights, u32 handle)
{
	struct m_cap *cap = cap_new(object, NULL, model.first, rights, 0);

	cap->handle = handle;
	return cap;
}

void model_begin(u64 frames, u64 user_end, u32 nr_cpus, u32 nr_lines)
{
	struct m_object *memory, *thread;

	model.frames = frames;
	model.user_end = user_end;
	model.nr_cpus = nr_cpus;
	model.nr_lines = MIN(nr_lines, (u32)M_MAX_LINES);
	model.first = object_new(TYPE_PROCESS);
	model.first->is_first = true;
	model.first->state = PROCESS_STATE_RUNNING;
	model.first->nr_threads = 1;
	memcpy(model.first->text, "init", sizeof("init"));
	thread = object_new(TYPE_THREAD);
	thread->process = model.first;
	thread->has_page = true;
	thread->priority = 32;
	thread->deadline = M_NEVER;
	memory = object_new(TYPE_MEMORY);
	memory->is_physical = true;
	memory->nr_pages = 1;
	memory->place = calloc(1, sizeof(*memory->place));
	first_cap(model.first, RIGHTS_ALL, INIT_PROCESS);
	first_cap(object_new(TYPE_SYSTEM), RIGHTS_ALL, INIT_SYSTEM);
	first_cap(memory, RIGHT_READ | RIGHT_DERIVE | RIGHT_MOVE, INIT_ARCHIVE);
	first_cap(thread, RIGHTS_ALL, INIT_THREAD);
}
