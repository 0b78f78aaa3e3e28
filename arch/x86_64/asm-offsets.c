// SPDX-License-Identifier: MIT
/* Offsets that boot.S and entry.S need; compiled to assembly only. */
#include <kernel/asm_offsets.h>
#include <kernel/cpu.h>
#include <kernel/thread.h>

void asm_offsets(void);

void asm_offsets(void)
{
	DEFINE(CPU_SIZE, sizeof(struct cpu));
	DEFINE(CPU_SELF, offsetof(struct cpu, arch.self));
	DEFINE(CPU_USER_RSP, offsetof(struct cpu, arch.user_rsp));
	DEFINE(CPU_VECTOR, offsetof(struct cpu, arch.vector));
	DEFINE(CPU_CURRENT, offsetof(struct cpu, current));
	DEFINE(CPU_STACK_TOP, offsetof(struct cpu, stack_top));
	DEFINE(CPU_HWID, offsetof(struct cpu, hwid));
	DEFINE(REGS_SIZE, sizeof(struct arch_regs));
	DEFINE(REGS_R11, offsetof(struct arch_regs, r11));
	DEFINE(REGS_VECTOR, offsetof(struct arch_regs, vector));
	DEFINE(REGS_RIP, offsetof(struct arch_regs, rip));
	DEFINE(REGS_CS, offsetof(struct arch_regs, cs));
	DEFINE(REGS_RFLAGS, offsetof(struct arch_regs, rflags));
	DEFINE(REGS_RSP, offsetof(struct arch_regs, rsp));
}
