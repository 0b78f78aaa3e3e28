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

#include <kernel/arch.h>
#include <kernel/atomic.h>
#include <kernel/types.h>

enum lock_rank {
	LOCK_OBJECT = 1,  /* endpoint or notification: queue */
	LOCK_TREE,        /* derivation tree of one object */
	LOCK_SPACE,       /* address space */
	LOCK_MEMORY,      /* frames of a memory object */
	LOCK_KWAIT,       /* shootdowns, and who waits for the kernel itself */
	LOCK_PROCESS,     /* threads, message pages of a process */
	LOCK_SLOTS,       /* free slots of a capability space */
	LOCK_TABLE,       /* free objects, numbers of leaves */
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
} __aligned(8); /* what lies around it can be cleared by words */

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

/* Somebody is before us: wait. */
void ticket_wait(struct spinlock *lock, u32 ticket);

/* ticket_lock(), ticket_try(), ticket_unlock(), ticket_is_taken(): the lock itself, without the checker. */
static inline void ticket_lock(struct spinlock *lock)
{
	u32 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	/* Partner: the releasing store in ticket_unlock(). */
	if (unlikely(load_acquire(&lock->owner) != ticket))
		ticket_wait(lock, ticket);
}

/*
 * Return: false if somebody has the lock or waits for it.  Who gets it sees what the last owner
 * wrote only behind a fence_acquire(): the short way needs one anyway.
 */
static inline bool ticket_try(struct spinlock *lock)
{
	u32 ticket = load_relaxed(&lock->owner);

	return atomic_compare_exchange(&lock->next, ticket, ticket + 1);
}

static inline void ticket_unlock(struct spinlock *lock)
{
	store_release(&lock->owner, lock->owner + 1);
}

static inline bool ticket_is_taken(const struct spinlock *lock)
{
	return load_relaxed(&lock->owner) != load_relaxed(&lock->next);
}

/** spin_init() - make a free lock of the given rank. */
void spin_init(struct spinlock *lock, enum lock_rank rank);

/* sparse learns of the lock where the answer is yes. */
#ifdef __CHECKER__
#define spin_try(lock) ((spin_try)(lock) ? ({ __acquire_note(lock); true; }) : false)
#endif

#ifdef CONFIG_LOCK_CHECKER
/**
 * spin_try() - take the lock if it is free; a fence_acquire() comes before looking at what it protects.
 * Return: whether it was free.
 */
bool (spin_try)(struct spinlock *lock);

/** spin_lock() - take the lock; the caller holds none of this or a higher rank. */
void spin_lock(struct spinlock *lock) __acquires(lock);

/** spin_unlock() - release; all stores made while holding it are visible to the next owner. */
void spin_unlock(struct spinlock *lock) __releases(lock);

/** spin_is_held() - for assertions: somebody holds it (always true without CONFIG_SMP). */
bool spin_is_held(const struct spinlock *lock);

/** spin_assert_none() - this CPU holds no lock (checked on the way to user mode). */
void spin_assert_none(void);
#else
#ifdef CONFIG_SMP
static inline bool (spin_try)(struct spinlock *lock)
{
	return ticket_try(lock);
}

static inline void spin_lock(struct spinlock *lock) __acquires(lock)
{
	ticket_lock(lock);
	__acquire_note(lock);
}

static inline void spin_unlock(struct spinlock *lock) __releases(lock)
{
	__release_note(lock);
	ticket_unlock(lock);
}

static inline bool spin_is_held(const struct spinlock *lock)
{
	return ticket_is_taken(lock);
}
#else
static inline bool (spin_try)(struct spinlock *lock)
{
	(void)lock;
	return true;
}

static inline void spin_lock(struct spinlock *lock) __acquires(lock)
{
	(void)lock;
	__acquire_note(lock);
}

static inline void spin_unlock(struct spinlock *lock) __releases(lock)
{
	(void)lock;
	__release_note(lock);
}

static inline bool spin_is_held(const struct spinlock *lock)
{
	(void)lock;
	return true;
}
#endif
static inline void spin_assert_none(void)
{
}
#endif

#endif
