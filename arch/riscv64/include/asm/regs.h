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

static inline void arch_regs_init(struct arch_regs *regs, uaddr_t pc, uaddr_t sp, u64 arg)
{
	*regs = (struct arch_regs){ .a = { arg }, .sp = sp, .pc = pc };
}

static inline u64 arch_tag(const struct arch_regs *regs)
{
	return regs->s[8];
}

static inline void arch_set_tag(struct arch_regs *regs, u64 tag)
{
	regs->s[8] = tag;
}

static inline handle_t arch_handle(const struct arch_regs *regs)
{
	return (handle_t)regs->a[0];
}

static inline handle_t arch_handle2(const struct arch_regs *regs)
{
	return (handle_t)(regs->a[0] >> 32);
}

static inline void arch_set_handle_register(struct arch_regs *regs, u64 value)
{
	regs->a[0] = value;
}

static inline u64 arch_arg(const struct arch_regs *regs, unsigned n)
{
	return regs->a[1 + n];
}

static inline void arch_set_arg(struct arch_regs *regs, unsigned n, u64 value)
{
	regs->a[1 + n] = value;
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

static inline void arch_set_status(struct arch_regs *regs, long status)
{
	regs->a[0] = (u64)status;
}

static inline void arch_set_value(struct arch_regs *regs, unsigned n, u64 value)
{
	regs->a[1 + n] = value;
}

/* ECALL has no compressed form: four bytes. */
static inline void arch_restart_call(struct arch_regs *regs)
{
	regs->pc -= 4;
}

static inline uaddr_t arch_pc(const struct arch_regs *regs)
{
	return regs->pc;
}

static inline uaddr_t arch_sp(const struct arch_regs *regs)
{
	return regs->sp;
}

/* Whatever the address is: bit 0 is dropped by the hardware, and a bad one faults in user mode. */
static inline void arch_set_pc(struct arch_regs *regs, uaddr_t pc)
{
	regs->pc = pc;
}

static inline void arch_set_tls(struct arch_regs *regs, u64 base)
{
	regs->tp = base;
}

#endif
