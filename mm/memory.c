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
#include <kernel/cap.h>
#include <kernel/panic.h>
#include <kernel/vspace.h>

#include "internal.h"

#define LIST_BITS 9
#define LIST_ENTRIES (1u << LIST_BITS)
#define SEAL_BATCH BATCH(8)    /* frames cleared, or whose caches are cleaned, in a step */
#define FREE_BATCH BATCH(32)   /* pages dealt with in a step of teardown */

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

/* Memory lock held. */
static paddr_t frame_provide(struct memory *memory, u64 index)
{
	paddr_t *entry;

	ASSERT(index < memory->nr_pages);
	if (memory->is_physical)
		return memory->base + (index << PAGE_SHIFT);
	entry = frame_entry(memory, index, true);
	if (!*entry) {
		*entry = frame_alloc_promised();
		memory->nr_resident++;
	}
	return *entry;
}

paddr_t memory_frame(struct memory *memory, u64 index)
{
	paddr_t frame;

	spin_lock(&memory->lock);
	frame = frame_provide(memory, index);
	spin_unlock(&memory->lock);
	return frame;
}

long memory_frame_of(const struct cap *cap, u64 index, paddr_t *frame)
{
	struct memory *memory = container_of(cap->object, struct memory, object);
	long status = ST_OK;

	spin_lock(&memory->lock);
	if (!cap_is_current(cap))
		status = ST_BADHANDLE;
	else if (index >= memory->nr_pages)
		status = ST_INVALID;
	else
		*frame = frame_provide(memory, index);
	spin_unlock(&memory->lock);
	return status;
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

/*
 * Clean the caches for the next frames. Pages not there yet come now: one that came
 * later would need every CPU's instruction fetch synchronised by a page fault.
 * Return: true when all are done. Memory lock held.
 */
static bool seal_step(struct memory *memory)
{
	for (unsigned n = 0; n < SEAL_BATCH && memory->cursor < memory->nr_pages; n++) {
		paddr_t frame = frame_provide(memory, memory->cursor++);

		arch_clean_icache(phys_to_ptr(frame), PAGE_SIZE);
	}
	return memory->cursor >= memory->nr_pages;
}

/* Cleaned at last, then synchronised on every CPU. Memory lock held. */
static long seal(struct memory *memory)
{
	memory->is_sealing = true;
	if (!memory->seal_generation) {
		if (!seal_step(memory))
			return SYSCALL_RESTART;
		store_relaxed(&memory->seal_generation, fetch_request());
	}
	if (!fetch_is_done(memory->seal_generation))
		return SYSCALL_RESTART;
	store_relaxed(&memory->is_sealed, true);
	return ST_OK;
}

/*
 * Once sealing has begun nobody gets write access any more, so a sealer that
 * dies half-way leaves a state that the next one simply continues.
 */
long memory_seal(struct memory *memory, const struct cap *by)
{
	long status = ST_OK;

	spin_lock(&memory->lock);
	if (by && !cap_is_current(by))
		status = ST_BADHANDLE;
	else if (memory->is_device ||
		 (memory->is_physical && !frame_is_ram(memory->base, PAGE_SIZE)))
		status = ST_INVALID;
	else if (memory->nr_writable)
		status = ST_BUSY;
	else if (!memory->is_sealed)
		status = seal(memory);
	spin_unlock(&memory->lock);
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

/* Free the next frames. Memory lock held. Return: true when none is left. */
static bool teardown_frames(struct memory *memory)
{
	if (!memory->is_torn) {
		memory->is_torn = true;
		memory->cursor = 0;
	}
	ASSERT(!memory->nr_writable);
	for (unsigned n = 0; n < FREE_BATCH && memory->cursor < memory->nr_pages; n++) {
		bool is_there = frame_entry(memory, memory->cursor, false);

		if (is_there)
			teardown_page(memory, memory->cursor);
		memory->cursor += is_there ? 1 : list_rest(memory->cursor);
	}
	return memory->cursor >= memory->nr_pages;
}

/*
 * Nobody knows the object any more, but a call that found it alive may still read
 * with the lock held: it is taken also where there is nothing to free.
 */
bool memory_teardown_step(struct memory *memory)
{
	bool is_done;

	spin_lock(&memory->lock);
	is_done = memory->is_physical || teardown_frames(memory);
	spin_unlock(&memory->lock);
	if (!is_done)
		return false;
	if (memory->depth > 1 && memory->frames)
		frame_free(memory->frames, 0);
	account_release(memory->nr_charged);
	return true;
}
