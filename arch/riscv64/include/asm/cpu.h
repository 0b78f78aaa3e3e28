/* SPDX-License-Identifier: MIT */
/*
 * The architecture's part of struct cpu.  In the kernel tp holds the CPU's
 * structure and sscratch is 0; in user mode sscratch holds it.
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <kernel/types.h>

struct cpu;

struct arch_cpu {
	u64 scratch;      /* entry.S: one register on its way into the thread */
	u32 plic_context; /* of this hart's supervisor mode */
	bool has_context;
};

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	asm("mv %0, tp" : "=r"(cpu));
	return cpu;
}

static inline void arch_cpu_relax(void)
{
	asm volatile(".word 0x0100000f" : : : "memory"); /* pause, a hint everywhere */
}

#endif
