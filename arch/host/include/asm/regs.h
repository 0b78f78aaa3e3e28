/* SPDX-License-Identifier: MIT */
/*
 * A user thread's registers, in the order of the ABI.  The program counter
 * counts steps of a scripted actor (see actor.c).
 */
#ifndef ASM_REGS_H
#define ASM_REGS_H

#include <kernel/types.h>

#define CALL_SIZE 4 /* bytes of the system-call instruction */

struct arch_regs {
	u64 words[8];
	u64 tag, caps[2];
	u64 status;  /* handles on the way in */
	u64 args[5]; /* args[0] and args[1] are the values on the way out */
	u64 pc, sp, tls;
	u64 actor; /* the simulator's: which one it is, 0 at first */
};

#define REG_TAG tag
#define REG_HANDLES status
#define REG_STATUS status
#define REG_PC pc
#define REG_SP sp

static inline void arch_regs_init(struct arch_regs *regs, uaddr_t pc, uaddr_t sp, u64 arg)
{
	*regs = (struct arch_regs){ .status = arg, .sp = sp, .pc = pc };
}

/** arch_arg_register() - where argument @n (0 to 4) of a call that is not IPC lies. */
static inline u64 *arch_arg_register(struct arch_regs *regs, unsigned n)
{
	return &regs->args[n];
}

static inline u64 *arch_words(struct arch_regs *regs)
{
	return regs->words;
}

static inline u64 arch_caps(const struct arch_regs *regs, unsigned n)
{
	return regs->caps[n];
}

static inline void arch_set_caps(struct arch_regs *regs, unsigned n, u64 value)
{
	regs->caps[n] = value;
}

static inline void arch_set_value(struct arch_regs *regs, unsigned n, u64 value)
{
	regs->args[n] = value;
}

static inline void arch_set_tls(struct arch_regs *regs, u64 base)
{
	regs->tls = base;
}

#endif
