// SPDX-License-Identifier: MIT
/*
 * Memory objects.
 *
 * The frames of an object hang in a radix tree of 0 to 2 levels of frame
 * lists, as high as its size needs.  Everything is charged at creation, so
 * growing the tree and filling in a frame, which happens at first touch, never
 * fails.  A frame stays until the teardown, which begins when no mapping is
 * left on any CPU: so whoever holds the lock of a space with a region on the
 * object may use its frames after dropping the memory lock.
 */
#include <kernel/cpu.h>
#include <kernel/panic.h>

#include "internal.h"

#define LIST_BITS 9
#define LIST_ENTRIES (1u << LIST_BITS)
#define SEAL_BATCH 64   /* frames whose caches are cleaned in a step */
#define FREE_BATCH 128  /* pages dealt with in a step of teardown */

/* Frame lists that @nr_pages pages need. */
static u64 nr_lists(u64 nr_pages, u8 depth)
{
	u64 lists = depth ? DIV_ROUND_UP(nr_pages, (u64)LIST_ENTRIES) : 0;

	return depth > 1 ? lists + 1 : lists;
}

static u8 depth_for(u64 nr_pages)
{
	if (nr_pages == 1)
		return 0;
	return nr_pages <= LIST_ENTRIES ? 1 : 2;
}

struct memory *memory_create(u64 nr_pages)
{
	u8 depth = depth_for(nr_pages);
	u64 charge = nr_pages + nr_lists(nr_pages, depth);
	struct memory *memory;
	struct object *object;

	ASSERT(nr_pages && nr_pages <= MEMORY_MAX_PAGES);
	if (account_charge(charge) != ST_OK)
		return NULL;
	object = object_alloc(TYPE_MEMORY);
	if (!object) {
		account_release(charge);
		return NULL;
	}
	memory = container_of(object, struct memory, object);
	spin_init(&memory->lock, LOCK_MEMORY);
	memory->nr_pages = nr_pages;
	memory->nr_charged = charge;
	memory->depth = depth;
	return memory;
}

struct memory *memory_create_physical(paddr_t base, u64 nr_pages, bool is_device)
{
	struct object *object = object_alloc(TYPE_MEMORY);
	struct memory *memory;

	if (!object)
		return NULL;
	ASSERT(IS_ALIGNED(base, PAGE_SIZE));
	memory = container_of(object, struct memory, object);
	spin_init(&memory->lock, LOCK_MEMORY);
	memory->nr_pages = nr_pages;
	memory->base = base;
	memory->is_physical = true;
	memory->is_device = is_device;
	return memory;
}

/*
 * The entry of page @index in its list. NULL if a list is missing and is not
 * to be made. Memory lock held.
 */
static paddr_t *frame_entry(struct memory *memory, u64 index, bool make)
{
	paddr_t *entry = &memory->frames;

	for (u8 level = memory->depth; level; level--) {
		if (!*entry) {
			if (!make)
				return NULL;
			*entry = frame_alloc_promised();
		}
		entry = (paddr_t *)phys_to_ptr(*entry) +
			((index >> LIST_BITS * (level - 1)) & (LIST_ENTRIES - 1));
	}
	return entry;
}

paddr_t memory_frame(struct memory *memory, u64 index)
{
	paddr_t *entry, frame;

	ASSERT(index < memory->nr_pages);
	if (memory->is_physical)
		return memory->base + (index << PAGE_SHIFT);
	spin_lock(&memory->lock);
	entry = frame_entry(memory, index, true);
	if (!*entry) {
		*entry = frame_alloc_promised();
		memory->nr_resident++;
		/* Sealing cleaned what was there; this frame's former contents may still be in a cache. */
		if (memory->is_sealing)
			arch_clean_icache(phys_to_ptr(*entry), PAGE_SIZE);
	}
	frame = *entry;
	spin_unlock(&memory->lock);
	return frame;
}

paddr_t memory_frame_present(struct memory *memory, u64 index)
{
	paddr_t *entry, frame;

	if (index >= memory->nr_pages)
		return 0;
	if (memory->is_physical)
		return memory->base + (index << PAGE_SHIFT);
	spin_lock(&memory->lock);
	entry = frame_entry(memory, index, false);
	frame = entry ? *entry : 0;
	spin_unlock(&memory->lock);
	return frame;
}

long memory_add_writer(struct memory *memory)
{
	long status = ST_OK;

	spin_lock(&memory->lock);
	if (memory->is_sealing)
		status = ST_SEALED;
	else
		memory->nr_writable++;
	spin_unlock(&memory->lock);
	return status;
}

void memory_drop_writer(struct memory *memory)
{
	spin_lock(&memory->lock);
	ASSERT(memory->nr_writable);
	memory->nr_writable--;
	spin_unlock(&memory->lock);
}

/* Pages from @index to the end of the list they are in. */
static u64 list_rest(u64 index)
{
	return LIST_ENTRIES - (index & (LIST_ENTRIES - 1));
}

/* Clean the caches for the next frames. Return: true when all are done. Memory lock held. */
static bool seal_step(struct memory *memory)
{
	for (unsigned n = 0; n < SEAL_BATCH && memory->cursor < memory->nr_pages; n++) {
		u64 index = memory->cursor;
		paddr_t *entry;

		if (memory->is_physical) {
			arch_clean_icache(phys_to_ptr(memory->base + (index << PAGE_SHIFT)),
					  PAGE_SIZE);
			memory->cursor++;
			continue;
		}
		entry = frame_entry(memory, index, false);
		if (entry && *entry)
			arch_clean_icache(phys_to_ptr(*entry), PAGE_SIZE);
		memory->cursor += entry ? 1 : list_rest(index);
	}
	return memory->cursor >= memory->nr_pages;
}

/*
 * Once sealing has begun nobody gets write access any more, so a sealer that
 * dies half-way leaves a state that the next one simply continues.
 */
long memory_seal(struct memory *memory)
{
	bool is_fresh = false;
	long status = ST_OK;

	if (memory->is_device || (memory->is_physical && !frame_is_ram(memory->base, PAGE_SIZE)))
		return ST_INVALID;
	spin_lock(&memory->lock);
	if (memory->nr_writable) {
		status = ST_BUSY;
	} else if (!memory->is_sealed) {
		memory->is_sealing = true;
		is_fresh = seal_step(memory);
		store_release(&memory->is_sealed, is_fresh);
		status = is_fresh ? ST_OK : SYSCALL_RESTART;
	}
	spin_unlock(&memory->lock);
	if (is_fresh) {
		/* Each CPU forgets stale instructions before it next runs user code. */
		for (u32 i = 0; i < nr_cpus_online; i++)
			if (&cpus[i] != arch_this_cpu())
				cpu_kick(&cpus[i], CPU_KICK_ICACHE);
		arch_sync_icache();
	}
	return status;
}

/* Free page @index and, with its last page, the list it was in. */
static void teardown_page(struct memory *memory, u64 index)
{
	paddr_t *entry = frame_entry(memory, index, false);
	bool is_last = index + 1 == memory->nr_pages || list_rest(index) == 1;

	if (entry && *entry) {
		frame_free(*entry, 0);
		*entry = 0;
	}
	if (entry && memory->depth && is_last) {
		paddr_t *list = &memory->frames;

		if (memory->depth > 1)
			list = (paddr_t *)phys_to_ptr(*list) + (index >> LIST_BITS);
		frame_free(*list, 0);
		*list = 0;
	}
}

/* Nobody else knows the object any more, so the lock is for the checkers only. */
bool memory_teardown_step(struct memory *memory)
{
	if (memory->is_physical || !memory->nr_charged)
		return true;
	if (!memory->is_torn) {
		memory->is_torn = true;
		memory->cursor = 0;
	}
	ASSERT(!memory->nr_writable);
	spin_lock(&memory->lock);
	for (unsigned n = 0; n < FREE_BATCH && memory->cursor < memory->nr_pages; n++) {
		bool is_there = frame_entry(memory, memory->cursor, false);

		if (is_there)
			teardown_page(memory, memory->cursor);
		memory->cursor += is_there ? 1 : list_rest(memory->cursor);
	}
	spin_unlock(&memory->lock);
	if (memory->cursor < memory->nr_pages)
		return false;
	if (memory->depth > 1 && memory->frames)
		frame_free(memory->frames, 0);
	memory->frames = 0;
	account_release(memory->nr_charged);
	memory->nr_charged = 0;
	return true;
}
