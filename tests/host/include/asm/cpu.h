/* SPDX-License-Identifier: MIT */
/*
 * One simulated processor at a time: whichever the test says.
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

struct arch_cpu {
	int unused;
};

extern struct cpu *host_cpu;

static inline struct cpu *arch_this_cpu(void)
{
	return host_cpu;
}

static inline void arch_cpu_relax(void)
{
}

void arch_load_space(u64 word);

static inline void arch_context_sync(void)
{
}

#endif
