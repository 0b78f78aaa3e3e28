// SPDX-License-Identifier: MIT
/*
 * The ways in and the one way out.
 *
 * A call, a fault or an interrupt changes states of threads and returns; then
 * kernel_exit() goes back to the same thread, if nothing has happened that
 * another choice could come of; else it looks at what was posted, chooses,
 * switches the address space and leaves.  It loops while there is kernel work: an inbox, or a step
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

/*
 * The call was refused or has come to a preemption point.  A refused one has
 * values, too: nothing, or what a range call has done so far.
 */
static noinline void settle(struct thread *self, long result)
{
	u8 nr_values = syscall_nr_values[arch_tag(&self->regs) & MSG_CALL_MASK];

	/* What is just being taken apart may be what was missing. */
	if (result == SYSCALL_RESTART ||
	    ((result == ST_NOMEM || result == ST_NOSLOTS) && reaper_wait(self))) {
		arch_restart_call(&self->regs);
		return;
	}
	if (nr_values > 0)
		arch_set_value(&self->regs, 0, self->progress);
	if (nr_values > 1)
		arch_set_value(&self->regs, 1, 0);
	self->progress = 0;
	arch_set_status(&self->regs, result);
}

bool kernel_syscall(struct thread *self)
{
	long result = syscall_table[arch_tag(&self->regs) & MSG_CALL_MASK](self);
	struct cpu *cpu = arch_this_cpu();

	if (likely(result == ST_OK)) {
		self->progress = 0;
		arch_set_status(&self->regs, ST_OK);
	} else if (result != SYSCALL_DONE) {
		settle(self, result);
	}
	spin_assert_none();
	return likely(cpu->current == self) && likely(!cpu->pending);
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
		else if (irq == IRQ_IPI)
			cpu->pending = true; /* what was posted is found on the way out */
		else
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
	store_relaxed(&cpu->idle_time, cpu->idle_time + (arch_now() - cpu->idle_since));
	cpu->idle_since = 0;
}

/*
 * A preemption point of the kernel's own work: interrupts arrive as in idle.  No wait: another CPU
 * may have masked the line since, and then there would be none.
 */
static void let_irqs_in(struct cpu *cpu)
{
	if (!arch_irq_pending())
		return;
	sched_preempt(cpu);
	vspace_load(NULL);
	arch_irq_window();
}

/* Look at what was posted, choose, switch the address space, leave. */
static __noreturn void leave(struct cpu *cpu)
{
	for (;;) {
		struct thread *next;

		cpu->pending = false;
		while (!inbox_is_empty(cpu) && !inbox_process(cpu))
			let_irqs_in(cpu);
		spin_assert_none();
		next = sched_choose(cpu);
		if (!next && inbox_is_empty(cpu))
			idle(cpu);
		if (!next)
			continue;
		leave_idle(cpu);
		if (next == cpu->reaper) {
			/* Sleepers must be able to interrupt it. */
			sched_arm(cpu, next);
			vspace_load(NULL);
			reaper_step(cpu);
			let_irqs_in(cpu);
			continue;
		}
		vspace_load(&next->process->vspace);
		if (cpu->pending)
			continue; /* set by what the inbox held; look once more */
		sched_arm(cpu, next);
		arch_enter_user(next);
	}
}

void kernel_exit(void)
{
	struct cpu *cpu = arch_this_cpu();
	struct thread *self = cpu->current;

	if (unlikely(!self || cpu->pending))
		leave(cpu);
	spin_assert_none();
	arch_enter_user(self);
}
