// SPDX-License-Identifier: MIT
/* Offsets that boot.S and entry.S need; compiled to assembly only. */
#include <kernel/asm_offsets.h>
#include <kernel/cpu.h>
#include <kernel/thread.h>

void asm_offsets(void);

void asm_offsets(void)
{
	DEFINE(CPU_CURRENT, offsetof(struct cpu, current));
	DEFINE(CPU_STACK_TOP, offsetof(struct cpu, stack_top));
	DEFINE(REGS_SIZE, sizeof(struct arch_regs));
	DEFINE(REGS_X27, offsetof(struct arch_regs, x[27]));
	DEFINE(REGS_X30, offsetof(struct arch_regs, x[30]));
	DEFINE(REGS_SP, offsetof(struct arch_regs, sp));
	DEFINE(REGS_PC, offsetof(struct arch_regs, pc));
	DEFINE(REGS_PSTATE, offsetof(struct arch_regs, pstate));
	DEFINE(REGS_TLS, offsetof(struct arch_regs, tls));
}
