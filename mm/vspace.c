// SPDX-License-Identifier: MIT
/*
 * User address spaces: what the mapping calls do.
 *
 * Each call or step looks at one region, decides under the locks, and then
 * commits without a way to fail: what a commit needs (a region and its
 * derivation node for a split, page tables for a mapping) is reserved before.
 *
 * Placement: a space draws an arena of 1 GiB at random and each placement
 * draws its page in the arena; 18 bits between two mappings of a space, and
 * the arena's 8 (Sv39) or 17 bits more between spaces.  Keeping them in one
 * arena lets small mappings share page tables.
 */
#include <kernel/cap.h>
#include <kernel/panic.h>
#include <kernel/random.h>

#include "internal.h"

#define ARENA_SIZE (1UL << 30)
#define PLACE_TRIES 8
#define PROTECT_BATCH (2048 * PAGE_SIZE)
#define MAP_ACCESS (MAP_READ | MAP_WRITE | MAP_EXECUTE)

_Static_assert(MAP_READ == RIGHT_READ >> 4 && MAP_WRITE == RIGHT_WRITE >> 4 &&
	       MAP_EXECUTE == RIGHT_EXECUTE >> 4, "flags are the rights, shifted");

static uaddr_t arena_draw(void)
{
	return ARENA_SIZE * (1 + kernel_random() % (USER_MAP_END / ARENA_SIZE - 1));
}

long vspace_init(struct vspace *space)
{
	spin_init(&space->lock, LOCK_SPACE);
	rb_init(&space->regions);
	list_init(&space->limbo);
	list_init(&space->flush.waiters);
	space->root = frame_alloc_charged();
	if (!space->root)
		return ST_NOMEM;
	kmap_close();
	arch_root_init(space->root);
	space->arena = arena_draw();
	return ST_OK;
}

/* [address, address + size) is whole pages, and calls may map there. */
static bool range_is_valid(uaddr_t address, u64 size)
{
	return size && IS_ALIGNED(address | size, PAGE_SIZE) &&
	       range_within(address, size, USER_MAP_START, USER_MAP_END);
}

/* No architecture maps without reading; nothing is writable and executable. */
static bool flags_are_valid(u32 flags)
{
	return (flags & MAP_READ) && !(flags & ~MAP_ACCESS) &&
	       (flags & (MAP_WRITE | MAP_EXECUTE)) != (MAP_WRITE | MAP_EXECUTE);
}

/* ---- placement; space lock held ---- */

static bool is_free(struct vspace *space, uaddr_t address, u64 size)
{
	struct region *region = region_at_or_after(space, address);

	return !region || region_start(region) >= address + size;
}

/* The first hole in [low, high) that is large enough, 0 if none. */
static uaddr_t hole_find(struct vspace *space, uaddr_t low, uaddr_t high, u64 size)
{
	while (high - low >= size) {
		struct region *region = region_at_or_after(space, low);

		if (!region || region_start(region) >= low + size)
			return low;
		low = region_end(region);
		if (low >= high)
			break;
	}
	return 0;
}

static uaddr_t arena_place(struct vspace *space, u64 size)
{
	if (size > ARENA_SIZE)
		return 0;
	for (int i = 0; i < PLACE_TRIES; i++) {
		u64 pages = ((ARENA_SIZE - size) >> PAGE_SHIFT) + 1;
		uaddr_t address = space->arena + ((kernel_random() % pages) << PAGE_SHIFT);

		if (is_free(space, address, size))
			return address;
	}
	return hole_find(space, space->arena, space->arena + ARENA_SIZE, size);
}

/* A free place, 0 if there is none: at random, else wherever there is a hole. */
static uaddr_t place(struct vspace *space, u64 size)
{
	uaddr_t address = arena_place(space, size);

	if (address)
		return address;
	space->arena = arena_draw();
	address = arena_place(space, size);
	return address ? address : hole_find(space, USER_MAP_START, USER_MAP_END, size);
}

/* ---- map ---- */

static long map_check(const struct cap *cap, const struct map_request *request)
{
	const struct memory *memory = container_of(cap->object, struct memory, object);
	u64 bytes = memory->nr_pages << PAGE_SHIFT;

	if (request->flags & MAP_ACCESS & ~(cap_rights(cap->token) >> 4))
		return ST_NORIGHTS;
	if (!flags_are_valid(request->flags) || !request->size ||
	    !IS_ALIGNED(request->size | request->offset, PAGE_SIZE) ||
	    !range_within(request->offset, request->size, 0, bytes))
		return ST_INVALID;
	if (request->address && !range_is_valid(request->address, request->size))
		return ST_INVALID;
	return ST_OK;
}

/*
 * All that can be refused once the locks are held. Page tables made for a
 * mapping that is then refused stay and serve the next one there.
 */
static long map_decide(struct vspace *space, struct memory *memory,
		       const struct map_request *request, uaddr_t *address)
{
	if (space->is_ending)
		return ST_DEAD;
	if ((request->flags & MAP_EXECUTE) && !load_acquire(&memory->is_sealed))
		return ST_SEALED;
	if ((request->flags & MAP_WRITE) && load_acquire(&memory->is_sealed))
		return ST_SEALED;
	*address = request->address ? request->address : place(space, request->size);
	if (!*address)
		return ST_NOMEM;
	if (!is_free(space, *address, request->size))
		return ST_EXISTS;
	if (pgtable_prepare(space->root, *address, request->size, 0) != ST_OK)
		return ST_NOMEM;
	/* Last, because it commits: the object counts its writers. */
	return request->flags & MAP_WRITE ? memory_add_writer(memory) : ST_OK;
}

static void map_commit(struct vspace *space, const struct cap *cap,
		       const struct map_request *request, uaddr_t address, struct spare *spare)
{
	struct memory *memory = container_of(cap->object, struct memory, object);
	u32 rights = cap_rights(cap->token) & (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE);
	struct region *region = spare->region;

	region->size = request->size;
	region->offset = request->offset;
	region->flags = request->flags;
	region->allowed = rights >> 4;
	region->is_writer = request->flags & MAP_WRITE;
	region->space = space;
	region->memory = memory;
	region->slot = slot_number(spare->slot);
	region_insert(region, address);
	tree_add_child(cap->object, cap->slot, spare->slot, TYPE_MAPPING, rights, (u64)region);
	*spare = (struct spare){ 0 };
}

long vspace_map(struct vspace *space, const struct cap *cap, struct map_request *request)
{
	struct memory *memory = container_of(cap->object, struct memory, object);
	struct spare spare = { 0 };
	uaddr_t address;
	long status = map_check(cap, request);

	if (status != ST_OK)
		return status;
	if (!spare_reserve(&spare))
		return ST_NOMEM;
	spin_lock(&memory->object.tree_lock);
	status = tree_check_add(cap);
	if (status == ST_OK) {
		spin_lock(&space->lock);
		status = map_decide(space, memory, request, &address);
		if (status == ST_OK) {
			map_commit(space, cap, request, address, &spare);
			request->address = address;
		}
		spin_unlock(&space->lock);
	}
	spin_unlock(&memory->object.tree_lock);
	spare_release(&spare);
	return status;
}

long vspace_map_page(struct vspace *space, uaddr_t address, paddr_t frame, u32 flags)
{
	long status;

	ASSERT(IS_ALIGNED(address, PAGE_SIZE) && address >= MESSAGE_WINDOW && address < USER_END);
	spin_lock(&space->lock);
	status = pgtable_prepare(space->root, address, PAGE_SIZE, 0);
	if (status == ST_OK)
		pte_write(pgtable_entry(space->root, address, 0),
			  pte_make_leaf(frame, flags | MAP_USER, 0));
	spin_unlock(&space->lock);
	return status;
}

/* ---- unmap ---- */

/* Return: SYSCALL_RESTART if a split is needed and @spare is empty. */
static long unmap_front(struct vspace *space, uaddr_t address, u64 size, u64 *done,
			struct spare *spare)
{
	struct region *region = region_lock_next(space, address);
	struct memory *memory;
	uaddr_t start;
	long status = ST_OK;

	*done = size; /* unless there is something: holes count as done */
	if (!region)
		return ST_OK;
	memory = region->memory;
	if (region_start(region) < address && !spare->region)
		status = SYSCALL_RESTART;
	else if (region_start(region) < address)
		region = region_split(region, address, spare);
	start = region_start(region);
	if (status == ST_OK && start < address + size)
		*done = start - address + region_clear_front(region, address + size - start);
	region_unlock(space, memory);
	return status;
}

long vspace_unmap_step(struct vspace *space, uaddr_t address, u64 size, u64 *done)
{
	struct spare spare = { 0 };
	long status;

	*done = 0;
	if (!range_is_valid(address, size))
		return ST_INVALID;
	while ((status = unmap_front(space, address, size, done, &spare)) == SYSCALL_RESTART) {
		if (!spare_reserve(&spare)) {
			*done = 0;
			return ST_NOMEM;
		}
	}
	spare_release(&spare);
	vspace_settle(space);
	return status;
}

/* ---- protect ---- */

/* Cut the region so that it is exactly [address, address + size). */
static struct region *cut_out(struct region *region, uaddr_t address, u64 size,
			      struct spare spares[2])
{
	if (region_start(region) < address)
		region = region_split(region, address, &spares[0]);
	if (region_end(region) > address + size)
		region_split(region, address + size, &spares[1]);
	return region;
}

static void protect_commit(struct region *region, u32 flags)
{
	struct vspace *space = region->space;
	u32 lost = region->flags & ~flags;
	u32 device = region->memory->is_device ? MAP_DEVICE : 0;

	region->flags = flags;
	/* More access needs no shootdown: a fault on the old entry finds the new one. */
	if (pgtable_protect(space->root, region_start(region), region->size,
			    flags | MAP_USER | device) && lost)
		flush_request(space);
	if (region->is_writer && !(flags & MAP_WRITE))
		region_wait_flush(region);
}

/* Locks held. Return: SYSCALL_RESTART if both spares are needed and not there. */
static long protect_decide(const struct region *region, uaddr_t address, u64 size, u32 flags,
			   const struct spare spares[2])
{
	struct memory *memory = region->memory;

	if (region_start(region) > address)
		return ST_NOTFOUND;
	if (flags & ~region->allowed)
		return ST_NORIGHTS;
	if ((flags & MAP_EXECUTE) && !load_acquire(&memory->is_sealed))
		return ST_SEALED;
	if ((flags & MAP_WRITE) && load_acquire(&memory->is_sealed))
		return ST_SEALED;
	if ((region_start(region) < address || region_end(region) > address + size) &&
	    !spares[1].region)
		return SYSCALL_RESTART;
	return ST_OK;
}

static long protect_front(struct vspace *space, uaddr_t address, u64 *size, u32 flags,
			  struct spare spares[2])
{
	struct region *region = region_lock_next(space, address);
	struct memory *memory;
	long status;

	if (!region)
		return ST_NOTFOUND;
	memory = region->memory;
	*size = MIN(*size, region_end(region) - address);
	status = protect_decide(region, address, *size, flags, spares);
	if (status == ST_OK && (flags & MAP_WRITE) && !region->is_writer) {
		status = memory_add_writer(memory);
		region->is_writer = status == ST_OK;
	}
	if (status == ST_OK)
		protect_commit(cut_out(region, address, *size, spares), flags);
	region_unlock(space, memory);
	return status;
}

long vspace_protect_step(struct vspace *space, uaddr_t address, u64 size, u32 flags, u64 *done)
{
	struct spare spares[2] = { 0 };
	u64 piece;
	long status;

	*done = 0;
	if (!range_is_valid(address, size) || !flags_are_valid(flags))
		return ST_INVALID;
	for (;;) {
		piece = MIN(size, PROTECT_BATCH);
		status = protect_front(space, address, &piece, flags, spares);
		if (status != SYSCALL_RESTART)
			break;
		if (!spare_reserve(&spares[0]) || !spare_reserve(&spares[1])) {
			status = ST_NOMEM;
			break;
		}
	}
	spare_release(&spares[0]);
	spare_release(&spares[1]);
	if (status == ST_OK)
		*done = piece;
	vspace_settle(space);
	return status;
}

/* ---- the end ---- */

/*
 * First every CPU lets go of the space (is_ending makes flush_answer() load the
 * kernel's), so that nobody walks its tables and each later flush is done at
 * once; then the regions go, then the tables, then the root.
 */
bool vspace_teardown_step(struct vspace *space, struct vspace **wait)
{
	bool is_empty;
	u64 done;

	*wait = NULL;
	if (!space->root)
		return true;
	spin_lock(&space->lock);
	if (!space->is_ending) {
		space->is_ending = true;
		flush_request(space);
	}
	spin_unlock(&space->lock);
	if (!flush_is_settled(space)) {
		*wait = space;
		return false;
	}
	vspace_unmap_step(space, USER_MAP_START, USER_MAP_END - USER_MAP_START, &done);
	spin_lock(&space->lock);
	is_empty = !rb_first(&space->regions) && list_is_empty(&space->limbo) &&
		   !space->limbo_tables && pgtable_free_step(space->root);
	spin_unlock(&space->lock);
	if (!is_empty)
		return false;
	frame_free_charged(space->root);
	space->root = 0;
	flush_reset(space);
	return true;
}
