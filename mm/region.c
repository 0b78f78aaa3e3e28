// SPDX-License-Identifier: MIT
/*
 * Regions: the pieces of a user address space.
 *
 * A region lives through three states, all under the space lock:
 *
 *   mapped   on the tree, size > 0, a node in the memory object's derivation tree
 *   limbo    off the tree, size 0, still a node: some CPU may hold translations
 *   freed    node deleted, structure back to its slab
 *
 * A mapped region that has just lost write access is in limbo as well, until
 * it ceases to count as a writer of its object.  Freeing needs the tree lock
 * of the memory object and then the space lock, the order of the ranks; as the
 * region names the object, both are found by looking, dropping and re-checking.
 */
#include <kernel/panic.h>
#include <kernel/slot.h>
#include <lib/string.h>

#include "internal.h"

#define SETTLE_BATCH BATCH(8)  /* regions ended in a step after a flush */
#define TABLE_BATCH BATCH(4)   /* tables freed with each of them */

static struct slab_cache region_slab = {
	.name = "region",
	.size = ALIGN_UP(sizeof(struct region), 16),
	.lock = { .rank = LOCK_SLAB },
};

static struct region *region_of(struct rb_node *node)
{
	return node ? container_of(node, struct region, node) : NULL;
}

bool spare_reserve(struct spare *spare)
{
	spare->slot = cap_reserve(&kernel_space);
	if (!spare->slot)
		return false;
	spare->region = slab_alloc(&region_slab);
	if (!spare->region) {
		cap_unreserve(spare->slot);
		spare->slot = NULL;
		return false;
	}
	memset(spare->region, 0, sizeof(*spare->region));
	rb_node_init(&spare->region->node);
	list_init(&spare->region->limbo);
	return true;
}

void spare_free(struct spare *spare)
{
	slab_free(&region_slab, spare->region);
	cap_unreserve(spare->slot);
	*spare = (struct spare){ 0 };
}

struct region *region_at_or_after(struct vspace *space, uaddr_t address)
{
	struct region *before = region_of(rb_at_or_before(&space->regions, address));

	if (before && address < region_end(before))
		return before;
	return region_of(rb_at_or_after(&space->regions, address));
}

/* For people, who read it without the lock. */
static void pages_mapped_add(struct vspace *space, u64 pages)
{
	store_relaxed(&space->nr_pages_mapped, space->nr_pages_mapped + pages);
}

void region_insert(struct region *region, uaddr_t address)
{
	rb_insert(&region->space->regions, &region->node, address);
	pages_mapped_add(region->space, region->size >> PAGE_SHIFT);
}

static void region_take_off(struct region *region)
{
	rb_remove(&region->space->regions, &region->node);
	pages_mapped_add(region->space, -(region->size >> PAGE_SHIFT));
}

struct region *region_split(struct region *region, uaddr_t address, struct spare *spare)
{
	struct region *right = spare->region;
	u64 left_size = address - region_start(region);
	uaddr_t start = region_start(region);

	ASSERT(left_size && left_size < region->size);
	region_take_off(region);
	right->size = region->size - left_size;
	right->offset = region->offset + left_size;
	right->flags = region->flags;
	right->allowed = region->allowed;
	right->space = region->space;
	right->memory = region->memory;
	right->generation = region->generation;
	region->size = left_size;
	region_insert(region, start);
	region_insert(right, address);

	/* What counted as one writer counts as two; nothing can be sealed while there is one. */
	right->is_writer = region->is_writer && memory_add_writer(region->memory) == ST_OK;
	ASSERT(right->is_writer == region->is_writer);
	if (list_is_linked(&region->limbo))
		list_prepend(&region->limbo, &right->limbo);
	tree_add_sibling(&region->memory->object, slot_by_number(region->slot), spare->slot,
			 (u64)right);
	right->slot = slot_number(spare->slot);
	*spare = (struct spare){ 0 };
	return right;
}

void region_wait_flush(struct region *region)
{
	region->generation = region->space->flush.requested;
	list_remove(&region->limbo);
	list_append(&region->space->limbo, &region->limbo);
}

u64 region_clear_front(struct region *region, u64 size)
{
	struct vspace *space = region->space;
	struct region *prev = region_of(rb_prev(&region->node));
	struct region *next = region_of(rb_next(&region->node));
	uaddr_t start = region_start(region);
	struct table_span span = { .start = start, .low = prev ? region_end(prev) : 0 };
	bool any = false, is_detached;
	u64 done = pgtable_clear(space->root, start, MIN(size, region->size), &any);

	region_take_off(region);
	region->size -= done;
	region->offset += done;
	if (region->size)
		region_insert(region, start + done);

	span.end = start + done;
	span.high = region->size ? span.end : next ? region_start(next) : USER_MAP_END;
	/* The tables of a space that ends go by themselves. */
	is_detached = !space->is_ending &&
		      pgtable_detach(space->root, &span, &space->limbo_tables);
	if (any || is_detached)
		flush_request(space);
	if (is_detached)
		space->limbo_generation = space->flush.requested;
	if (!region->size)
		region_wait_flush(region);
	return done;
}

/* Free some of the page tables that no CPU walks any more. Space lock held. Return: there are more. */
static bool settle_tables(struct vspace *space)
{
	if (!space->limbo_tables || !flush_is_done(space, space->limbo_generation))
		return false;
	pgtable_free_list(&space->limbo_tables, TABLE_BATCH);
	return space->limbo_tables != 0;
}

/* Tree and space lock held: nobody can reach the region through a CPU any more. */
static void region_end_limbo(struct region *region)
{
	list_remove(&region->limbo);
	if (region->is_writer && (!region->size || !(region->flags & MAP_WRITE))) {
		memory_drop_writer(region->memory);
		region->is_writer = false;
	}
}

enum sweep region_shrink(struct region *region)
{
	struct vspace *space = region->space;
	enum sweep result = SWEEP_MORE;

	spin_lock(&space->lock);
	if (region->size)
		region_clear_front(region, region->size);
	if (!region->size) {
		result = SWEEP_FLUSH;
		if (flush_is_done(space, region->generation) && settle_tables(space)) {
			result = SWEEP_MORE;
		} else if (flush_is_done(space, region->generation)) {
			region_end_limbo(region);
			slab_free(&region_slab, region);
			result = SWEEP_DONE;
		}
	}
	spin_unlock(&space->lock);
	return result;
}

struct region *region_lock_next(struct vspace *space, uaddr_t address)
{
	for (;;) {
		struct region *region;
		struct memory *memory;

		spin_lock(&space->lock);
		region = region_at_or_after(space, address);
		memory = region ? region->memory : NULL;
		spin_unlock(&space->lock);
		if (!region)
			return NULL;
		/* Its memory is type-stable: if the object died meanwhile, this is just some lock. */
		spin_lock(&memory->object.tree_lock);
		spin_lock(&space->lock);
		region = region_at_or_after(space, address);
		if (region && region->memory == memory)
			return region;
		region_unlock(space, memory);
	}
}

void region_unlock(struct vspace *space, struct memory *memory)
{
	spin_unlock(&space->lock);
	spin_unlock(&memory->object.tree_lock);
}

/* The first region in limbo, if its flush is done. Space lock held. */
static struct region *limbo_ready(struct vspace *space)
{
	struct list *first = list_first(&space->limbo);
	struct region *region;

	if (!first)
		return NULL;
	region = list_entry(first, struct region, limbo);
	return flush_is_done(space, region->generation) ? region : NULL;
}

/* End the limbo of the first region and of some tables. Return: false if nothing more is ready. */
static bool settle_one(struct vspace *space)
{
	bool is_ready = false, is_last = false, has_tables;
	struct slot *slot;
	u32 generation = 0;
	struct region *region;
	struct memory *memory;

	spin_lock(&space->lock);
	has_tables = settle_tables(space);
	region = limbo_ready(space);
	memory = region ? region->memory : NULL;
	spin_unlock(&space->lock);
	if (!region)
		return has_tables;

	spin_lock(&memory->object.tree_lock);
	spin_lock(&space->lock);
	region = limbo_ready(space);
	if (region && region->memory == memory) {
		is_ready = true;
		region_end_limbo(region);
		if (!region->size) {
			slot = slot_by_number(region->slot);
			generation = slot->generation;
			is_last = tree_delete(&memory->object, slot);
			slab_free(&region_slab, region);
		}
	}
	region_unlock(space, memory);
	if (is_last)
		object_unreachable(&memory->object, generation);
	return is_ready || has_tables;
}

bool vspace_settle(struct vspace *space)
{
	for (unsigned n = 0; n < SETTLE_BATCH; n++)
		if (!settle_one(space))
			return false;
	return true;
}
