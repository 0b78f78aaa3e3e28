/* SPDX-License-Identifier: MIT */
/*
 * A user thread's registers.  s0-s7 come first: they are the message words.
 */
#ifndef ASM_REGS_H
#define ASM_REGS_H

#include <asm/layout.h>
#include <kernel/types.h>

struct arch_regs {
	u64 s[12];
	u64 a[8];
	u64 t[7];
	u64 ra, sp, gp, tp;
	u64 pc;
};

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
	return regs->a[n + 1];
}

static inline void arch_set_arg(struct arch_regs *regs, unsigned n, u64 value)
{
	regs->a[n + 1] = value;
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

/* ecall has no compressed form. */
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

static inline void arch_set_pc(struct arch_regs *regs, uaddr_t pc)
{
	regs->pc = pc;
}

static inline void arch_set_tls(struct arch_regs *regs, u64 value)
{
	regs->tp = value;
}

#endif
