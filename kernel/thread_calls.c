// SPDX-License-Identifier: MIT
/*
 * System calls on threads; see include/uapi/veridian/syscalls.toml.
 */
#include <generated/syscall_protos.h>
#include <kernel/cpu.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/thread.h>
#include <veridian/info.h>

#define SETTINGS_FIELDS 0xffffUL /* THREAD_PRIORITY and THREAD_CPU */
#define SETTINGS_CREATE (SETTINGS_FIELDS | THREAD_NO_PAGE | THREAD_START)

static bool settings_are_valid(u64 settings, u64 allowed)
{
	return !(settings & ~allowed) && (settings & 0xff) <= THREAD_MAX_PRIORITY &&
	       ((settings >> 8) & 0xff) < nr_cpus_online;
}

long sys_thread_exit(struct thread *self)
{
	sched_leave(self);
	thread_die(self);
	return SYSCALL_DONE;
}

/* Let the new thread run, unless somebody with the fresh capability has destroyed it already. */
static void start_thread(struct thread *thread, u32 generation)
{
	spin_lock(&thread->object.lock);
	if (object_is_alive(&thread->object, generation) &&
	    load_relaxed(&thread->state) != THREAD_DEAD)
		thread_post(thread, REQUEST_SUSPEND);
	spin_unlock(&thread->object.lock);
}

/* Create, hand out the capability, start if wished. The slot is reserved. */
static long create(struct thread *self, struct process *process, const struct thread_start *start,
		   bool starts, struct slot *slot)
{
	struct thread *thread;
	long status = thread_create(process, start, &thread);
	u32 generation;

	if (status != ST_OK)
		return status;
	/* Nobody can end the object, as opposed to the thread, before it has a capability. */
	generation = load_relaxed(&thread->object.generation);
	arch_set_value(&self->regs, 1, thread->page_address);
	arch_set_value(&self->regs, 0, cap_install(&thread->object, slot, RIGHTS_ALL, 0));
	if (starts)
		start_thread(thread, generation);
	return ST_OK;
}

long sys_thread_create(struct thread *self, handle_t process, u64 entry, u64 stack, u64 argument,
		       u64 settings)
{
	struct thread_start start = { .entry = entry, .stack = stack, .argument = argument };
	struct slot *slot;
	struct cap cap;
	long status = cap_lookup(&self->process->caps, process, TYPE_PROCESS, RIGHT_SPAWN, &cap);

	if (status != ST_OK)
		return status;
	if (entry >= USER_END || stack > USER_END || !settings_are_valid(settings, SETTINGS_CREATE))
		return ST_INVALID;
	start.priority = (u8)settings;
	start.cpu = &cpus[(settings >> 8) & 0xff];
	start.wants_page = !(settings & THREAD_NO_PAGE);
	start.by = &cap;
	slot = cap_reserve(&self->process->caps);
	if (!slot)
		return ST_NOSLOTS;
	status = create(self, container_of(cap.object, struct process, object), &start,
			settings & THREAD_START, slot);
	if (status != ST_OK)
		cap_unreserve(slot);
	return status;
}

/*
 * Ask the thread for something; @value is what goes with it.  With the object lock held it is not
 * released meanwhile, and what is written is not another's.
 */
static __always_inline long ask(struct thread *self, handle_t handle, u32 request, u64 value)
{
	struct cap cap;
	struct thread *thread;
	long status = cap_lookup(&self->process->caps, handle, TYPE_THREAD, RIGHT_MANAGE, &cap);

	if (status != ST_OK)
		return status;
	if (request == REQUEST_MOVE && !settings_are_valid(value, SETTINGS_FIELDS))
		return ST_INVALID;
	thread = thread_of(cap.object);
	spin_lock(&cap.object->lock);
	if (!cap_is_current(&cap))
		status = ST_BADHANDLE;
	else if (request == REQUEST_SUSPEND)
		store_relaxed(&thread->wants_suspend, value);
	else if (request == REQUEST_MOVE)
		store_relaxed(&thread->target, (u32)value);
	if (status == ST_OK && load_relaxed(&thread->state) == THREAD_DEAD)
		status = ST_DEAD;
	if (status == ST_OK)
		thread_post(thread, request);
	spin_unlock(&cap.object->lock);
	return status;
}

long sys_thread_resume(struct thread *self, handle_t thread)
{
	return ask(self, thread, REQUEST_SUSPEND, false);
}

long sys_thread_suspend(struct thread *self, handle_t thread)
{
	return ask(self, thread, REQUEST_SUSPEND, true);
}

long sys_thread_interrupt(struct thread *self, handle_t thread)
{
	return ask(self, thread, REQUEST_INTERRUPT, 0);
}

long sys_thread_set(struct thread *self, handle_t thread, u64 settings)
{
	return ask(self, thread, REQUEST_MOVE, settings);
}

static u64 state_for_user(const struct thread *thread)
{
	switch (load_relaxed(&thread->state)) {
	case THREAD_INACTIVE:
		return THREAD_STATE_INACTIVE;
	case THREAD_BLOCKED:
		return THREAD_STATE_BLOCKED;
	case THREAD_DEAD:
		return THREAD_STATE_DEAD;
	default:
		return THREAD_STATE_READY;
	}
}

static long thread_fact(const struct thread *thread, u64 what, u64 value[2])
{
	switch (what) {
	case THREAD_INFO_STATE:
		value[0] = state_for_user(thread);
		value[1] = load_relaxed(&thread->home)->index;
		return ST_OK;
	case THREAD_INFO_TIME:
		value[0] = load_relaxed(&thread->cpu_time);
		value[1] = load_relaxed(&thread->priority);
		return ST_OK;
	case THREAD_INFO_PAGE:
		value[0] = load_relaxed(&thread->page_address);
		value[1] = load_relaxed(&thread->number);
		return ST_OK;
	default:
		return ST_INVALID;
	}
}

long sys_thread_info(struct thread *self, handle_t thread, u64 what)
{
	u64 value[2];
	struct cap cap;
	long status = cap_lookup(&self->process->caps, thread, TYPE_THREAD, RIGHT_READ, &cap);

	if (status == ST_OK)
		status = thread_fact(thread_of(cap.object), what, value);
	/* Looked at last: what was read is that thread's, and not of one that came after it. */
	fence_acquire();
	if (status == ST_OK && !cap_is_current(&cap))
		status = ST_BADHANDLE;
	return thread_answer(self, status, value);
}

long sys_thread_self(struct thread *self)
{
	return thread_answer(self, ST_OK, (const u64[]){ self->number, self->page_address });
}

long sys_thread_set_tls(struct thread *self, u64 value)
{
	if (value >= USER_END)
		return ST_INVALID;
	arch_set_tls(&self->regs, value);
	arch_this_cpu()->pending = true; /* the long way out loads it */
	return ST_OK;
}
