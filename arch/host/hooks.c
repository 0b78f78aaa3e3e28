// SPDX-License-Identifier: MIT
/*
 * What gcc's thread sanitizer calls at every access of instrumented code
 * (SIM=races): the names are its, the meaning is that of race.c and views.c.
 */
#include "program.h"
#include "run.h"
#include "sim.h"

#define PC __builtin_return_address(0)

#define MOST_ACCESSES 4000000u /* of a turn: more are a list that leads into itself */

/* The kernel's, or a program's in user mode. */
static void plain(void *p, u64 size, u32 flags, const void *pc)
{
	static u64 turn;
	static u32 count;

	count = turn == machine_turns() ? count + 1 : 0;
	turn = machine_turns();
	if (count > MOST_ACCESSES) {
		outcome->turns += MOST_ACCESSES / 128; /* as many as would have taken as long */
		fail("no end", "the kernel does not come to an end");
	}
	if (!program_access(p, size, flags & ACCESS_WRITE))
		race_access(p, size, flags, pc);
}

#define PLAIN(size)                                     \
	void __tsan_read##size(void *p);                \
	void __tsan_read##size(void *p)                 \
	{                                               \
		plain(p, size, 0, PC);                  \
	}                                               \
	void __tsan_write##size(void *p);               \
	void __tsan_write##size(void *p)                \
	{                                               \
		plain(p, size, ACCESS_WRITE, PC);       \
	}                                               \
	void __tsan_unaligned_read##size(void *p);      \
	void __tsan_unaligned_read##size(void *p)       \
	{                                               \
		plain(p, size, 0, PC);                  \
	}                                               \
	void __tsan_unaligned_write##size(void *p);     \
	void __tsan_unaligned_write##size(void *p)      \
	{                                               \
		plain(p, size, ACCESS_WRITE, PC);       \
	}

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_read_range(void *p, unsigned long size);
void __tsan_read_range(void *p, unsigned long size)
{
	plain(p, size, 0, PC);
}

void __tsan_write_range(void *p, unsigned long size);
void __tsan_write_range(void *p, unsigned long size)
{
	plain(p, size, ACCESS_WRITE, PC);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	if (program_access(&order, sizeof(order), false))
		return;
	machine_hook();
	sim_fence(order);
}

#define ATOMIC_RMW(bits, name, what, native)                                          \
	uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *p,       \
						    uint##bits##_t value, int order); \
	uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *p,       \
						    uint##bits##_t value, int order)  \
	{                                                                             \
		if (program_access(p, bits / 8, true))                                \
			return native(p, value, __ATOMIC_SEQ_CST);                    \
		machine_hook();                                                       \
		race_access(p, bits / 8, ACCESS_WRITE | ACCESS_ATOMIC, PC);           \
		return (uint##bits##_t)sim_rmw(p, bits / 8, what, value, order);      \
	}

#define ATOMIC(bits)                                                                            \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order); \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *p, int order)  \
	{                                                                                       \
		if (program_access(p, bits / 8, false))                                         \
			return __atomic_load_n(p, __ATOMIC_SEQ_CST);                            \
		machine_hook();                                                                 \
		race_access(p, bits / 8, ACCESS_ATOMIC, PC);                                    \
		return (uint##bits##_t)sim_load(p, bits / 8, order);                            \
	}                                                                                       \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t value,      \
					 int order);                                            \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t value,      \
					 int order)                                             \
	{                                                                                       \
		if (program_access(p, bits / 8, true)) {                                        \
			__atomic_store_n(p, value, __ATOMIC_SEQ_CST);                           \
			return;                                                                 \
		}                                                                               \
		machine_hook();                                                                 \
		race_access(p, bits / 8, ACCESS_WRITE | ACCESS_ATOMIC, PC);                     \
		sim_store(p, bits / 8, value, order);                                           \
	}                                                                                       \
	int __tsan_atomic##bits##_compare_exchange_strong(volatile uint##bits##_t *p,           \
							  void *expected, uint##bits##_t value, \
							  int order, int failure);              \
	int __tsan_atomic##bits##_compare_exchange_strong(volatile uint##bits##_t *p,           \
							  void *expected, uint##bits##_t value, \
							  int order, int failure)               \
	{                                                                                       \
		(void)failure;                                                                  \
		if (program_access(p, bits / 8, true))                                          \
			return __atomic_compare_exchange_n(p, (uint##bits##_t *)expected,       \
							   value, false, __ATOMIC_SEQ_CST,      \
							   __ATOMIC_SEQ_CST);                   \
		machine_hook();                                                                 \
		race_access(p, bits / 8, ACCESS_WRITE | ACCESS_ATOMIC, PC);                     \
		return sim_compare_exchange(p, bits / 8, expected, value, order);               \
	}                                                                                       \
	ATOMIC_RMW(bits, exchange, RMW_EXCHANGE, __atomic_exchange_n)                           \
	ATOMIC_RMW(bits, fetch_add, RMW_ADD, __atomic_fetch_add)                                \
	ATOMIC_RMW(bits, fetch_or, RMW_OR, __atomic_fetch_or)                                   \
	ATOMIC_RMW(bits, fetch_and, RMW_AND, __atomic_fetch_and)

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)
