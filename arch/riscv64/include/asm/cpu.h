/* SPDX-License-Identifier: MIT */
/*
 * The architecture's part of struct cpu.  In the kernel tp holds the address of
 * the running CPU's structure and sscratch is 0; in user mode tp is the user's
 * and sscratch holds the address, so the entry can tell where it came from.
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <kernel/types.h>

struct cpu;

struct arch_cpu {
	u64 scratch;      /* entry: the interrupted stack pointer on its way to the registers */
	u64 scratch_t0;   /* entry: likewise */
	u32 plic_context; /* of this hart's supervisor mode, ~0 if it has none */
};

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	/* Not volatile: within one run of the kernel the answer cannot change. */
	asm("mv %0, tp" : "=r"(cpu));
	return cpu;
}

/*
 * Let others go on.  A software interrupt to itself makes the wfi return at
 * once, and its only effect besides is one look at an empty inbox; but an
 * emulator that runs all harts on one thread turns to the next hart at a wfi,
 * as it does at no other instruction.  boot.S enables that interrupt first of all.
 */
static inline void arch_cpu_relax(void)
{
	asm volatile("csrsi sip, 2\n\twfi" : : : "memory");
}

extern u64 asid_bits; /* mmu.c: 0 if the hart has no identifiers of address spaces */

/*
 * With identifiers nothing need be dropped: a fresh one has no translations,
 * and what a known one remembers is right, or is an absence that a fault
 * corrects (vspace_fault() flushes when it finds a good entry).
 */
static inline void arch_load_space(u64 word)
{
	asm volatile("csrw satp, %0" : : "r"(word) : "memory");
	if (!asid_bits)
		asm volatile("sfence.vma" : : : "memory");
}

static inline void arch_context_sync(void)
{
}

#endif
