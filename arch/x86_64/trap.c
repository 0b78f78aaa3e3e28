// SPDX-License-Identifier: MIT
/*
 * Exceptions, the way to user mode, registers and backtraces for people.
 * Source: Intel SDM volume 3, 6.15.
 */
#include <kernel/arch.h>
#include <asm/x86.h>
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>

#define PF_WRITE 0x02
#define PF_FETCH 0x10

void trap_user(struct arch_regs *regs);
__noreturn void trap_kernel(struct arch_regs *regs);
void trap_bad_pc(struct thread *thread);
__noreturn void entry_return_user(struct arch_regs *regs);
__noreturn void entry_bad_pc(struct thread *thread);
__noreturn void entry_idle(void);
extern u8 cpu_is_stopping;
extern u32 nmi_count;
extern const char boot_stack_bottom[], boot_stack_top[];

u8 cpu_is_stopping; /* read by entry.S */
u32 nmi_count;      /* written by entry.S */

static u32 fault_kind(u64 vector, u64 error)
{
	switch (vector) {
	case VECTOR_PAGE_FAULT:
		return error & PF_FETCH	  ? FAULT_EXECUTE
		       : error & PF_WRITE ? FAULT_WRITE
					  : FAULT_READ;
	case 0: case 16: case 19:
		return FAULT_ARITHMETIC;
	case VECTOR_DEBUG: case VECTOR_BREAKPOINT:
		return FAULT_BREAKPOINT;
	case 6: case 7: case 13: /* invalid opcode, no FPU, general protection */
		return FAULT_INSTRUCTION;
	case 17:
		return FAULT_ALIGNMENT;
	default:
		return FAULT_OTHER;
	}
}

void trap_user(struct arch_regs *regs)
{
	bool is_page_fault = regs->vector == VECTOR_PAGE_FAULT;
	struct fault_info fault = {
		.kind = fault_kind(regs->vector, regs->error),
		.from_table = is_page_fault,
		.address = is_page_fault ? read_cr2() : regs->rip,
		.code = regs->vector << 32 | (u32)regs->error,
	};

	kernel_fault(container_of(regs, struct thread, regs), &fault);
}

void trap_kernel(struct arch_regs *regs)
{
	pr_error("exception in the kernel:");
	arch_dump_regs(regs);
	panic("exception %lu, error %#lx, at %#lx, address %#lx", regs->vector, regs->error,
	      regs->rip, read_cr2());
}

/* A jump by somebody else's hand (a fault handler) or past the end of the user half. */
void trap_bad_pc(struct thread *thread)
{
	struct fault_info fault = { .kind = FAULT_EXECUTE, .address = thread->regs.rip };

	kernel_fault(thread, &fault);
}

/* FS base and the null selectors. Loading %gs clears the kernel's base: it is written again. */
static void load_thread_segments(struct cpu *cpu, struct thread *thread)
{
	asm volatile("mov %0, %%ds\n\tmov %0, %%es\n\tmov %0, %%fs\n\tmov %0, %%gs"
		     :
		     : "r"(0)
		     : "memory");
	wrmsr(MSR_GS_BASE, (u64)cpu);
	wrmsr(MSR_FS_BASE, thread->regs.fs_base);
	thread->regs.reload_segments = 0;
	cpu->arch.segments_owner = thread;
}

void arch_enter_user(struct thread *thread)
{
	struct cpu *cpu = arch_this_cpu();

	if (thread->regs.rip >= USER_END)
		entry_bad_pc(thread);
	cpu->arch.tss.rsp0 = (u64)(&thread->regs + 1);
	if (thread->regs.reload_segments || cpu->arch.segments_owner != thread)
		load_thread_segments(cpu, thread);
	entry_return_user(&thread->regs);
}

void arch_idle(void)
{
	entry_idle();
}

void arch_dump_regs(const struct arch_regs *regs)
{
	printk(LOG_ERROR, "  rip %016lx rsp %016lx flags %08lx cs %lx", regs->rip, regs->rsp,
	       regs->rflags, regs->cs);
	printk(LOG_ERROR, "  rax %016lx rbx %016lx rcx %016lx rdx %016lx", regs->rax, regs->rbx,
	       regs->rcx, regs->rdx);
	printk(LOG_ERROR, "  rsi %016lx rdi %016lx rbp %016lx r8  %016lx", regs->rsi, regs->rdi,
	       regs->rbp, regs->r8);
	printk(LOG_ERROR, "  r9  %016lx r10 %016lx r11 %016lx r12 %016lx", regs->r9, regs->r10,
	       regs->r11, regs->r12);
	printk(LOG_ERROR, "  r13 %016lx r14 %016lx r15 %016lx", regs->r13, regs->r14, regs->r15);
}

/* The end of the stack that @address lies on, 0 if it is none of this CPU's. */
static kaddr_t stack_end(kaddr_t address)
{
	const struct cpu *cpu = arch_this_cpu();
	kaddr_t top;

	if (address >= (kaddr_t)boot_stack_bottom && address < (kaddr_t)boot_stack_top)
		return (kaddr_t)boot_stack_top;
	if (cpu->stack_top &&
	    range_within(address, 8, cpu->stack_top - KERNEL_STACK_SIZE, cpu->stack_top))
		return cpu->stack_top;
	return cpu_is_exception_stack(cpu, address, &top) ? top : 0;
}

void arch_backtrace(void (*visit)(kaddr_t address))
{
	const kaddr_t *frame = __builtin_frame_address(0);
	kaddr_t end = stack_end((kaddr_t)frame);

	while (end && (kaddr_t)frame + 16 <= end && IS_ALIGNED((kaddr_t)frame, 8)) {
		const kaddr_t *next = (const kaddr_t *)frame[0];

		visit(frame[1]);
		if (next <= frame)
			return;
		frame = next;
	}
}
