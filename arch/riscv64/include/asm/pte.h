/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries of Sv39.  Source: RISC-V Privileged Architecture, 4.3 and
 * 4.4.  Accessed and dirty are set at once: nobody reads them, and a processor
 * may fault instead of setting them itself.
 */
#ifndef ASM_PTE_H
#define ASM_PTE_H

#include <kernel/map.h>
#include <kernel/types.h>

typedef u64 pte_t;

#define PT_LEVELS 3
#define PT_ENTRIES 512

#define PTE_VALID BIT(0)
#define PTE_READ BIT(1)
#define PTE_WRITE BIT(2)
#define PTE_EXECUTE BIT(3)
#define PTE_USER BIT(4)
#define PTE_GLOBAL BIT(5)
#define PTE_ACCESSED BIT(6)
#define PTE_DIRTY BIT(7)
#define PTE_DEVICE BIT(8) /* for software; the hardware knows by the address */
#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK (BIT(44) - 1)
#define pt_address_end BIT(56)
#define PTE_LEAF (PTE_READ | PTE_WRITE | PTE_EXECUTE)

static inline bool pt_leaf_allowed(unsigned level)
{
	return level < PT_LEVELS;
}

static inline bool pte_is_present(pte_t pte)
{
	return pte & PTE_VALID;
}

static inline bool pte_is_leaf(pte_t pte, unsigned level)
{
	(void)level;
	return (pte & PTE_VALID) && (pte & PTE_LEAF);
}

static inline pte_t pte_make_table(paddr_t table)
{
	return (table >> PAGE_SHIFT << PTE_PPN_SHIFT) | PTE_VALID;
}

/*
 * Writable without readable is a reserved code, so writing implies reading.  A
 * leaf that permits nothing would be taken for a table: there is no such leaf.
 */
static inline pte_t pte_make_leaf(paddr_t base, u32 flags, unsigned level)
{
	pte_t pte = (base >> PAGE_SHIFT << PTE_PPN_SHIFT) | PTE_VALID | PTE_ACCESSED | PTE_DIRTY;

	(void)level;
	if (!(flags & (MAP_READ | MAP_WRITE | MAP_EXECUTE)))
		return 0;
	pte |= flags & (MAP_READ | MAP_WRITE) ? PTE_READ : 0;
	pte |= flags & MAP_WRITE ? PTE_WRITE : 0;
	pte |= flags & MAP_EXECUTE ? PTE_EXECUTE : 0;
	pte |= flags & MAP_USER ? PTE_USER : PTE_GLOBAL;
	pte |= flags & MAP_DEVICE ? PTE_DEVICE : 0;
	return pte;
}

static inline paddr_t pte_paddr(pte_t pte)
{
	return (pte >> PTE_PPN_SHIFT & PTE_PPN_MASK) << PAGE_SHIFT;
}

static inline u32 pte_flags(pte_t pte, unsigned level)
{
	(void)level;
	if (!(pte & PTE_VALID))
		return 0;
	return (pte & PTE_READ ? MAP_READ : 0) | (pte & PTE_WRITE ? MAP_WRITE : 0) |
	       (pte & PTE_EXECUTE ? MAP_EXECUTE : 0) | (pte & PTE_USER ? MAP_USER : 0) |
	       (pte & PTE_DEVICE ? MAP_DEVICE : 0);
}

/*
 * A hart may remember that an entry was invalid.  For a user page that costs
 * one fault more, which finds the entry and flushes; the kernel's own accesses
 * must not fault, so for its (rare) new leaves the hart is made to forget.
 */
static inline void pte_write(pte_t *entry, pte_t pte)
{
	/* What the entry leads to is clear before another hart's walker can find it. */
	asm volatile("fence w, w" : : : "memory");
	*(volatile pte_t *)entry = pte;
	if (pte & PTE_GLOBAL)
		asm volatile("sfence.vma" : : : "memory");
}

#endif
