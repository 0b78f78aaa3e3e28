// SPDX-License-Identifier: MIT
/*
 * Capability spaces: leaves of slots, look-up by handle, free slots.
 *
 * Owns: the global numbering of leaves, each space's directory and free list.
 * A leaf's memory is type-stable and keeps its number for ever, so a slot
 * number found in a derivation list always names slot memory.  Look-up takes
 * no lock: the token is read before and after the rest, and holds the slot's
 * generation, so equal tokens mean one consistent capability.
 *
 *   handle -> directory[leaf] -> slot -> object id -> object
 */
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/slot.h>
#include <lib/string.h>

#define SWEEP_BATCH BATCH(8)  /* capabilities deleted in a step */
#define FREE_BATCH BATCH(32)  /* leaves freed in a step */
#define NEXT_BATCH BATCH(256) /* slots looked at in a step */

static struct slab_cache leaf_cache = { .name = "capability leaf", .size = 2048 };
static struct spinlock number_lock;
struct slot **cap_leaves[LEAF_PAGES];
static u32 nr_leaves_numbered = 1; /* slot number 0 is "none" */

struct cap_space kernel_space;

void cap_init(void)
{
	spin_init(&number_lock, LOCK_TABLE);
	spin_init(&leaf_cache.lock, LOCK_SLAB);
	spin_init(&kernel_space.lock, LOCK_SLOTS);
	if (cap_space_init(&kernel_space, NULL) != ST_OK)
		panic("no memory for the kernel's capability space");
}

/* ---- leaves ---- */

/* Number fresh leaf memory. Number lock held. */
static bool leaf_enter(struct cap_leaf *leaf)
{
	u32 number = nr_leaves_numbered;

	if (number / LEAF_PAGE >= LEAF_PAGES)
		return false;
	if (!cap_leaves[number / LEAF_PAGE]) {
		paddr_t page = frame_alloc_charged();

		if (!page)
			return false;
		cap_leaves[number / LEAF_PAGE] = phys_to_ptr(page);
	}
	leaf->number = number;
	cap_leaves[number / LEAF_PAGE][number % LEAF_PAGE] = (struct slot *)leaf;
	nr_leaves_numbered++;
	return true;
}

static struct cap_leaf *leaf_alloc(void)
{
	struct cap_leaf *leaf = slab_alloc(&leaf_cache);
	bool is_numbered;

	if (!leaf)
		return NULL;
	ASSERT(IS_ALIGNED((u64)leaf, 2048));
	/* The slab keeps an item's contents while it is free, so the number survives reuse. */
	spin_lock(&number_lock);
	is_numbered = leaf->number || leaf_enter(leaf);
	spin_unlock(&number_lock);
	if (!is_numbered) {
		slab_free(&leaf_cache, leaf);
		return NULL;
	}
	return leaf;
}

/* Fill a leaf with empty slots, linked into the free list in ascending order. Slots lock held. */
static void leaf_add(struct cap_space *space, struct cap_leaf *leaf)
{
	struct slot *slots = (struct slot *)leaf;

	leaf->token = 0;
	leaf->index = space->nr_leaves;
	leaf->space = space;
	for (u32 i = CAP_LEAF_SLOTS - 1; i > 0; i--) {
		u32 index = leaf->index * CAP_LEAF_SLOTS + i;

		slots[i] = (struct slot){ .token = HANDLE_MAKE(index, 1u),
					  .next = space->free_first };
		space->free_first = leaf->number * CAP_LEAF_SLOTS + i;
	}
	space->nr_free += CAP_LEAF_SLOTS - 1;
	store_release(&space->directory[leaf->index], slots);
	store_relaxed(&space->nr_leaves, space->nr_leaves + 1);
}

/* ---- directory ---- */

static u32 directory_order(const struct cap_space *space)
{
	u32 order = 0;

	while ((PAGE_SIZE / sizeof(struct slot *)) << order <= space->leaf_mask)
		order++;
	return order;
}

static struct slot **directory_alloc(u32 order)
{
	paddr_t base;

	if (account_charge(1UL << order) != ST_OK)
		return NULL;
	base = frame_alloc(order, ZONE_NORMAL);
	if (!base) {
		account_release(1UL << order);
		return NULL;
	}
	return phys_to_ptr(base);
}

long cap_space_init(struct cap_space *space, struct process *owner)
{
	space->owner = owner;
	space->directories[0] = directory_alloc(0);
	if (!space->directories[0])
		return ST_NOMEM;
	arch_clear_page(space->directories[0]);
	space->directory = space->directories[0];
	space->leaf_mask = PAGE_SIZE / sizeof(struct slot *) - 1;
	spin_lock(&space->lock);
	store_relaxed(&space->is_open, true);
	spin_unlock(&space->lock);
	return ST_OK;
}

/*
 * Twice the directory.  The next one is filled while the last quarter of this one is: four pointers
 * are copied and four cleared for each leaf, so that no call does it all at once.  The old one stays
 * readable until the space goes.  Slots lock held.
 */
static bool directory_grow(struct cap_space *space)
{
	u32 size = space->leaf_mask + 1, first = 4 * (space->nr_leaves - size / 4 * 3 - 1);
	u32 order = directory_order(space) + 1;
	struct slot ***next = &space->directories[order];

	if (size == 1u << HANDLE_LEAF_BITS)
		return space->nr_leaves < size;
	if (!*next && !(*next = directory_alloc(order)))
		return false;
	memcpy(*next + first, space->directory + first, 4 * sizeof(**next));
	memset(*next + size + first, 0, 4 * sizeof(**next));
	if (space->nr_leaves < size)
		return true;
	/* Partner: cap_lookup() loads the mask before the directory. */
	store_release(&space->directory, *next);
	store_release(&space->leaf_mask, space->leaf_mask * 2 + 1);
	return true;
}

/* ---- free slots ---- */

/* Make room. Slots lock held. */
static noinline bool space_extend(struct cap_space *space)
{
	struct cap_leaf *leaf;

	if (space->nr_leaves > (space->leaf_mask + 1) / 4 * 3 && !directory_grow(space))
		return false;
	leaf = leaf_alloc();
	if (leaf)
		leaf_add(space, leaf);
	return leaf != NULL;
}

struct slot *cap_reserve(struct cap_space *space)
{
	struct slot *slot = NULL;

	spin_lock(&space->lock);
	if (load_relaxed(&space->is_open) && (space->free_first || space_extend(space))) {
		slot = slot_by_number(space->free_first);
		space->free_first = slot->next;
		space->nr_free--;
		store_relaxed(&space->nr_used, space->nr_used + 1);
		slot->next = 0;
	}
	spin_unlock(&space->lock);
	return slot;
}

void cap_unreserve(struct slot *slot)
{
	struct cap_space *space = leaf_of(slot)->space;

	spin_lock(&space->lock);
	slot->prev = 0;
	slot->next = space->free_first;
	space->free_first = slot_number(slot);
	space->nr_free++;
	store_relaxed(&space->nr_used, space->nr_used - 1);
	spin_unlock(&space->lock);
}

/* ---- look-up ---- */

long cap_of_slot(struct slot *slot, struct cap *out)
{
	return slot_copy(slot, out) ? ST_OK : ST_BADHANDLE;
}

long cap_lookup(struct cap_space *space, handle_t handle, u8 type, u32 rights, struct cap *out)
{
	return cap_find(space, handle, type, rights, out);
}

long cap_next(struct cap_space *space, u32 *index, handle_t *found)
{
	u32 mask = load_acquire(&space->leaf_mask);
	struct slot **directory = load_acquire(&space->directory);
	u32 end = MIN(load_relaxed(&space->nr_leaves), mask + 1) * CAP_LEAF_SLOTS;
	u32 stop = MIN(end, *index + NEXT_BATCH);

	for (; *index < stop; ++*index) {
		struct slot *leaf = load_acquire(&directory[*index / CAP_LEAF_SLOTS]);
		struct cap cap;

		if (leaf && *index % CAP_LEAF_SLOTS &&
		    cap_of_slot(&leaf[*index % CAP_LEAF_SLOTS], &cap) == ST_OK) {
			*found = cap_handle(cap.token);
			return ST_OK;
		}
	}
	return stop < end ? SYSCALL_RESTART : ST_NOTFOUND;
}

/* ---- the end of a space ---- */

void cap_space_close(struct cap_space *space)
{
	spin_lock(&space->lock);
	store_relaxed(&space->is_open, false);
	spin_unlock(&space->lock);
}

/*
 * Delete what @slot holds. The capability may be dead (its object's generation
 * is past) and still be in a tree: the object stays until its tree is empty.
 */
static enum sweep slot_delete(struct slot *slot, struct vspace **wait)
{
	u64 token = load_acquire(&slot->token);
	struct cap cap = { .slot = slot, .token = token };

	if (cap_type(token) == TYPE_NONE)
		return SWEEP_DONE;
	cap.object = object_by_id(slot->object);
	cap.generation = slot->generation;
	switch (tree_delete_below(&cap, true, wait)) {
	case SYSCALL_RESTART:
		return SWEEP_MORE;
	case ST_BUSY:
		return SWEEP_FLUSH;
	default:
		return SWEEP_DONE;
	}
}

enum sweep cap_space_step(struct cap_space *space, struct vspace **wait)
{
	u32 end = space->nr_leaves * CAP_LEAF_SLOTS;
	u32 budget = SWEEP_BATCH;

	/* The cursor is a key: slots before it are empty, and nobody reserves one in a closed space. */
	while (space->sweep_next < end) {
		struct slot *slot = &space->directory[space->sweep_next / CAP_LEAF_SLOTS]
						     [space->sweep_next % CAP_LEAF_SLOTS];

		if (space->sweep_next % CAP_LEAF_SLOTS) {
			enum sweep sweep = slot_delete(slot, wait);

			if (sweep != SWEEP_DONE)
				return sweep;
		}
		space->sweep_next++;
		if (--budget == 0)
			return SWEEP_MORE;
	}
	return SWEEP_DONE;
}

bool cap_space_is_empty(struct cap_space *space)
{
	bool is_empty;

	spin_lock(&space->lock);
	is_empty = space->nr_used == 0;
	spin_unlock(&space->lock);
	/* Whoever held a slot may have filled it behind the cursor. */
	if (!is_empty)
		space->sweep_next = 0;
	return is_empty;
}

bool cap_space_free_step(struct cap_space *space)
{
	for (u32 n = 0; n < FREE_BATCH && space->nr_leaves; n++)
		slab_free(&leaf_cache, space->directory[--space->nr_leaves]);
	if (space->nr_leaves)
		return false;
	for (u32 order = 0; order < ARRAY_SIZE(space->directories); order++) {
		if (!space->directories[order])
			continue;
		frame_free(ptr_to_phys(space->directories[order]), order);
		account_release(1UL << order);
		space->directories[order] = NULL;
	}
	space->directory = NULL;
	return true;
}
