// SPDX-License-Identifier: MIT
/*
 * Traps, registers and backtraces for people.
 * Source: RISC-V Privileged Architecture 1.12, table 4.2.
 */
#include <asm/riscv.h>
#include <kernel/arch.h>
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>

#define CAUSE_ECALL 8

void trap_user(struct arch_regs *regs, s64 cause, u64 value);
__noreturn void trap_kernel(const struct arch_regs *regs, s64 cause, u64 value);
extern const char boot_stack_bottom[], boot_stack_top[];

static u32 fault_kind(s64 cause)
{
	switch (cause) {
	case 1: case 12:
		return FAULT_EXECUTE;
	case 5: case 13:
		return FAULT_READ;
	case 7: case 15:
		return FAULT_WRITE;
	case 0: case 4: case 6:
		return FAULT_ALIGNMENT;
	case 2:
		return FAULT_INSTRUCTION;
	case 3:
		return FAULT_BREAKPOINT;
	default:
		return FAULT_OTHER;
	}
}

void trap_user(struct arch_regs *regs, s64 cause, u64 value)
{
	struct thread *self = container_of(regs, struct thread, regs);
	struct fault_info fault = {
		.kind = fault_kind(cause),
		.from_table = cause >= 12,
		.address = cause == 2 || cause == 3 ? regs->pc : value,
		.code = (u64)cause,
	};

	if (cause < 0) {
		kernel_irq();
	} else if (cause == CAUSE_ECALL) {
		regs->pc += 4;
		kernel_syscall(self);
	} else {
		kernel_fault(self, &fault);
	}
}

void trap_kernel(const struct arch_regs *regs, s64 cause, u64 value)
{
	pr_error("exception in the kernel:");
	arch_dump_regs(regs);
	panic("cause %ld at %#lx, address %#lx", cause, regs->pc, value);
}

void arch_dump_regs(const struct arch_regs *regs)
{
	printk(LOG_ERROR, "  pc %016lx ra %016lx sp %016lx gp %016lx tp %016lx", regs->pc, regs->ra,
	       regs->sp, regs->gp, regs->tp);
	for (u32 i = 0; i < 12; i += 4)
		printk(LOG_ERROR, "  s%-2u %016lx %016lx %016lx %016lx", i, regs->s[i], regs->s[i + 1],
		       regs->s[i + 2], regs->s[i + 3]);
	for (u32 i = 0; i < 8; i += 4)
		printk(LOG_ERROR, "  a%-2u %016lx %016lx %016lx %016lx", i, regs->a[i], regs->a[i + 1],
		       regs->a[i + 2], regs->a[i + 3]);
	printk(LOG_ERROR, "  t0  %016lx %016lx %016lx %016lx %016lx %016lx %016lx", regs->t[0], regs->t[1],
	       regs->t[2], regs->t[3], regs->t[4], regs->t[5], regs->t[6]);
}

static bool is_on_stack(kaddr_t address)
{
	kaddr_t top = arch_this_cpu()->stack_top;

	return range_within(address, 0, (kaddr_t)boot_stack_bottom, (kaddr_t)boot_stack_top) ||
	       (top && range_within(address, 0, top - KERNEL_STACK_SIZE, top));
}

/* The frame pointer points behind the return address and the caller's frame pointer. */
void arch_backtrace(void (*visit)(kaddr_t address))
{
	const kaddr_t *frame = __builtin_frame_address(0);

	while (IS_ALIGNED((kaddr_t)frame, 8) && is_on_stack((kaddr_t)frame) &&
	       is_on_stack((kaddr_t)(frame - 2))) {
		const kaddr_t *next = (const kaddr_t *)frame[-2];

		visit(frame[-1]);
		if (next <= frame)
			return;
		frame = next;
	}
}
