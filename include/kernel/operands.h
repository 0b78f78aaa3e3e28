/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing the operands of a call in struct arch_regs, as described in
 * <kernel/arch.h>, which includes this.  <asm/regs.h> says where they lie:
 *
 *   REG_TAG REG_HANDLES REG_STATUS REG_PC REG_SP   names of members
 *   CALL_SIZE                bytes of the system-call instruction
 *   arch_arg_register()      an argument's register
 *
 * and defines the functions that differ by more than a name.
 */
#ifndef KERNEL_OPERANDS_H
#define KERNEL_OPERANDS_H

#include <asm/regs.h>

static inline u64 arch_tag(const struct arch_regs *regs)
{
	return regs->REG_TAG;
}

static inline void arch_set_tag(struct arch_regs *regs, u64 tag)
{
	regs->REG_TAG = tag;
}

static inline handle_t arch_handle(const struct arch_regs *regs)
{
	return (handle_t)regs->REG_HANDLES;
}

static inline handle_t arch_handle2(const struct arch_regs *regs)
{
	return (handle_t)(regs->REG_HANDLES >> 32);
}

static inline u64 arch_arg(const struct arch_regs *regs, unsigned n)
{
	return *arch_arg_register((struct arch_regs *)regs, n);
}

static inline void arch_set_arg(struct arch_regs *regs, unsigned n, u64 value)
{
	*arch_arg_register(regs, n) = value;
}

static inline void arch_set_status(struct arch_regs *regs, long status)
{
	regs->REG_STATUS = (u64)status;
}

static inline void arch_restart_call(struct arch_regs *regs)
{
	regs->REG_PC -= CALL_SIZE;
}

static inline uaddr_t arch_pc(const struct arch_regs *regs)
{
	return regs->REG_PC;
}

static inline uaddr_t arch_sp(const struct arch_regs *regs)
{
	return regs->REG_SP;
}

/* A pc that user mode cannot execute is found out when the thread is entered, or faults there. */
static inline void arch_set_pc(struct arch_regs *regs, uaddr_t pc)
{
	regs->REG_PC = pc;
}

#endif
