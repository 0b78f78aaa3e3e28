// SPDX-License-Identifier: MIT
/*
 * System calls about the running thread's time on the CPU.
 */
#include "sched_internal.h"
#include <generated/syscall_protos.h>

long sys_thread_yield(struct thread *self)
{
	arch_set_status(&self->regs, ST_OK);
	sched_yield(self);
	return SYSCALL_DONE;
}

long sys_thread_sleep(struct thread *self, u64 deadline)
{
	if (deadline <= arch_now())
		return ST_OK;
	arch_set_status(&self->regs, ST_OK);
	store_relaxed(&self->wait_kind, WAIT_SLEEP);
	sched_block(self, deadline);
	return SYSCALL_DONE;
}

long sys_clock_now(struct thread *self)
{
	arch_set_value(&self->regs, 0, arch_now());
	return ST_OK;
}
