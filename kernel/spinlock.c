// SPDX-License-Identifier: MIT
/*
 * Ticket locks: the wait.  Taking one that is free is inline.
 *
 * A CPU in the kernel has interrupts off, so a holder is never preempted by
 * its own CPU; on an emulator its thread may be, which the relax hint softens.
 */
#include <kernel/cpu.h>

void spin_init(struct spinlock *lock, enum lock_rank rank)
{
	lock->next = 0;
	lock->owner = 0;
	lock->rank = (u8)rank;
}

void ticket_wait(struct spinlock *lock, u32 ticket)
{
	while (load_acquire(&lock->owner) != ticket)
		arch_cpu_relax();
}
