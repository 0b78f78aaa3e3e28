// SPDX-License-Identifier: MIT
/*
 * Ticket locks and the checker of their order.
 *
 * A CPU in the kernel has interrupts off, so a holder is never preempted by
 * its own CPU; on an emulator its thread may be, which the relax hint softens.
 */
#include <kernel/atomic.h>
#include <kernel/cpu.h>
#include <kernel/panic.h>

void spin_init(struct spinlock *lock, enum lock_rank rank)
{
	lock->next = 0;
	lock->owner = 0;
	lock->rank = (u8)rank;
}

#ifdef CONFIG_LOCK_CHECKER
static void rank_take(const struct spinlock *lock)
{
	struct cpu *cpu = arch_this_cpu();

	if (cpu->held_ranks >> lock->rank)
		panic("lock of rank %u taken with ranks %#x held", lock->rank, cpu->held_ranks);
	cpu->held_ranks |= 1u << lock->rank;
}

static void rank_drop(const struct spinlock *lock)
{
	struct cpu *cpu = arch_this_cpu();

	if (!(cpu->held_ranks & (1u << lock->rank)))
		panic("lock of rank %u released but not held", lock->rank);
	cpu->held_ranks &= ~(1u << lock->rank);
}

void spin_assert_none(void)
{
	if (arch_this_cpu()->held_ranks)
		panic("leaving the kernel with locks held: ranks %#x", arch_this_cpu()->held_ranks);
}
#else
static void rank_take(const struct spinlock *lock)
{
	(void)lock;
}

static void rank_drop(const struct spinlock *lock)
{
	(void)lock;
}

void spin_assert_none(void)
{
}
#endif

#ifdef CONFIG_SMP
void spin_lock(struct spinlock *lock) __acquires(lock)
{
	u32 ticket;

	rank_take(lock);
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	/* Partner: the releasing store in spin_unlock(). */
	while (load_acquire(&lock->owner) != ticket)
		arch_cpu_relax();
	__acquire_note(lock);
}

void spin_unlock(struct spinlock *lock) __releases(lock)
{
	__release_note(lock);
	rank_drop(lock);
	store_release(&lock->owner, lock->owner + 1);
}

bool spin_is_held(const struct spinlock *lock)
{
	return load_relaxed(&lock->owner) != load_relaxed(&lock->next);
}
#else
void spin_lock(struct spinlock *lock) __acquires(lock)
{
	rank_take(lock);
	__acquire_note(lock);
}

void spin_unlock(struct spinlock *lock) __releases(lock)
{
	__release_note(lock);
	rank_drop(lock);
}

bool spin_is_held(const struct spinlock *lock)
{
	(void)lock;
	return true;
}
#endif
