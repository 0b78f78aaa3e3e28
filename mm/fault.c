// SPDX-License-Identifier: MIT
/*
 * User faults that the kernel resolves by itself: first touch of a page, and
 * translations that a CPU remembers although more is allowed by now.
 *
 * A fault takes the space lock and the memory lock, never the tree lock: the
 * region on the tree of the space is authority enough.  It cannot fail for
 * want of memory: tables were prepared when the region was made and frames
 * charged when the object was.
 */
#include <kernel/cpu.h>
#include <kernel/panic.h>

#include "internal.h"

/* The entry allows the access already: only this CPU did not know. */
static bool fault_is_stale(const pte_t *entry, u32 access)
{
	u32 flags;

	if (!entry || !pte_is_present(*entry))
		return false;
	flags = pte_flags(*entry, 0);
	return (flags & MAP_USER) && !(access & ~flags);
}

/* Space lock held. */
static long fault_fill(struct vspace *space, uaddr_t page, u32 access)
{
	struct region *region = region_at_or_after(space, page);
	struct memory *memory;
	u32 flags = MAP_USER;
	paddr_t frame;

	if (!region || region_start(region) > page || (access & ~region->flags))
		return ST_NOTFOUND;
	memory = region->memory;
	flags |= region->flags | (memory->is_device ? MAP_DEVICE : 0);
	frame = memory_frame(memory, (page - region_start(region) + region->offset) >> PAGE_SHIFT);
	pte_write(pgtable_entry(space->root, page, 0), pte_make_leaf(frame, flags, 0));
	return ST_OK;
}

long vspace_fault(struct vspace *space, uaddr_t address, u32 access)
{
	uaddr_t page = ALIGN_DOWN(address, PAGE_SIZE);
	long status = ST_OK;

	ASSERT(address < USER_END);
	spin_lock(&space->lock);
	if (fault_is_stale(pgtable_entry(space->root, page, 0), access))
		arch_flush_user_page(page, space->word[arch_this_cpu()->index].asid);
	else
		status = fault_fill(space, page, access);
	spin_unlock(&space->lock);
	return status;
}
