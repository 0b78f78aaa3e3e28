/* SPDX-License-Identifier: MIT */
/*
 * What the files of mm/ share among themselves and with nobody else.
 */
#ifndef MM_INTERNAL_H
#define MM_INTERNAL_H

#include <kernel/bootinfo.h>
#include <kernel/mm.h>
#include <kernel/vspace.h>

/* ---- bootmem.c ---- */

#define RANGE_SET_MAX (4 * BOOT_MAX_RANGES)

/* Disjoint ranges of whole pages, in no order. */
struct range_set {
	struct boot_range range[RANGE_SET_MAX];
	u32 nr;
	u32 nr_lost; /* pieces that did not fit and are therefore left out */
};

/** range_set_add() - unite with [base, end). */
void range_set_add(struct range_set *set, paddr_t base, paddr_t end);

/** range_set_remove() - take [base, end) out. */
void range_set_remove(struct range_set *set, paddr_t base, paddr_t end);

extern struct range_set bootmem_ram;  /* all memory the direct map shows */
extern struct range_set bootmem_free; /* what nobody uses */

/** bootmem_set_mapped() - the direct map shows all memory now. */
void bootmem_set_mapped(void);

/* ---- frame.c, account.c ---- */

/** frame_is_ready() - the allocator has taken over from bootmem. */
bool frame_is_ready(void);

/** account_init() - all free frames belong to the root account. */
void account_init(u64 frames);

/** frame_alloc_promised() - one cleared frame that was charged before. Cannot fail. */
paddr_t frame_alloc_promised(void);

/* ---- region.c: all need the space lock; * the tree lock of the region's memory, too ---- */

/* What splitting a region uses up; reserved before any lock is taken. */
struct spare {
	struct region *region;
	struct slot *slot;
};

/** spare_reserve() - no lock held. Return: false if memory is exhausted, and then nothing is reserved. */
bool spare_reserve(struct spare *spare) __must_check;

/** spare_release() - what was not used up; a spare that is all zero holds nothing. */
void spare_free(struct spare *spare);
static inline void spare_release(struct spare *spare)
{
	if (spare->region)
		spare_free(spare);
}

/** region_start() / region_end() - the addresses of a region that is mapped: [start, end). */
static inline uaddr_t region_start(const struct region *region)
{
	return region->node.rank;
}

static inline uaddr_t region_end(const struct region *region)
{
	return region->node.rank + region->size;
}

/** region_at_or_after() - the region that holds @address or else the next one; NULL. */
struct region *region_at_or_after(struct vspace *space, uaddr_t address);

/** region_insert() - on the tree of its space. */
void region_insert(struct region *region, uaddr_t address);

/** region_split() - * cut at @address; uses @spare. Return: the part from @address on. */
struct region *region_split(struct region *region, uaddr_t address, struct spare *spare);

/**
 * region_clear_front() - * unmap at most @size bytes, a bounded piece.  What is unmapped
 * entirely goes to limbo.  Return: bytes unmapped.
 */
u64 region_clear_front(struct region *region, u64 size);

/** region_wait_flush() - into limbo until the flushes requested so far are done. */
void region_wait_flush(struct region *region);

/**
 * region_lock_next() - find the region at or after @address, with both locks.
 * Return: NULL with no lock held, if there is none.
 */
struct region *region_lock_next(struct vspace *space, uaddr_t address);

/** region_unlock() - both locks that region_lock_next() has taken. */
void region_unlock(struct vspace *space, struct memory *memory);

/* ---- tlb.c ---- */

/** flush_is_settled() - everything requested is done, and no other CPU looks at @space on behalf of a flush. */
bool flush_is_settled(struct vspace *space);

/** flush_reset() - the space ends: leave the record as object_alloc() makes it. */
void flush_reset(struct vspace *space);

#endif
