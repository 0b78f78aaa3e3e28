/* SPDX-License-Identifier: MIT */
/*
 * A user thread's registers and where the ABI's operands lie in them.
 * entry.S saves and restores all of them; the offsets come from asm-offsets.c.
 */
#ifndef ASM_REGS_H
#define ASM_REGS_H

#include <kernel/types.h>

struct arch_regs {
	u64 x[31];
	u64 sp, pc;
	u64 pstate; /* SPSR_EL1: EL0t, nothing masked */
	u64 tls;    /* TPIDR_EL0 */
	u64 unused; /* keeps the size a multiple of 16 */
};
_Static_assert(sizeof(struct arch_regs) % 16 == 0, "a frame of this size keeps sp aligned");

#define REG_TAG x[27]
#define REG_HANDLES x[0]
#define REG_STATUS x[0]
#define REG_PC pc /* saved is the address after the SVC instruction */
#define REG_SP sp
#define REG_WORDS 19 /* x19 to x26 */
#define REG_CAPS 28  /* x28, x29 */
#define CALL_SIZE 4

static inline void arch_regs_init(struct arch_regs *regs, uaddr_t pc, uaddr_t sp, u64 arg)
{
	*regs = (struct arch_regs){ .x = { arg }, .sp = sp, .pc = pc };
}

/** arch_arg_register() - where argument @n (0 to 4) of a call that is not IPC lies. */
static inline u64 *arch_arg_register(struct arch_regs *regs, unsigned n)
{
	return &regs->x[1 + n];
}

static inline u64 *arch_words(struct arch_regs *regs)
{
	return &regs->x[REG_WORDS];
}

static inline u64 arch_caps(const struct arch_regs *regs, unsigned n)
{
	return regs->x[REG_CAPS + n];
}

static inline void arch_set_caps(struct arch_regs *regs, unsigned n, u64 value)
{
	regs->x[REG_CAPS + n] = value;
}

static inline void arch_set_value(struct arch_regs *regs, unsigned n, u64 value)
{
	regs->x[1 + n] = value;
}

static inline void arch_set_tls(struct arch_regs *regs, u64 base)
{
	regs->tls = base;
}

#endif
