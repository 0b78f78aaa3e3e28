/* SPDX-License-Identifier: MIT */
/*
 * A user thread's registers, in the order in which entry.S pushes them: the
 * processor itself starts the frame at the end of this structure (TSS.rsp0
 * points there), so an interrupt's frame needs no copying.  The eight message
 * words of the ABI come first.
 */
#ifndef ASM_REGS_H
#define ASM_REGS_H

#include <asm/layout.h>
#include <asm/x86.h>
#include <kernel/types.h>

struct arch_regs {
	u64 rbx, rbp, r12, r13, r14, r15, r8, r9; /* message words 0 to 7 */
	u64 rax, rcx, rdx, rsi, rdi, r10, r11;
	u64 fs_base;         /* thread pointer */
	u64 reload_segments; /* not 0: FS base and selectors must be loaded whatever the CPU has */
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
} __aligned(16);

/* The processor aligns the frame down to 16 bytes: there must be nothing to align. */
_Static_assert(sizeof(struct arch_regs) % 16 == 0, "TSS.rsp0 must be aligned");
_Static_assert(offsetof(struct arch_regs, r9) == 56, "message words are consecutive");

#define REG_TAG r10
#define REG_HANDLES rdi
#define REG_STATUS rax
#define REG_PC rip
#define REG_SP rsp
#define CALL_SIZE 2

static inline void arch_regs_init(struct arch_regs *regs, uaddr_t pc, uaddr_t sp, u64 arg)
{
	*regs = (struct arch_regs){
		.rdi = arg,
		.reload_segments = 1,
		.rip = pc,
		.cs = SEL_USER_CODE,
		.rflags = RFLAGS_ONE | RFLAGS_IF,
		.rsp = sp,
		.ss = SEL_USER_DATA,
	};
}

/** arch_arg_register() - where argument @n (0 to 4) of a call that is not IPC lies. */
static inline u64 *arch_arg_register(struct arch_regs *regs, unsigned n)
{
	u64 *places[] = { &regs->rdx, &regs->r8, &regs->r9, &regs->rax, &regs->r12 };

	return places[n];
}

static inline u64 *arch_words(struct arch_regs *regs)
{
	return &regs->rbx;
}

/* Handles leave in rax and rdx; they arrive in rdi and rsi: rax and rdx carry status and badge. */
static inline u64 arch_caps(const struct arch_regs *regs, unsigned n)
{
	return n ? regs->rdx : regs->rax;
}

static inline void arch_set_caps(struct arch_regs *regs, unsigned n, u64 value)
{
	if (n)
		regs->rsi = value;
	else
		regs->rdi = value;
}

static inline void arch_set_value(struct arch_regs *regs, unsigned n, u64 value)
{
	if (n)
		regs->rdi = value;
	else
		regs->rdx = value;
}

/* A base outside of the user half (the processor would refuse some) becomes 0. */
static inline void arch_set_tls(struct arch_regs *regs, u64 base)
{
	regs->fs_base = base < USER_END ? base : 0;
	regs->reload_segments = 1;
}

#endif
