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

#define TIMERS_OVERDUE 0UL /* too many deadlines have passed for one interrupt */

/* Blocked threads of one priority by deadline. */
struct timer_queue {
	struct rbtree tree;
	struct list link;
};

/* mm/frame.c: free frames of a CPU, which alone uses them. */
#define FRAME_CACHE_MAX (IS_ENABLED(CONFIG_SMALL_BATCHES) ? 4u : 32u)
struct frame_cache {
	const struct bank *bank; /* the last one that a frame was looked for in */
	u32 nr;                  /* atomic: statistics */
	struct {
		paddr_t base;
		u8 *state;
	} frame[FRAME_CACHE_MAX];
};

struct cpu {
	struct arch_cpu arch; /* first: reached from assembly */
	struct thread *current; /* the thread in user mode; NULL while idle or in the reaper */
	/*
	 * Own CPU: before user mode is entered again there is something to look at, besides a
	 * current thread that has gone.  What other CPUs post sends an interrupt instead, which
	 * sets it when it is taken.
	 */
	bool pending;
	u64 stack_top;

	u32 index;  /* 0 .. nr_cpus_online - 1 */
	u32 node;   /* NUMA node */
	u64 hwid;   /* APIC id, MPIDR, hart id */
	bool online; /* atomic: set once by the CPU itself */

	/* scheduling (sched/) */
	struct runqueue runqueue;
	ktime_t next_timer; /* no blocked thread's deadline is earlier; TIMERS_OVERDUE */
	ktime_t quantum_end;
	ktime_t counted_to; /* until then the time of the running thread is counted */
	ktime_t deadline_armed;
	u64 nr_switches;
	ktime_t idle_since;   /* 0: not idle */
	ktime_t idle_time;

	/* address spaces (mm/tlb.c) */
	struct vspace *loaded; /* user space in the registers, NULL = kernel's */
	u32 asid_next;
	u32 asid_generation;
	struct frame_cache frames;

	/* atomic: posted by other CPUs (kernel/inbox.c) */
	struct thread *inbox; /* threads with requests, newest first */
	u32 kick;             /* reasons for an IPI without a thread: CPU_KICK_* */
	struct thread *inbox_backlog; /* own CPU: taken out, not served yet, oldest first */

	/* objects this CPU's reaper works on (kernel/reaper.c) */
	struct object *reap_first, *reap_last;
	struct thread *reaper;
	u32 reap_urgent;  /* objects on the list with threads to be told to die, or to be woken */
	u32 reap_hurry;   /* the reaper's priority until there is none left */
	u32 reap_donated; /* atomic: priority of threads that wait for memory */

#ifdef CONFIG_LOCK_CHECKER
	u32 held_ranks; /* bit per lock_rank held */
	const struct spinlock *held[LOCK_CONSOLE + 1]; /* the lock of each rank held */
#endif
	/* last, because large (sched/timeout.c) */
	struct list timers; /* queues that have been used, that of the highest priority first */
	struct timer_queue timer_queue[NR_PRIORITIES];
};

#define CPU_KICK_FLUSH 1u  /* look at the shootdown of the space you have loaded */
#define CPU_KICK_FETCH 2u  /* synchronise instruction fetch before user mode */
#define CPU_KICK_REAP 4u   /* cpu->reap_donated has changed */

extern struct cpu cpus[CONFIG_NR_CPUS];
extern u32 nr_cpus_online; /* final once init runs */

/** cpu_kick() - atomic: record the reasons and interrupt @cpu if it had none. */
void cpu_kick(struct cpu *cpu, u32 reasons);

#endif
