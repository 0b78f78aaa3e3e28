/* SPDX-License-Identifier: MIT */
/*
 * The kernel's atomic accesses in a build that the compiler does not instrument
 * for races (SIM=address, SIM=coverage): the builtins become calls of the
 * simulator, so that CPUs interleave and miss stores there as well.
 */
#if !defined(HOST_ATOMIC_CALLS_H) && !defined(HOST_MACHINE)
#define HOST_ATOMIC_CALLS_H

#include <stdbool.h>

enum rmw { RMW_EXCHANGE, RMW_ADD, RMW_OR, RMW_AND };

void machine_hook(void);
unsigned long sim_load(const volatile void *p, unsigned size, int order);
void sim_store(volatile void *p, unsigned size, unsigned long value, int order);
unsigned long sim_rmw(volatile void *p, unsigned size, enum rmw what, unsigned long value,
		      int order);
bool sim_compare_exchange(volatile void *p, unsigned size, void *expected, unsigned long value,
			  int order);
void sim_fence(int order);

/* The type of *p without its qualifiers. */
#define UNQUALIFIED(p) __typeof__(((void)0, *(p)))
#define SIM_RMW(p, what, v, order)                                                       \
	(machine_hook(),                                                                 \
	 (UNQUALIFIED(p))sim_rmw(p, sizeof(*(p)), what, (unsigned long)(v), order))

#define __atomic_load_n(p, order)                                                        \
	(machine_hook(), (UNQUALIFIED(p))sim_load(p, sizeof(*(p)), order))
#define __atomic_store_n(p, v, order)                                                    \
	(machine_hook(),                                                                 \
	 sim_store(p, sizeof(*(p)), (unsigned long)(UNQUALIFIED(p))(v), order))
#define __atomic_exchange_n(p, v, order) SIM_RMW(p, RMW_EXCHANGE, v, order)
#define __atomic_fetch_add(p, v, order) SIM_RMW(p, RMW_ADD, v, order)
#define __atomic_fetch_or(p, v, order) SIM_RMW(p, RMW_OR, v, order)
#define __atomic_fetch_and(p, v, order) SIM_RMW(p, RMW_AND, v, order)
#define __atomic_compare_exchange_n(p, expected, v, weak, order, failure)                \
	(machine_hook(), sim_compare_exchange(p, sizeof(*(p)), expected,                 \
					      (unsigned long)(v), order))
#define __atomic_thread_fence(order) (machine_hook(), sim_fence(order))

#endif
