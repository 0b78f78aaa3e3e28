/* SPDX-License-Identifier: MIT */
/*
 * The architecture's part of struct cpu.  While in the kernel GS base points
 * at struct cpu; user mode's GS base is always zero (it cannot change it:
 * CR4.FSGSBASE stays clear), so the sign of GS base tells which one is loaded.
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <kernel/types.h>

struct cpu;
struct thread;

/* Task state segment, 64-bit format: stack pointers for entries. */
struct tss {
	u32 reserved0;
	u64 rsp0; /* end of the running thread's struct arch_regs */
	u64 rsp1, rsp2;
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap_base; /* at the limit: no port is open to user mode */
} __packed;
_Static_assert(sizeof(struct tss) == 104, "TSS format");

struct arch_cpu {
	struct cpu *self;
	/* system-call entry: the user's stack pointer on its way to the registers */
	u64 user_rsp;
	u64 vector;         /* interrupt taken and not yet claimed, 0 if none */
	ktime_t deadline;   /* of the local timer */
	struct thread *segments_owner; /* whose FS base and selectors are loaded */
	u64 fs_base;
	u64 gdt[8];
	struct tss tss __aligned(128); /* inside two cache lines, never across a page */
};

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	/* Not volatile: within one run of the kernel the answer cannot change. */
	asm("mov %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

static inline void arch_cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

/* Drops all translations that are not global. */
static inline void arch_load_space(u64 word)
{
	asm volatile("mov %0, %%cr3" : : "r"(word) : "memory");
}

static inline void arch_context_sync(void)
{
}

#endif
