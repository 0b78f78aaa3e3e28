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
	DEFINE(CPU_TSS_RSP0, offsetof(struct cpu, arch.tss.rsp0));
	DEFINE(CPU_SEGMENTS_OWNER, offsetof(struct cpu, arch.segments_owner));
	DEFINE(CPU_FS_BASE, offsetof(struct cpu, arch.fs_base));
	DEFINE(REGS_RBX, offsetof(struct arch_regs, rbx));
	DEFINE(REGS_RBP, offsetof(struct arch_regs, rbp));
	DEFINE(REGS_R12, offsetof(struct arch_regs, r12));
	DEFINE(REGS_R13, offsetof(struct arch_regs, r13));
	DEFINE(REGS_R14, offsetof(struct arch_regs, r14));
	DEFINE(REGS_R15, offsetof(struct arch_regs, r15));
	DEFINE(REGS_R8, offsetof(struct arch_regs, r8));
	DEFINE(REGS_R9, offsetof(struct arch_regs, r9));
	DEFINE(REGS_RAX, offsetof(struct arch_regs, rax));
	DEFINE(REGS_RDX, offsetof(struct arch_regs, rdx));
	DEFINE(REGS_RSI, offsetof(struct arch_regs, rsi));
	DEFINE(REGS_RDI, offsetof(struct arch_regs, rdi));
	DEFINE(REGS_R10, offsetof(struct arch_regs, r10));
	DEFINE(REGS_FS_BASE, offsetof(struct arch_regs, fs_base));
	DEFINE(REGS_SIZE, sizeof(struct arch_regs));
	DEFINE(REGS_R11, offsetof(struct arch_regs, r11));
	DEFINE(REGS_VECTOR, offsetof(struct arch_regs, vector));
	DEFINE(REGS_RIP, offsetof(struct arch_regs, rip));
	DEFINE(REGS_CS, offsetof(struct arch_regs, cs));
	DEFINE(REGS_RFLAGS, offsetof(struct arch_regs, rflags));
	DEFINE(REGS_RSP, offsetof(struct arch_regs, rsp));
}
