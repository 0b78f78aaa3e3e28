/* SPDX-License-Identifier: MIT */
/*
 * Accesses to fields that several CPUs touch without a common lock.  Each
 * names its order; the comment at the use names its partner.  They work on
 * plain 32- and 64-bit integers and on pointers.
 */
#ifndef KERNEL_ATOMIC_H
#define KERNEL_ATOMIC_H

#define load_relaxed(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
/*
 * A pointer, or an object's id, that is only followed: what it leads to was there before it was
 * published, and no supported processor loads through a pointer before it has the pointer.  C has
 * no word for that, nor has the simulator, which wants the order said.
 */
#ifdef __SANITIZE_THREAD__
#define load_pointer(p) load_acquire(p)
#else
#define load_pointer(p) load_relaxed(p)
#endif
/*
 * A count that one CPU changes and others only look at: an aligned word is stored whole by every
 * supported processor, and a relaxed store in C would cost what one instruction to memory does not.
 */
#ifdef __SANITIZE_THREAD__
#define count_up(p) store_relaxed(p, *(p) + 1)
#else
#define count_up(p) ((void)++*(p))
#endif
#define store_relaxed(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

/* Read-modify-write, fully ordered among themselves; each returns the old value. */
#define atomic_exchange(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_add(p, v) __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, v) __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, v) __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)

/* True if *p was `old` and is now `new_value`. */
#define atomic_compare_exchange(p, old, new_value)                                       \
	({                                                                               \
		__typeof__(*(p)) expected_ = (old);                                      \
		__atomic_compare_exchange_n(p, &expected_, new_value, false,             \
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);         \
	})

/* Orders earlier loads before later accesses; earlier accesses before later stores. */
#define fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)

/* Orders every earlier access before every later one, for store-then-load protocols. */
#define fence_full() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif
