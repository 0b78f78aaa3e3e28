/* SPDX-License-Identifier: MIT */
/*
 * A user thread's registers.  The eight message words of the ABI, s0 to s7,
 * come first.  The status register is not kept: a user thread cannot change
 * anything in it, because floating-point and vector units are off.
 */
#ifndef ASM_REGS_H
#define ASM_REGS_H

#include <kernel/types.h>

struct arch_regs {
	u64 s[12]; /* s0-s7: message words; s8: tag; s9, s10: capabilities */
	u64 a[8];  /* a0: handle or status; a1-a5: arguments; a1, a2: values */
	u64 t[7];
	u64 ra, sp, gp, tp;
	u64 pc;
	u64 reservation; /* target of the store that ends a load-reserved; holds nothing */
} __aligned(16);

#define REG_TAG s[8]
#define REG_HANDLES a[0]
#define REG_STATUS a[0]
#define REG_PC pc
#define REG_SP sp
#define CALL_SIZE 4 /* ECALL has no compressed form */

static inline void arch_regs_init(struct arch_regs *regs, uaddr_t pc, uaddr_t sp, u64 arg)
{
	*regs = (struct arch_regs){ .a = { arg }, .sp = sp, .pc = pc };
}

/** arch_arg_register() - where argument @n (0 to 4) of a call that is not IPC lies. */
static inline u64 *arch_arg_register(struct arch_regs *regs, unsigned n)
{
	return &regs->a[1 + n];
}

static inline u64 *arch_words(struct arch_regs *regs)
{
	return regs->s;
}

static inline u64 arch_caps(const struct arch_regs *regs, unsigned n)
{
	return regs->s[9 + n];
}

static inline void arch_set_caps(struct arch_regs *regs, unsigned n, u64 value)
{
	regs->s[9 + n] = value;
}

static inline void arch_set_value(struct arch_regs *regs, unsigned n, u64 value)
{
	regs->a[1 + n] = value;
}

static inline void arch_set_tls(struct arch_regs *regs, u64 base)
{
	regs->tp = base;
}

#endif
