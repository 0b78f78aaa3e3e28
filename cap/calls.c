// SPDX-License-Identifier: MIT
/*
 * System calls on capabilities; see include/uapi/veridian/syscalls.toml.
 */
#include <generated/syscall_protos.h>
#include <kernel/cap.h>
#include <kernel/ipc.h>
#include <kernel/memory.h>
#include <kernel/process.h>
#include <kernel/sched.h>

static struct object *create(u64 type, u64 argument)
{
	struct process *process;
	struct memory *memory;

	switch (type) {
	case TYPE_ENDPOINT:
	case TYPE_NOTIFICATION:
	case TYPE_REPLY:
		return object_alloc((u8)type);
	case TYPE_PROCESS:
		process = process_create();
		return process ? &process->object : NULL;
	default:
		memory = memory_create(argument);
		return memory ? &memory->object : NULL;
	}
}

static bool create_is_valid(u64 type, u64 argument)
{
	switch (type) {
	case TYPE_ENDPOINT:
	case TYPE_NOTIFICATION:
	case TYPE_REPLY:
	case TYPE_PROCESS:
		return argument == 0;
	case TYPE_MEMORY:
		return argument >= 1 && argument <= MEMORY_MAX_PAGES;
	default:
		return false;
	}
}

long sys_cap_create(struct thread *self, u64 type, u64 argument)
{
	struct object *object;
	struct slot *slot;

	if (!create_is_valid(type, argument))
		return ST_INVALID;
	slot = cap_reserve(&self->process->caps);
	if (!slot)
		return ST_NOSLOTS;
	object = create(type, argument);
	if (!object) {
		cap_unreserve(slot);
		return ST_NOMEM;
	}
	arch_set_value(&self->regs, 0, cap_install(object, slot, RIGHTS_ALL, 0));
	return ST_OK;
}

/* What a child may be: rights, badge and kind are checked before anything is reserved. */
static long lend_check(const struct cap *cap, u64 rights, u64 badge)
{
	if (rights > RIGHTS_ALL || cap_type(cap->token) == TYPE_REPLY)
		return ST_INVALID;
	if (badge && cap->badge && badge != cap->badge)
		return ST_INVALID;
	return cap_depth(cap->token) < CAP_MAX_DEPTH ? ST_OK : ST_DEPTH;
}

long sys_cap_derive(struct thread *self, handle_t source, u64 rights, u64 badge)
{
	struct cap_space *space = &self->process->caps;
	handle_t handle;
	struct slot *slot;
	struct cap cap;
	long status = cap_lookup(space, source, TYPE_NONE, RIGHT_DERIVE, &cap);

	if (status == ST_OK)
		status = lend_check(&cap, rights, badge);
	if (status != ST_OK)
		return status;
	slot = cap_reserve(space);
	if (!slot)
		return ST_NOSLOTS;
	handle = cap_slot_handle(slot); /* now: the slot may be another's as soon as it is filled */
	status = cap_lend(&cap, slot, (u32)rights, badge);
	if (status == ST_OK)
		arch_set_value(&self->regs, 0, handle);
	else
		cap_unreserve(slot);
	return status;
}

/* How capabilities are handed over. */
struct copy {
	bool give;
	u32 rights;
	u64 badge;
};

/*
 * Lend or give @cap into the space of the process of @target. The reserved slot
 * keeps the space in being, so a look at @target after it says whose slot it is.
 */
static long copy_into(struct thread *self, const struct cap *cap, const struct cap *target,
		      const struct copy *copy)
{
	struct process *process = container_of(target->object, struct process, object);
	struct slot *slot = cap_reserve(&process->caps);
	handle_t handle;
	long status;

	if (!slot)
		return load_relaxed(&process->is_ending) ? ST_DEAD : ST_NOSLOTS;
	handle = cap_slot_handle(slot);
	if (!cap_is_current(target))
		status = ST_BADHANDLE;
	else if (copy->give)
		status = cap_give(cap, slot);
	else
		status = cap_lend(cap, slot, copy->rights, copy->badge);
	if (status == ST_OK)
		arch_set_value(&self->regs, 0, handle);
	else
		cap_unreserve(slot);
	return status;
}

long sys_cap_copy(struct thread *self, handle_t source, handle_t target, u64 mode, u64 rights,
		  u64 badge)
{
	struct cap_space *space = &self->process->caps;
	struct copy copy = { .give = mode == CAP_GIVE, .rights = (u32)rights, .badge = badge };
	struct cap cap, process;
	long status = cap_lookup(space, source, TYPE_NONE,
				 copy.give ? RIGHT_MOVE : RIGHT_DERIVE, &cap);

	if (status == ST_OK)
		status = cap_lookup(space, target, TYPE_PROCESS, RIGHT_GIVE, &process);
	if (status == ST_OK && mode != CAP_GIVE && mode != CAP_LEND)
		status = ST_INVALID;
	if (status == ST_OK && !copy.give)
		status = lend_check(&cap, rights, badge);
	if (status != ST_OK)
		return status;
	return copy_into(self, &cap, &process, &copy);
}

/* Delete below a capability, in steps; the call is issued again until nothing is left. */
static long delete_call(struct thread *self, handle_t handle, bool and_self)
{
	struct vspace *wait = NULL;
	struct cap cap;
	long status = cap_lookup(&self->process->caps, handle, TYPE_NONE, 0, &cap);

	while (status == ST_OK) {
		status = tree_delete_below(&cap, and_self, &wait);
		if (status != SYSCALL_RESTART)
			break;
		if (arch_irq_pending())
			return SYSCALL_RESTART;
		status = ST_OK;
	}
	if (status != ST_BUSY)
		return status;
	flush_wait(wait, self);
	return SYSCALL_RESTART;
}

long sys_cap_delete(struct thread *self, handle_t capability)
{
	return delete_call(self, capability, true);
}

long sys_cap_revoke(struct thread *self, handle_t capability)
{
	return delete_call(self, capability, false);
}

long sys_cap_destroy(struct thread *self, handle_t capability)
{
	struct cap cap;
	long status = cap_lookup(&self->process->caps, capability, TYPE_NONE, RIGHT_DESTROY, &cap);

	if (status != ST_OK)
		return status;
	return object_kill(cap.object, cap.generation) ? ST_OK : ST_BADHANDLE;
}

long sys_cap_inspect(struct thread *self, handle_t capability)
{
	struct cap cap;
	bool has_children;
	long status = cap_lookup(&self->process->caps, capability, TYPE_NONE, 0, &cap);

	if (status != ST_OK)
		return status;
	spin_lock(&cap.object->tree_lock);
	has_children = cap_is_current(&cap) && tree_has_children(cap.slot);
	spin_unlock(&cap.object->tree_lock);
	arch_set_value(&self->regs, 0,
		       cap_type(cap.token) | cap_rights(cap.token) << 4 |
			       (u32)cap_depth(cap.token) << 16 | (u32)has_children << 24);
	arch_set_value(&self->regs, 1, cap.badge);
	return ST_OK;
}

long sys_cap_next(struct thread *self, u64 index)
{
	handle_t handle = HANDLE_NULL;
	u32 at = (u32)index;
	long status;

	if (index > HANDLE_INDEX(~0u))
		return ST_INVALID;
	do {
		status = cap_next(&self->process->caps, &at, &handle);
	} while (status == SYSCALL_RESTART && !arch_irq_pending());
	if (status == SYSCALL_RESTART)
		arch_set_arg(&self->regs, 0, at);
	else if (status == ST_OK)
		arch_set_value(&self->regs, 0, handle);
	return status;
}
