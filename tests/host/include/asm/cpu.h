/* SPDX-License-Identifier: MIT */
/*
 * The host has no processors of its own to describe.
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

struct arch_cpu {
	int unused;
};

static inline void arch_cpu_relax(void)
{
}

#endif
