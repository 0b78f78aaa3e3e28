// SPDX-License-Identifier: MIT
/*
 * Exceptions; registers and backtraces for people.  Source: RISC-V Privileged
 * Architecture, 4.1.8 and 4.1.9.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>

void trap_user(struct thread *thread, u64 cause, u64 value);
__noreturn void trap_kernel(const struct arch_regs *regs, u64 cause, u64 value);
extern const char boot_stack_bottom[], boot_stack_top[];
extern const char emergency_stack_bottom[], emergency_stack_top[];

/* What a cause means, and whether the page tables are behind it. */
static const struct {
	u8 kind;
	bool from_table;
	const char *name;
} causes[] = {
	[0] = { FAULT_ALIGNMENT, false, "misaligned instruction" },
	[1] = { FAULT_EXECUTE, false, "instruction access fault" },
	[2] = { FAULT_INSTRUCTION, false, "illegal instruction" },
	[3] = { FAULT_BREAKPOINT, false, "breakpoint" },
	[4] = { FAULT_ALIGNMENT, false, "misaligned load" },
	[5] = { FAULT_READ, false, "load access fault" },
	[6] = { FAULT_ALIGNMENT, false, "misaligned store" },
	[7] = { FAULT_WRITE, false, "store access fault" },
	[12] = { FAULT_EXECUTE, true, "instruction page fault" },
	[13] = { FAULT_READ, true, "load page fault" },
	[15] = { FAULT_WRITE, true, "store page fault" },
};

static bool cause_is_known(u64 cause)
{
	return cause < ARRAY_SIZE(causes) && causes[cause].name;
}

void trap_user(struct thread *thread, u64 cause, u64 value)
{
	bool is_known = cause_is_known(cause);
	struct fault_info fault = {
		.kind = is_known ? causes[cause].kind : FAULT_OTHER,
		.from_table = is_known && causes[cause].from_table,
		.address = value,
		.code = cause,
	};

	/* There stval holds the instruction's bits, or nothing. */
	if (fault.kind == FAULT_INSTRUCTION || fault.kind == FAULT_BREAKPOINT)
		fault.address = thread->regs.pc;
	kernel_fault(thread, &fault);
}

void trap_kernel(const struct arch_regs *regs, u64 cause, u64 value)
{
	panic_exception(regs, "%s (scause %#lx) at %#lx, stval %#lx",
			cause_is_known(cause) ? causes[cause].name : "trap", cause, regs->pc,
			value);
}

void arch_dump_regs(const struct arch_regs *regs)
{
	const u64 *s = regs->s, *a = regs->a, *t = regs->t;

	printk(LOG_ERROR, "  pc  %016lx ra  %016lx sp  %016lx gp  %016lx", regs->pc, regs->ra,
	       regs->sp, regs->gp);
	printk(LOG_ERROR, "  tp  %016lx t0  %016lx t1  %016lx t2  %016lx", regs->tp, t[0], t[1],
	       t[2]);
	printk(LOG_ERROR, "  t3  %016lx t4  %016lx t5  %016lx t6  %016lx", t[3], t[4], t[5], t[6]);
	for (unsigned i = 0; i < 8; i += 4)
		printk(LOG_ERROR, "  a%u  %016lx a%u  %016lx a%u  %016lx a%u  %016lx", i, a[i],
		       i + 1, a[i + 1], i + 2, a[i + 2], i + 3, a[i + 3]);
	for (unsigned i = 0; i < 12; i += 4)
		printk(LOG_ERROR, "  s%-2u %016lx s%-2u %016lx s%-2u %016lx s%-2u %016lx", i, s[i],
		       i + 1, s[i + 1], i + 2, s[i + 2], i + 3, s[i + 3]);
}

static bool lies_within(kaddr_t frame, kaddr_t bottom, kaddr_t top)
{
	return range_within(frame, 0, bottom + 16, top);
}

kaddr_t arch_frame(const struct arch_regs *regs, kaddr_t *link)
{
	*link = regs->ra;
	return regs->s[0];
}

/* Return address and caller's frame lie in the 16 bytes below where s0 points. */
const kaddr_t *arch_frame_record(kaddr_t frame)
{
	kaddr_t top = arch_this_cpu()->stack_top;

	if (IS_ALIGNED(frame, 8) &&
	    (lies_within(frame, (kaddr_t)boot_stack_bottom, (kaddr_t)boot_stack_top) ||
	     lies_within(frame, (kaddr_t)emergency_stack_bottom, (kaddr_t)emergency_stack_top) ||
	     (top && lies_within(frame, top - KERNEL_STACK_SIZE, top))))
		return (const kaddr_t *)frame - 2;
	return NULL;
}
