// SPDX-License-Identifier: MIT
/*
 * The checker of the lock order: locks are taken by rising rank (enum
 * lock_rank), never two of one rank, and none is held when the kernel is left.
 * Each CPU has a bit for each rank it holds.
 */
#include <kernel/cpu.h>
#include <kernel/panic.h>

static void rank_take(const struct spinlock *lock)
{
	struct cpu *cpu = arch_this_cpu();

	if (cpu->held_ranks >> lock->rank)
		panic("lock of rank %u taken with ranks %#x held", lock->rank, cpu->held_ranks);
	cpu->held_ranks |= 1u << lock->rank;
	cpu->held[lock->rank] = lock;
}

bool (spin_try)(struct spinlock *lock)
{
	if (IS_ENABLED(CONFIG_SMP) && !ticket_try(lock))
		return false;
	rank_take(lock);
	return true;
}

void spin_lock(struct spinlock *lock) __acquires(lock)
{
	rank_take(lock);
	if (IS_ENABLED(CONFIG_SMP))
		ticket_lock(lock);
	__acquire_note(lock);
}

void spin_unlock(struct spinlock *lock) __releases(lock)
{
	struct cpu *cpu = arch_this_cpu();

	__release_note(lock);
	if (!(cpu->held_ranks & (1u << lock->rank)) || cpu->held[lock->rank] != lock)
		panic("lock of rank %u released but not held", lock->rank);
	cpu->held_ranks &= ~(1u << lock->rank);
	if (IS_ENABLED(CONFIG_SMP))
		ticket_unlock(lock);
}

bool spin_is_held(const struct spinlock *lock)
{
	return !IS_ENABLED(CONFIG_SMP) || ticket_is_taken(lock);
}

void spin_assert_none(void)
{
	if (arch_this_cpu()->held_ranks)
		panic("leaving the kernel with locks held: ranks %#x", arch_this_cpu()->held_ranks);
}
