// SPDX-License-Identifier: MIT
/* Offsets that boot.S and entry.S need; compiled to assembly only. */
#include <kernel/asm_offsets.h>
#include <kernel/cpu.h>
#include <kernel/thread.h>

void asm_offsets(void);

void asm_offsets(void)
{
	DEFINE(CPU_SCRATCH, offsetof(struct cpu, arch.scratch));
	DEFINE(CPU_SCRATCH_T0, offsetof(struct cpu, arch.scratch_t0));
	DEFINE(CPU_CURRENT, offsetof(struct cpu, current));
	DEFINE(CPU_STACK_TOP, offsetof(struct cpu, stack_top));
	DEFINE(REGS_SIZE, sizeof(struct arch_regs));
	DEFINE(REGS_S, offsetof(struct arch_regs, s));
	DEFINE(REGS_A, offsetof(struct arch_regs, a));
	DEFINE(REGS_T, offsetof(struct arch_regs, t));
	DEFINE(REGS_RA, offsetof(struct arch_regs, ra));
	DEFINE(REGS_SP, offsetof(struct arch_regs, sp));
	DEFINE(REGS_GP, offsetof(struct arch_regs, gp));
	DEFINE(REGS_TP, offsetof(struct arch_regs, tp));
	DEFINE(REGS_PC, offsetof(struct arch_regs, pc));
	DEFINE(REGS_RESERVATION, offsetof(struct arch_regs, reservation));
}
