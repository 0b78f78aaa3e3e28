// SPDX-License-Identifier: MIT
/*
 * Exceptions.  Those of user mode become fault messages; one of the kernel is
 * a kernel bug and the end.  The error code and CR2 are described in Intel SDM
 * volume 3, 6.15 and 4.7.
 */
#include <kernel/cpu.h>
#include <kernel/kallsyms.h>
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>

extern const char boot_stack_bottom[], boot_stack_top[];

void trap_user(struct arch_regs *regs);
__noreturn void trap_kernel(const struct arch_regs *regs);
void trap_bad_pc(struct thread *thread);

#define PF_WRITE 0x02
#define PF_RESERVED 0x08
#define PF_FETCH 0x10

/* The architecture's own number of a fault: vector and error code. */
static u64 fault_code(const struct arch_regs *regs)
{
	return regs->vector << 32 | (u32)regs->error;
}

static u32 kind_of(u64 vector)
{
	switch (vector) {
	case 0:  /* divide */
	case 16: /* x87 */
	case 19: /* SIMD */
		return FAULT_ARITHMETIC;
	case VECTOR_DEBUG:
	case VECTOR_BREAKPOINT:
		return FAULT_BREAKPOINT;
	case 6:  /* invalid opcode */
	case 7:  /* floating point, which user mode does not have */
	case 13: /* general protection: a privileged instruction, mostly */
		return FAULT_INSTRUCTION;
	case 17:
		return FAULT_ALIGNMENT;
	default:
		return FAULT_OTHER;
	}
}

static void page_fault(struct thread *self, const struct arch_regs *regs)
{
	struct fault_info fault = { .address = read_cr2(), .code = fault_code(regs) };

	if (regs->error & PF_RESERVED)
		panic("page-table entry with reserved bits set, address %#lx", fault.address);
	fault.kind = regs->error & PF_FETCH ? FAULT_EXECUTE :
		     regs->error & PF_WRITE ? FAULT_WRITE :
					      FAULT_READ;
	fault.from_table = fault.address < USER_END;
	kernel_fault(self, &fault);
}

void trap_user(struct arch_regs *regs)
{
	struct thread *self = arch_this_cpu()->current;
	struct fault_info fault;

	if (regs->vector == VECTOR_PAGE_FAULT) {
		page_fault(self, regs);
		return;
	}
	/* INT3 reports the instruction after it; the contract is the faulting one. */
	if (regs->vector == VECTOR_BREAKPOINT)
		regs->rip--;
	fault = (struct fault_info){
		.kind = kind_of(regs->vector),
		.address = regs->rip,
		.code = fault_code(regs),
	};
	kernel_fault(self, &fault);
}

/* The pc came from a creator or a fault handler; nothing was executed. */
void trap_bad_pc(struct thread *thread)
{
	struct fault_info fault = { .kind = FAULT_EXECUTE, .address = thread->regs.rip };

	kernel_fault(thread, &fault);
}

static const char *const exception_names[NR_EXCEPTIONS] = {
	[0] = "divide error",		[1] = "debug",
	[3] = "breakpoint",		[5] = "bound range",
	[6] = "invalid opcode",		[7] = "floating point in the kernel",
	[8] = "double fault (stack overflow?)", [10] = "invalid TSS",
	[11] = "segment not present",	[12] = "stack segment",
	[13] = "general protection",	[14] = "page fault",
	[17] = "alignment check",	[18] = "machine check",
};

void trap_kernel(const struct arch_regs *regs)
{
	const char *name = regs->vector < NR_EXCEPTIONS ? exception_names[regs->vector] : NULL;

	if (regs->vector == VECTOR_PAGE_FAULT)
		panic_exception(regs, "kernel page fault: %s of %#lx at %#lx",
				regs->error & PF_FETCH ? "execution" :
				regs->error & PF_WRITE ? "write" :
							 "read",
				read_cr2(), regs->rip);
	panic_exception(regs, "kernel exception %lu: %s, error %#lx at %#lx", regs->vector,
			name ? name : "unknown", regs->error, regs->rip);
}

void arch_dump_regs(const struct arch_regs *r)
{
	pr_error("rip %04lx:%016lx  rsp %04lx:%016lx  rflags %08lx", r->cs, r->rip, r->ss, r->rsp,
		 r->rflags);
	pr_error("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", r->rax, r->rbx, r->rcx,
		 r->rdx);
	pr_error("rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx", r->rsi, r->rdi, r->rbp, r->r8);
	pr_error("r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx", r->r9, r->r10, r->r11, r->r12);
	pr_error("r13 %016lx  r14 %016lx  r15 %016lx  cr2 %016lx", r->r13, r->r14, r->r15,
		 read_cr2());
	pr_error("cr3 %016lx  vector %lu  error %lx", read_cr3(), r->vector, r->error);
}

const kaddr_t *arch_frame_record(kaddr_t frame)
{
	kaddr_t top = arch_this_cpu()->stack_top;

	if (IS_ALIGNED(frame, 8UL) &&
	    (cpu_is_exception_stack(arch_this_cpu(), frame) ||
	     range_within(frame, 16, (kaddr_t)boot_stack_bottom, (kaddr_t)boot_stack_top) ||
	     (top && range_within(frame, 16, top - KERNEL_STACK_SIZE, top))))
		return (const kaddr_t *)frame;
	return NULL;
}

/* The call in front of @link is one of the function at @start; @otherwise if it does not say (not E8 rel32). */
static bool calls(kaddr_t link, kaddr_t start, bool otherwise)
{
	const struct { u8 opcode; s32 distance; } __packed *call = (const void *)(link - 5);

	if (!kallsyms_function(link - 5) || call->opcode != 0xe8)
		return otherwise;
	return kallsyms_function(link + (u64)(s64)call->distance) == start;
}

/*
 * The compiler may put off making the frame.  Until then the return address is
 * on top of the stack, and %rbp the caller's: what called the function whose
 * frame that is tells whether it is so.
 */
kaddr_t arch_frame(const struct arch_regs *regs, kaddr_t *link)
{
	kaddr_t start = kallsyms_function(regs->rip);
	const kaddr_t *top = arch_frame_record(regs->rsp), *record = arch_frame_record(regs->rbp);

	if (top && (!start || !record || !calls(record[1], start, !calls(*top, start, false))))
		*link = *top;
	return regs->rbp;
}
