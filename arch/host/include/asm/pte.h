/* SPDX-License-Identifier: MIT */
/*
 * A page-table format of no hardware: flags as the kernel has them, in the
 * clear, so that the simulator and tests can tell what was asked for.
 *
 *   63        12 11     8 7      2   1      0
 *  |  address   |  zero  | flags  | leaf | present |
 */
#ifndef ASM_PTE_H
#define ASM_PTE_H

#include <kernel/types.h>

typedef u64 pte_t;

#define PT_LEVELS 4
#define PT_ENTRIES 512

#define HOST_PTE_PRESENT 1UL
#define HOST_PTE_LEAF 2UL
#define HOST_PTE_FLAGS 2
#define pt_address_end BIT(52)

static inline bool pt_leaf_allowed(unsigned level)
{
	return level <= 2;
}

static inline bool pte_is_present(pte_t pte)
{
	return pte & HOST_PTE_PRESENT;
}

static inline bool pte_is_leaf(pte_t pte, unsigned level)
{
	(void)level;
	return pte_is_present(pte) && (pte & HOST_PTE_LEAF);
}

static inline pte_t pte_make_table(paddr_t table)
{
	return table | HOST_PTE_PRESENT;
}

static inline pte_t pte_make_leaf(paddr_t base, u32 flags, unsigned level)
{
	(void)level;
	return base | (u64)flags << HOST_PTE_FLAGS | HOST_PTE_LEAF | HOST_PTE_PRESENT;
}

static inline paddr_t pte_paddr(pte_t pte)
{
	return ALIGN_DOWN(pte, PAGE_SIZE);
}

static inline u32 pte_flags(pte_t pte, unsigned level)
{
	(void)level;
	return pte_is_present(pte) ? (pte >> HOST_PTE_FLAGS) & 0x3f : 0;
}

/* Checks what hardware forbids; the store is seen by the walkers of other CPUs some time later. */
void pte_write(pte_t *entry, pte_t pte);

#endif
