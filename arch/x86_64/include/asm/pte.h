/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries.  Source: Intel SDM volume 3, 4.5.  Accessed and dirty
 * are set at once, because nobody reads them and the processor would
 * otherwise have to write them.
 */
#ifndef ASM_PTE_H
#define ASM_PTE_H

#include <kernel/map.h>
#include <kernel/types.h>

typedef u64 pte_t;

#define PT_LEVELS 4
#define PT_ENTRIES 512

#define PTE_PRESENT BIT(0)
#define PTE_WRITE BIT(1)
#define PTE_USER BIT(2)
#define PTE_WRITE_THROUGH BIT(3)
#define PTE_CACHE_DISABLE BIT(4)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY BIT(6)
#define PTE_LARGE BIT(7) /* a leaf, above level 0 */
#define PTE_GLOBAL BIT(8)
#define PTE_NO_EXECUTE BIT(63)
#define PTE_ADDRESS 0x000ffffffffff000

extern bool pt_has_huge_1g;
extern u64 pt_address_end; /* further bits are reserved: a page fault */

static inline bool pt_leaf_allowed(unsigned level)
{
	return level <= 1 || (level == 2 && pt_has_huge_1g);
}

static inline bool pte_is_present(pte_t pte)
{
	return pte & PTE_PRESENT;
}

static inline bool pte_is_leaf(pte_t pte, unsigned level)
{
	return (pte & PTE_PRESENT) && (level == 0 || (pte & PTE_LARGE));
}

/* Tables permit everything; the leaf decides. */
static inline pte_t pte_make_table(paddr_t table)
{
	return table | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED;
}

/* Kernel leaves are global: they survive the change of the address space. */
static inline pte_t pte_make_leaf(paddr_t base, u32 flags, unsigned level)
{
	pte_t pte = base | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY;

	pte |= flags & MAP_WRITE ? PTE_WRITE : 0;
	pte |= flags & MAP_EXECUTE ? 0 : PTE_NO_EXECUTE;
	pte |= flags & MAP_USER ? PTE_USER : PTE_GLOBAL;
	pte |= flags & MAP_DEVICE ? PTE_CACHE_DISABLE | PTE_WRITE_THROUGH : 0;
	return level ? pte | PTE_LARGE : pte;
}

static inline paddr_t pte_paddr(pte_t pte)
{
	return pte & PTE_ADDRESS;
}

static inline u32 pte_flags(pte_t pte, unsigned level)
{
	(void)level;
	if (!(pte & PTE_PRESENT))
		return 0;
	return MAP_READ | (pte & PTE_WRITE ? MAP_WRITE : 0) |
	       (pte & PTE_NO_EXECUTE ? 0 : MAP_EXECUTE) | (pte & PTE_USER ? MAP_USER : 0) |
	       (pte & PTE_CACHE_DISABLE ? MAP_DEVICE : 0);
}

/* Stores become visible in order, and a walk sees the entry from the next access on. */
static inline void pte_write(pte_t *entry, pte_t pte)
{
	*(volatile pte_t *)entry = pte;
}

#endif
