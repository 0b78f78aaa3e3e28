/* SPDX-License-Identifier: MIT */
/*
 * The architecture's part of struct cpu, and which simulated CPU is running.
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <kernel/types.h>

struct cpu;

struct arch_cpu {
	u32 unused; /* what the simulator knows of a CPU is its own: struct machine_cpu */
};

/* Set by the scheduler of the simulator; NULL outside of all CPUs. */
extern struct cpu *host_cpu;

static inline struct cpu *arch_this_cpu(void)
{
	return host_cpu;
}

/* Lets the other CPUs go on. */
void arch_cpu_relax(void);

void arch_load_space(u64 word);

void arch_context_sync(void);

#endif
