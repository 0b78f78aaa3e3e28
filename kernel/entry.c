// SPDX-License-Identifier: MIT
/*
 * The ways in and the one way out.
 *
 * A call, a fault or an interrupt changes states of threads and returns; then
 * kernel_exit() looks once at what was posted, chooses, switches the address
 * space and leaves.  It loops while there is kernel work: an inbox, or a step
 * of the reaper, which is a thread without user mode.
 */
#include <generated/syscall_protos.h>
#include <kernel/ipc.h>
#include <kernel/irq.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/reaper.h>
#include <kernel/sched.h>
#include <kernel/vspace.h>

#include <generated/syscall_table.h>

void kernel_syscall(struct thread *self)
{
	long result = syscall_table[arch_tag(&self->regs) & MSG_CALL_MASK](self);

	if (result == SYSCALL_RESTART) {
		arch_restart_call(&self->regs);
	} else if (result != SYSCALL_DONE) {
		self->progress = 0;
		arch_set_status(&self->regs, result);
	}
}

/* The access a fault kind stands for, 0 if it is none. */
static u32 fault_access(u32 kind)
{
	switch (kind) {
	case FAULT_READ:
		return MAP_READ;
	case FAULT_WRITE:
		return MAP_WRITE;
	case FAULT_EXECUTE:
		return MAP_EXECUTE;
	default:
		return 0;
	}
}

void kernel_fault(struct thread *self, const struct fault_info *fault)
{
	u32 access = fault_access(fault->kind);

	if (access && fault->from_table && fault->address < USER_END &&
	    vspace_fault(&self->process->vspace, fault->address, access) == ST_OK)
		return;
	self->fault_kind = fault->kind;
	self->fault_words[FAULT_WORD_ADDRESS] = fault->address;
	self->fault_words[FAULT_WORD_PC] = arch_pc(&self->regs);
	self->fault_words[FAULT_WORD_SP] = arch_sp(&self->regs);
	self->fault_words[FAULT_WORD_THREAD] = self->number;
	self->fault_words[FAULT_WORD_CODE] = fault->code;
	if (!fault_send(self))
		process_fault(self->process, self);
}

void kernel_irq(void)
{
	struct cpu *cpu = arch_this_cpu();
	u32 irq;

	while ((irq = arch_irq_claim()) != IRQ_NONE) {
		if (irq == IRQ_TIMER)
			sched_tick(cpu);
		else if (irq != IRQ_IPI) /* what was posted is found on the way out */
			irq_handle(irq);
	}
}

/* Nothing to run: wait. Every interrupt comes back through kernel_irq() and kernel_exit(). */
static __noreturn void idle(struct cpu *cpu)
{
	cpu->current = NULL;
	vspace_load(NULL);
	sched_arm(cpu, NULL);
	if (!cpu->idle_since)
		cpu->idle_since = arch_now();
	arch_idle();
}

static void leave_idle(struct cpu *cpu)
{
	if (!cpu->idle_since)
		return;
	cpu->idle_time += arch_now() - cpu->idle_since;
	cpu->idle_since = 0;
}

/* One step for the dead; then let interrupts in, which arrive as in idle. */
static void reap(struct cpu *cpu)
{
	vspace_load(NULL);
	reaper_step(cpu);
	if (arch_irq_pending()) {
		ASSERT(!cpu->current);
		arch_idle();
	}
}

void kernel_exit(void)
{
	struct cpu *cpu = arch_this_cpu();

	for (;;) {
		struct thread *next;

		inbox_process(cpu);
		spin_assert_none();
		next = sched_choose(cpu);
		if (!next && inbox_is_empty(cpu))
			idle(cpu);
		if (!next)
			continue;
		leave_idle(cpu);
		if (next == cpu->reaper) {
			reap(cpu);
			continue;
		}
		vspace_load(&next->process->vspace);
		sched_arm(cpu, next);
		arch_enter_user(next);
	}
}
