/* SPDX-License-Identifier: MIT */
/*
 * One structure a CPU.  Fields are written by their own CPU only, except the
 * inbox and the words marked atomic.
 */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include <kernel/arch.h>
#include <kernel/object.h>
#include <lib/list.h>
#include <lib/rbtree.h>

struct vspace;

#define NR_PRIORITIES 64 /* 0 lowest (reaper, idle work) .. 63 highest */

/* sched/runqueue.c: runnable threads that are not running, by priority, first in first out. */
struct runqueue {
	u64 bitmap;
	struct list queue[NR_PRIORITIES];
	u32 nr_queued;
};

struct cpu {
	struct arch_cpu arch; /* first: reached from assembly */
	struct thread *current; /* the thread in user mode; NULL while idle or in the reaper */
	u64 stack_top;

	u32 index;  /* 0 .. nr_cpus_online - 1 */
	u32 node;   /* NUMA node */
	u64 hwid;   /* APIC id, MPIDR, hart id */
	bool online; /* atomic: set once by the CPU itself */

	/* scheduling (sched/) */
	struct runqueue runqueue;
	struct rbtree timers; /* blocked threads of this CPU by deadline */
	ktime_t quantum_end;
	ktime_t deadline_armed;
	u64 nr_switches;
	ktime_t idle_since;   /* 0: not idle */
	ktime_t idle_time;

	/* address spaces (mm/tlb.c) */
	struct vspace *loaded; /* atomic: user space in the registers, NULL = kernel's */
	u32 asid_next;
	u32 asid_generation;

	/* atomic: posted by other CPUs (kernel/inbox.c) */
	struct thread *inbox; /* threads with requests, newest first */
	u32 kick;             /* reasons for an IPI without a thread: CPU_KICK_* */

	/* objects this CPU's reaper works on (kernel/reaper.c) */
	struct object *reap_first, *reap_last;
	struct thread *reaper;

#ifdef CONFIG_LOCK_CHECKER
	u32 held_ranks; /* bit per lock_rank held */
#endif
};

#define CPU_KICK_FLUSH 1u  /* look at the shootdown of the space you have loaded */
#define CPU_KICK_ICACHE 2u /* synchronise instruction fetch before user mode */

extern struct cpu cpus[CONFIG_NR_CPUS];
extern u32 nr_cpus_online; /* final once init runs */

/** cpu_kick() - atomic: record the reasons and interrupt @cpu if it had none. */
void cpu_kick(struct cpu *cpu, u32 reasons);

#endif
