/* SPDX-License-Identifier: MIT */
/*
 * A lock between threads of a process, for short sections.  Who does not get
 * it sleeps a little: the holder may have a lower priority on the same CPU.
 */
#ifndef USER_LOCK_H
#define USER_LOCK_H

#include <user/syscall.h>

#define LOCK_NAP (100 * 1000UL)
#define LOCK_TRIES 16

struct lock {
	u32 is_taken;
};

/** lock_acquire() - wait for the lock by giving way, later by naps; not for a thread that has it. */
static inline void lock_acquire(struct lock *lock)
{
	for (u32 tries = 0; __atomic_exchange_n(&lock->is_taken, 1, __ATOMIC_ACQUIRE); tries++) {
		if (tries < LOCK_TRIES)
			(void)thread_yield();
		else
			sleep_for(LOCK_NAP);
	}
}

/** lock_release() - the next owner sees what was written with the lock. */
static inline void lock_release(struct lock *lock)
{
	__atomic_store_n(&lock->is_taken, 0, __ATOMIC_RELEASE);
}

#endif
