// SPDX-License-Identifier: MIT
/*
 * System calls on memory and address spaces; see include/uapi/veridian/syscalls.toml.
 */
#include <generated/syscall_protos.h>
#include <kernel/memory.h>
#include <kernel/mm.h>
#include <kernel/process.h>
#include <kernel/thread.h>
#include <veridian/info.h>

static struct process *process_of(const struct cap *cap)
{
	return container_of(cap->object, struct process, object);
}

static struct space_ref space_of(const struct cap *cap)
{
	return (struct space_ref){ &process_of(cap)->vspace, cap };
}

static struct memory *memory_of(const struct cap *cap)
{
	return container_of(cap->object, struct memory, object);
}

long sys_mem_map(struct thread *self, handle_t process, handle_t memory, u64 address, u64 size,
		 u64 offset, u64 flags)
{
	struct map_request request = { .address = address, .size = size, .offset = offset };
	struct cap_space *space = &self->process->caps;
	struct cap target, cap;
	long status = cap_lookup(space, process, TYPE_PROCESS, RIGHT_MAP, &target);

	if (status == ST_OK)
		status = cap_lookup(space, memory, TYPE_MEMORY, 0, &cap);
	if (status == ST_OK && flags > (MAP_READ | MAP_WRITE | MAP_EXECUTE))
		status = ST_INVALID;
	if (status != ST_OK)
		return status;
	request.flags = (u32)flags;
	request.hint = self->progress;
	do {
		status = vspace_map(space_of(&target), &cap, &request);
	} while (status == SYSCALL_RESTART && !flush_wait(space_of(&target).space, self) &&
		 !arch_irq_pending());
	self->progress = status == SYSCALL_RESTART ? request.hint : 0;
	if (status == ST_OK)
		arch_set_value(&self->regs, 0, request.address);
	return status;
}

/* What mem_unmap and mem_protect have in common: a step, and the rest of the arguments. */
struct range_call {
	struct space_ref ref;
	uaddr_t address;
	u64 size;
	u32 flags;
	bool is_protect;
};

static long range_step(const struct range_call *call, u64 *done)
{
	*done = 0;
	if (call->is_protect)
		return vspace_protect_step(call->ref, call->address, call->size, call->flags, done);
	return vspace_unmap_step(call->ref, call->address, call->size, done);
}

/*
 * Work through a range.  Before the thread is preempted or waits for the
 * shootdown its arguments are advanced to what remains, so that issuing the
 * call again goes on there; an error met is met again after the wait.
 */
static long range_run(struct thread *self, struct range_call *call)
{
	struct vspace *space = call->ref.space;
	long status = ST_OK;
	bool is_preempted = false;

	while (call->size && status == ST_OK && !is_preempted) {
		u64 done;

		status = range_step(call, &done);
		call->address += done;
		call->size -= done;
		self->progress += done;
		is_preempted = call->size && status == ST_OK && arch_irq_pending();
	}
	arch_set_arg(&self->regs, 0, call->address);
	arch_set_arg(&self->regs, 1, call->size);
	if (is_preempted)
		return SYSCALL_RESTART;
	if (flush_wait(space, self))
		return SYSCALL_RESTART;
	/* Another CPU may have ended the flush and not yet let go of what was unmapped. */
	while (vspace_settle(space))
		if (arch_irq_pending())
			return SYSCALL_RESTART;
	if (status == ST_OK)
		arch_set_value(&self->regs, 0, self->progress);
	return status;
}

long sys_mem_unmap(struct thread *self, handle_t process, u64 address, u64 size)
{
	struct range_call call = { .address = address, .size = size };
	struct cap cap;
	long status = cap_lookup(&self->process->caps, process, TYPE_PROCESS, RIGHT_MAP, &cap);

	if (status != ST_OK)
		return status;
	if (!IS_ALIGNED(address, PAGE_SIZE) || !IS_ALIGNED(size, PAGE_SIZE) ||
	    !range_within(address, size, USER_MAP_START, USER_MAP_END))
		return ST_INVALID;
	call.ref = space_of(&cap);
	return range_run(self, &call);
}

long sys_mem_protect(struct thread *self, handle_t process, u64 address, u64 size, u64 flags)
{
	struct range_call call = { .address = address, .size = size, .is_protect = true };
	struct cap cap;
	long status = cap_lookup(&self->process->caps, process, TYPE_PROCESS, RIGHT_MAP, &cap);

	if (status != ST_OK)
		return status;
	if (!IS_ALIGNED(address, PAGE_SIZE) || !IS_ALIGNED(size, PAGE_SIZE) ||
	    !range_within(address, size, USER_MAP_START, USER_MAP_END) || !vspace_allows(flags))
		return ST_INVALID;
	call.flags = (u32)flags;
	call.ref = space_of(&cap);
	return range_run(self, &call);
}

long sys_mem_seal(struct thread *self, handle_t memory)
{
	u64 generation = 0;
	struct cap cap;
	long status = cap_lookup(&self->process->caps, memory, TYPE_MEMORY, RIGHT_SEAL, &cap);

	if (status != ST_OK)
		return status;
	do {
		status = memory_seal(memory_of(&cap), &cap);
		generation = load_relaxed(&memory_of(&cap)->seal_generation);
	} while (status == SYSCALL_RESTART && !generation && !arch_irq_pending());
	if (status == SYSCALL_RESTART && generation)
		fetch_wait(generation, self);
	return status;
}

/* The facts that need the right READ. Memory lock held. */
static long memory_fact(struct memory *memory, u64 what, u64 value[2])
{
	switch (what) {
	case MEM_INFO_SIZE:
		value[0] = memory->nr_pages;
		value[1] = (memory->is_sealed ? MEM_FLAG_SEALED : 0u) |
			   (memory->is_physical ? MEM_FLAG_PHYSICAL : 0u) |
			   (memory->is_device ? MEM_FLAG_DEVICE : 0u);
		return ST_OK;
	case MEM_INFO_RESIDENT:
		value[0] = memory->nr_resident;
		value[1] = memory->nr_writable;
		return ST_OK;
	default:
		return ST_INVALID;
	}
}

long sys_mem_info(struct thread *self, handle_t memory, u64 what, u64 index)
{
	u32 right = what == MEM_INFO_PHYSICAL ? RIGHT_DMA : RIGHT_READ;
	u64 value[2] = { 0, 0 };
	struct cap cap;
	long status = cap_lookup(&self->process->caps, memory, TYPE_MEMORY, right, &cap);

	if (status != ST_OK)
		return status;
	if (what == MEM_INFO_PHYSICAL) {
		status = memory_frame_of(&cap, index, &value[0]);
	} else {
		spin_lock(&memory_of(&cap)->lock);
		status = cap_is_current(&cap) ? memory_fact(memory_of(&cap), what, value) :
						ST_BADHANDLE;
		spin_unlock(&memory_of(&cap)->lock);
	}
	return thread_answer(self, status, value);
}

long sys_mem_create_device(struct thread *self, handle_t system, u64 base, u64 pages, u64 kind)
{
	struct cap_space *space = &self->process->caps;
	struct memory *memory;
	struct slot *slot;
	struct cap cap;
	long status = cap_lookup(space, system, TYPE_SYSTEM, RIGHT_DEVICE, &cap);

	if (status != ST_OK)
		return status;
	if (!IS_ALIGNED(base, PAGE_SIZE) || pages < 1 || pages > MEMORY_MAX_PAGES ||
	    kind > MEM_CACHED || !range_within(base, pages * PAGE_SIZE, 0, pt_address_end))
		return ST_INVALID;
	if (frame_is_ram(base, pages * PAGE_SIZE) || kmap_is_kernel_device(base, pages * PAGE_SIZE))
		return ST_BUSY;
	slot = cap_reserve(space);
	if (!slot)
		return ST_NOSLOTS;
	memory = memory_create_physical(base, pages, kind == MEM_DEVICE);
	if (!memory) {
		cap_unreserve(slot);
		return ST_NOMEM;
	}
	arch_set_value(&self->regs, 0, cap_install(&memory->object, slot, RIGHTS_ALL, 0));
	return ST_OK;
}
