/* SPDX-License-Identifier: MIT */
/*
 * Ticket locks: first come, first served, held for a bounded number of
 * instructions with interrupts off.  Without CONFIG_SMP they vanish.
 *
 * Every lock has a rank; a CPU takes locks in ascending rank only and never
 * two of one rank.  CONFIG_LOCK_CHECKER checks that at run time.
 */
#ifndef KERNEL_SPINLOCK_H
#define KERNEL_SPINLOCK_H

#include <kernel/types.h>

enum lock_rank {
	LOCK_OBJECT = 1,  /* endpoint or notification: queue */
	LOCK_TREE,        /* derivation tree of one object */
	LOCK_SPACE,       /* address space */
	LOCK_MEMORY,      /* frames of a memory object */
	LOCK_SHOOTDOWN,   /* pending flushes of an address space */
	LOCK_PROCESS,     /* threads, message pages of a process */
	LOCK_SLOTS,       /* free slots of a capability space */
	LOCK_TABLE,       /* object slabs, table of ids and leaves */
	LOCK_SLAB,        /* one cache of fixed-size memory */
	LOCK_ACCOUNT,     /* charges */
	LOCK_ZONE,        /* frame allocator */
	LOCK_RANDOM,
	LOCK_IRQCHIP,     /* index registers of an interrupt controller */
	LOCK_CONSOLE,
};

struct spinlock {
	u32 next;  /* ticket handed out next; 32 bits, which all three can add to atomically */
	u32 owner; /* ticket that holds the lock */
	u8 rank;
};

#ifdef __CHECKER__
#define __acquires(x) __attribute__((context(x, 0, 1)))
#define __releases(x) __attribute__((context(x, 1, 0)))
#define __must_hold(x) __attribute__((context(x, 1, 1)))
#define __acquire_note(x) __context__(x, 1)
#define __release_note(x) __context__(x, -1)
#else
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)
#define __acquire_note(x) ((void)0)
#define __release_note(x) ((void)0)
#endif

/** spin_init() - make a free lock of the given rank. */
void spin_init(struct spinlock *lock, enum lock_rank rank);

/** spin_lock() - take the lock; the caller holds none of this or a higher rank. */
void spin_lock(struct spinlock *lock) __acquires(lock);

/** spin_unlock() - release; all stores made while holding it are visible to the next owner. */
void spin_unlock(struct spinlock *lock) __releases(lock);

/** spin_is_held() - for assertions: somebody holds it (always true without CONFIG_SMP). */
bool spin_is_held(const struct spinlock *lock);

/** spin_assert_none() - this CPU holds no lock (checked on the way to user mode). */
void spin_assert_none(void);

#endif
