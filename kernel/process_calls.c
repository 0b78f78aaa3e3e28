// SPDX-License-Identifier: MIT
/*
 * System calls on processes; see include/uapi/veridian/syscalls.toml.
 */
#include <generated/syscall_protos.h>
#include <kernel/ipc.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/thread.h>
#include <lib/string.h>
#include <veridian/info.h>

static struct process *process_of(const struct cap *cap)
{
	return container_of(cap->object, struct process, object);
}

long sys_process_exit(struct thread *self, u64 code)
{
	process_end(self->process, code);
	/* Here and now: of a process that another thread is ending the request may be on its way. */
	sched_leave(self);
	thread_die(self);
	return SYSCALL_DONE;
}

/* Process lock held. */
static u64 process_state(const struct process *process)
{
	if (process->has_ended)
		return PROCESS_STATE_ENDED;
	if (process->is_ending)
		return PROCESS_STATE_ENDING;
	return process->next_number ? PROCESS_STATE_RUNNING : PROCESS_STATE_NEW;
}

/* Process lock held. */
static long process_fact(const struct process *process, u64 what, u64 value[2])
{
	switch (what) {
	case PROCESS_INFO_STATE:
		value[0] = process_state(process);
		value[1] = process->nr_threads;
		return ST_OK;
	case PROCESS_INFO_EXIT:
		value[0] = process->exit_code;
		value[1] = process->fault_kind;
		return ST_OK;
	case PROCESS_INFO_FAULT:
		value[0] = process->fault_address;
		value[1] = process->fault_pc;
		return ST_OK;
	case PROCESS_INFO_MEMORY:
		value[0] = load_relaxed(&process->vspace.nr_pages_mapped);
		value[1] = load_relaxed(&process->caps.nr_used);
		return ST_OK;
	case PROCESS_INFO_NAME:
		memcpy(value, process->name, sizeof(process->name));
		return ST_OK;
	default:
		return ST_INVALID;
	}
}

long sys_process_info(struct thread *self, handle_t process, u64 what)
{
	u64 value[2] = { 0, 0 };
	struct cap cap;
	long status = cap_lookup(&self->process->caps, process, TYPE_PROCESS, RIGHT_READ, &cap);

	if (status != ST_OK)
		return status;
	spin_lock(&process_of(&cap)->lock);
	status = cap_is_current(&cap) ? process_fact(process_of(&cap), what, value) : ST_BADHANDLE;
	spin_unlock(&process_of(&cap)->lock);
	return thread_answer(self, status, value);
}

long sys_process_set_name(struct thread *self, handle_t process, u64 first, u64 second)
{
	u64 name[2] = { first, second };
	struct process *target;
	struct cap cap;
	long status = cap_lookup(&self->process->caps, process, TYPE_PROCESS, RIGHT_MANAGE, &cap);

	if (status != ST_OK)
		return status;
	target = process_of(&cap);
	spin_lock(&target->lock);
	if (cap_is_current(&cap)) {
		memcpy(target->name, name, sizeof(target->name));
		target->name[sizeof(target->name) - 1] = '\0';
	} else {
		status = ST_BADHANDLE;
	}
	spin_unlock(&target->lock);
	return status;
}

long sys_process_set_fault(struct thread *self, handle_t process, handle_t endpoint)
{
	struct cap_space *space = &self->process->caps;
	struct process *target;
	struct cap cap;
	u32 number;
	long status = cap_lookup(space, process, TYPE_PROCESS, RIGHT_MANAGE, &cap);

	if (status == ST_OK)
		status = cap_hold(space, endpoint, TYPE_ENDPOINT, RIGHT_CALL, &number);
	if (status != ST_OK)
		return status;
	target = process_of(&cap);
	spin_lock(&target->lock);
	if (!cap_is_current(&cap)) {
		status = ST_BADHANDLE;
	} else if (!target->has_ended) {
		u32 old = target->fault_slot;

		target->fault_slot = number;
		number = old;
	}
	spin_unlock(&target->lock);
	cap_drop(number);
	return status;
}

long sys_process_set_watch(struct thread *self, handle_t process, handle_t notification, u64 bits)
{
	struct cap_space *space = &self->process->caps;
	struct process *target;
	struct cap cap, sink;
	u32 number;
	bool is_late = false;
	long status = cap_lookup(space, process, TYPE_PROCESS, RIGHT_READ, &cap);

	if (status == ST_OK)
		status = cap_hold(space, notification, TYPE_NOTIFICATION, RIGHT_SIGNAL, &number);
	if (status != ST_OK)
		return status;
	target = process_of(&cap);
	spin_lock(&target->lock);
	if (!cap_is_current(&cap)) {
		status = ST_BADHANDLE;
	} else if (target->has_ended) {
		is_late = true;
	} else {
		u32 old = target->watch_slot;

		target->watch_slot = number;
		target->watch_bits = bits;
		number = old;
	}
	spin_unlock(&target->lock);
	if (is_late && cap_held(number, TYPE_NOTIFICATION, &sink) == ST_OK)
		notification_signal(&sink, bits);
	cap_drop(number);
	return status;
}
