/* SPDX-License-Identifier: MIT */
/*
 * The architecture's part of struct cpu.  TPIDR_EL1, which user mode cannot
 * touch, holds the address of the CPU's own structure all the time.
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <kernel/types.h>

struct cpu;

struct arch_cpu {
	paddr_t redistributor; /* GICv3: this CPU's SGI and PPI registers */
	bool has_interrupts;   /* the interface is set up */
	u8 interface_mask;     /* GICv2: this CPU's bit in a target list */
};

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	/* Not volatile: within one run of the kernel the answer cannot change. */
	asm("mrs %0, tpidr_el1" : "=r"(cpu));
	return cpu;
}

static inline void arch_cpu_relax(void)
{
	asm volatile("yield" : : : "memory");
}

/* The return to user mode synchronises. */
static inline void arch_load_space(u64 word)
{
	asm volatile("msr ttbr0_el1, %0" : : "r"(word) : "memory");
}

static inline void arch_context_sync(void)
{
	asm volatile("isb" : : : "memory");
}

#endif
