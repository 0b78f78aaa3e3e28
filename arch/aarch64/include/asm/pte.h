/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries, VMSAv8-64 stage 1, 4 KiB granule.  Source: Arm ARM
 * (DDI 0487) D8.3.  The access flag is set at once, because nobody reads it
 * and a processor without hardware update would fault.
 */
#ifndef ASM_PTE_H
#define ASM_PTE_H

#include <kernel/map.h>
#include <kernel/types.h>

typedef u64 pte_t;

#define PT_LEVELS 4
#define PT_ENTRIES 512

#define PTE_PRESENT BIT(0)
#define PTE_TABLE BIT(1) /* a table above level 0; at level 0 every page has it */
#define PTE_DEVICE BIT(2) /* memory attribute 1 of MAIR, else 0 */
#define PTE_USER BIT(6)
#define PTE_READ_ONLY BIT(7)
#define PTE_INNER_SHAREABLE (3UL << 8)
#define PTE_ACCESSED BIT(10)
#define PTE_NOT_GLOBAL BIT(11)
#define PTE_KERNEL_NO_EXECUTE BIT(53)
#define PTE_USER_NO_EXECUTE BIT(54)
#define PTE_ADDRESS 0x0000fffffffff000
#define pt_address_end BIT(48) /* further bits would be attributes */

static inline bool pt_leaf_allowed(unsigned level)
{
	return level <= 2;
}

static inline bool pte_is_present(pte_t pte)
{
	return pte & PTE_PRESENT;
}

static inline bool pte_is_leaf(pte_t pte, unsigned level)
{
	return (pte & PTE_PRESENT) && (level == 0 || !(pte & PTE_TABLE));
}

/* Tables restrict nothing; the leaf decides. */
static inline pte_t pte_make_table(paddr_t table)
{
	return table | PTE_PRESENT | PTE_TABLE;
}

/* User pages are never executable for the kernel; kernel pages never for the user. */
static inline pte_t pte_make_leaf(paddr_t base, u32 flags, unsigned level)
{
	pte_t pte = base | PTE_PRESENT | PTE_ACCESSED;

	pte |= level ? 0 : PTE_TABLE;
	pte |= flags & MAP_DEVICE ? PTE_DEVICE : PTE_INNER_SHAREABLE;
	pte |= flags & MAP_WRITE ? 0 : PTE_READ_ONLY;
	if (flags & MAP_USER)
		return pte | PTE_USER | PTE_NOT_GLOBAL | PTE_KERNEL_NO_EXECUTE |
		       (flags & MAP_EXECUTE ? 0 : PTE_USER_NO_EXECUTE);
	return pte | PTE_USER_NO_EXECUTE | (flags & MAP_EXECUTE ? 0 : PTE_KERNEL_NO_EXECUTE);
}

static inline paddr_t pte_paddr(pte_t pte)
{
	return pte & PTE_ADDRESS;
}

static inline u32 pte_flags(pte_t pte, unsigned level)
{
	bool is_user = pte & PTE_USER;

	(void)level;
	if (!(pte & PTE_PRESENT))
		return 0;
	return MAP_READ | (pte & PTE_READ_ONLY ? 0 : MAP_WRITE) |
	       (pte & (is_user ? PTE_USER_NO_EXECUTE : PTE_KERNEL_NO_EXECUTE) ? 0 : MAP_EXECUTE) |
	       (is_user ? MAP_USER : 0) | (pte & PTE_DEVICE ? MAP_DEVICE : 0);
}

/*
 * The barrier before keeps a new table's contents ahead of the entry that
 * makes it reachable; the one after makes the entry visible to the walks of
 * this CPU before it goes on (an invalid entry is never cached).
 */
static inline void pte_write(pte_t *entry, pte_t pte)
{
	asm volatile("dmb ishst" : : : "memory");
	*(volatile pte_t *)entry = pte;
	asm volatile("dsb ishst; isb" : : : "memory");
}

#endif
