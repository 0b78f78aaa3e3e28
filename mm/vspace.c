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
#include <kernel/panic.h>
#include <kernel/random.h>
#include <kernel/slot.h>

#include "internal.h"

#define ARENA_SIZE (1UL << 30)
#define PLACE_TRIES 8
#define PLACE_BATCH BATCH(64)   /* regions looked at in a step */
#define PREPARE_BATCH BATCH(8)  /* page tables made in a step */
#define PROTECT_BATCH (512 * PAGE_SIZE)
#define MAP_ACCESS (MAP_READ | MAP_WRITE | MAP_EXECUTE)

_Static_assert(MAP_READ == RIGHT_READ >> 4 && MAP_WRITE == RIGHT_WRITE >> 4 &&
	       MAP_EXECUTE == RIGHT_EXECUTE >> 4, "flags are the rights, shifted");

static uaddr_t arena_draw(void)
{
	return ARENA_SIZE * (1 + kernel_random() % (USER_MAP_END / ARENA_SIZE - 1));
}

long vspace_init(struct vspace *space)
{
	list_init(&space->flush.waiters);
	list_init(&space->flush.active);
	store_relaxed(&space->root, frame_alloc_charged());
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

bool vspace_allows(u64 flags)
{
	return (flags & MAP_READ) && !(flags & ~(u64)MAP_ACCESS) &&
	       (flags & (MAP_WRITE | MAP_EXECUTE)) != (MAP_WRITE | MAP_EXECUTE);
}

/* With the space lock held: what @ref names is still what was looked up. */
static long ref_check(struct space_ref ref)
{
	return ref.by && !cap_is_current(ref.by) ? ST_BADHANDLE : ST_OK;
}

/* ---- placement; space lock held ---- */

static bool is_free(struct vspace *space, uaddr_t address, u64 size)
{
	struct region *region = region_at_or_after(space, address);

	return !region || region_start(region) >= address + size;
}

static uaddr_t arena_place(struct vspace *space, u64 size)
{
	for (int i = 0; i < PLACE_TRIES; i++) {
		u64 pages = ((ARENA_SIZE - size) >> PAGE_SHIFT) + 1;
		uaddr_t address = space->arena + ((kernel_random() % pages) << PAGE_SHIFT);

		if (is_free(space, address, size))
			return address;
	}
	return 0;
}

static uaddr_t random_place(struct vspace *space, u64 size)
{
	uaddr_t address = arena_place(space, size);

	if (address)
		return address;
	space->arena = arena_draw();
	return arena_place(space, size);
}

/* In request->hint, beside an address: all below it has been looked at. */
#define HINT_FROM_START 1UL

/* The first hole from the hint on; looks at a bounded number of regions. */
static long hole_find(struct vspace *space, struct map_request *request, uaddr_t *address)
{
	uaddr_t low = request->hint & ~HINT_FROM_START;

	for (unsigned n = 0; n < PLACE_BATCH && low <= USER_MAP_END - request->size; n++) {
		struct region *region = region_at_or_after(space, low);

		if (!region || region_start(region) >= low + request->size) {
			*address = low;
			return ST_OK;
		}
		low = region_end(region);
	}
	if (low <= USER_MAP_END - request->size) {
		request->hint = low | (request->hint & HINT_FROM_START);
	} else {
		if (request->hint & HINT_FROM_START)
			return ST_NOMEM;
		request->hint = USER_MAP_START | HINT_FROM_START;
	}
	return SYSCALL_RESTART;
}

/*
 * A free place: at random, else wherever there is a hole. A place once found
 * becomes the hint, so that a restarted call finds it again.
 */
static long place(struct vspace *space, struct map_request *request, uaddr_t *address)
{
	long status = ST_OK;

	if (!request->hint) {
		*address = random_place(space, request->size);
		if (!*address) {
			request->hint = USER_MAP_START | HINT_FROM_START;
			return SYSCALL_RESTART;
		}
	} else {
		status = hole_find(space, request, address);
	}
	if (status == ST_OK)
		request->hint = *address | (request->hint & HINT_FROM_START);
	return status;
}

/* ---- map ---- */

/* @status: of what is refused last, the depth of the tree. */
static long map_check(const struct cap *cap, const struct map_request *request, long status)
{
	const struct memory *memory = container_of(cap->object, struct memory, object);
	u64 bytes = memory->nr_pages << PAGE_SHIFT;

	if (request->flags & MAP_ACCESS & ~(cap_rights(cap->token) >> 4))
		return ST_NORIGHTS;
	if (!vspace_allows(request->flags) || !request->size ||
	    !IS_ALIGNED(request->size | request->offset, PAGE_SIZE) ||
	    !range_within(request->offset, request->size, 0, bytes))
		return ST_INVALID;
	if (request->address && !range_is_valid(request->address, request->size))
		return ST_INVALID;
	return status;
}

/*
 * All that can be refused once the locks are held. Page tables made for a
 * mapping that is then refused stay and serve the next one there.
 */
static long map_decide(struct space_ref ref, struct memory *memory, struct map_request *request,
		       uaddr_t *address)
{
	struct vspace *space = ref.space;
	long status = ST_OK;

	/* From here on it is this process's space: object_alloc() clears it with the lock. */
	if (ref_check(ref) != ST_OK)
		return ST_BADHANDLE;
	if (load_relaxed(&space->is_ending))
		return ST_DEAD;
	/* Break before make: no CPU may remember what was there (Arm DDI 0487, "TLB maintenance"). */
	if (!flush_is_done(space, load_relaxed(&space->flush.requested)))
		return SYSCALL_RESTART;
	if (load_relaxed(&memory->is_sealed) ? request->flags & MAP_WRITE
					     : request->flags & MAP_EXECUTE)
		return ST_SEALED;
	*address = request->address;
	if (!*address)
		status = place(space, request, address);
	else if (!is_free(space, *address, request->size))
		status = ST_EXISTS;
	if (status == ST_OK)
		status = pgtable_prepare(space->root, *address, request->size, 0, PREPARE_BATCH);
	if (status != ST_OK)
		return status;
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

long vspace_map(struct space_ref ref, const struct cap *cap, struct map_request *request)
{
	struct vspace *space = ref.space;
	struct memory *memory = container_of(cap->object, struct memory, object);
	struct spare spare = { 0 };
	bool has_spare = spare_reserve(&spare);
	uaddr_t address;
	long status;

	spin_lock(&memory->object.tree_lock);
	/* First: what a dead capability names may be another object by now. */
	status = tree_check_add(cap);
	if (status != ST_BADHANDLE)
		status = map_check(cap, request, status);
	if (status == ST_OK && !has_spare)
		status = ST_NOMEM;
	if (status == ST_OK) {
		spin_lock(&space->lock);
		status = map_decide(ref, memory, request, &address);
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

paddr_t vspace_message_page(struct vspace *space, u32 index)
{
	paddr_t frame = 0;

	ASSERT(index < MESSAGE_WINDOW_PAGES);
	spin_lock(&space->lock);
	if (!space->window &&
	    pgtable_prepare(space->root, MESSAGE_WINDOW, PAGE_SIZE, 0, PT_LEVELS) == ST_OK)
		space->window = pgtable_entry(space->root, MESSAGE_WINDOW, 0);
	if (space->window && pte_is_present(space->window[index])) {
		frame = pte_paddr(space->window[index]);
		arch_clear_page(phys_to_ptr(frame));
	} else if (space->window && (frame = frame_alloc_charged()) != 0) {
		pte_write(&space->window[index],
			  pte_make_leaf(frame, MAP_READ | MAP_WRITE | MAP_USER, 0));
	}
	spin_unlock(&space->lock);
	return frame;
}

/* ---- unmap ---- */

/* Return: SYSCALL_RESTART if a split is needed and @spare is empty. */
static long unmap_front(struct space_ref ref, uaddr_t address, u64 size, u64 *done,
			struct spare *spare)
{
	struct region *region = region_lock_next(ref.space, address);
	struct memory *memory;
	uaddr_t start;
	long status;

	*done = size; /* unless there is something: holes count as done */
	if (!region)
		return ST_OK;
	memory = region->memory;
	status = ref_check(ref);
	if (status != ST_OK)
		*done = 0;
	else if (region_start(region) < address && !spare->region)
		status = SYSCALL_RESTART;
	else if (region_start(region) < address)
		region = region_split(region, address, spare);
	start = region_start(region);
	if (status == ST_OK && start < address + size)
		*done = start - address + region_clear_front(region, address + size - start);
	region_unlock(ref.space, memory);
	return status;
}

long vspace_unmap_step(struct space_ref ref, uaddr_t address, u64 size, u64 *done)
{
	struct spare spare = { 0 };
	long status;

	*done = 0;
	ASSERT(range_is_valid(address, size));
	while ((status = unmap_front(ref, address, size, done, &spare)) == SYSCALL_RESTART) {
		if (!spare_reserve(&spare)) {
			*done = 0;
			return ST_NOMEM;
		}
	}
	spare_release(&spare);
	vspace_settle(ref.space);
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
	bool any = false;

	for (u64 done = 0; done < region->size;)
		done += pgtable_protect(space->root, region_start(region) + done,
					region->size - done, flags | MAP_USER | device, &any);
	region->flags = flags;
	/* More access needs no shootdown: a fault on the old entry finds the new one. */
	if (any && lost)
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
	if ((flags & MAP_WRITE) && load_relaxed(&memory->is_sealed))
		return ST_SEALED;
	if ((region_start(region) < address || region_end(region) > address + size) &&
	    !spares[1].region)
		return SYSCALL_RESTART;
	return ST_OK;
}

static long protect_front(struct space_ref ref, uaddr_t address, u64 *size, u32 flags,
			  struct spare spares[2])
{
	struct region *region = region_lock_next(ref.space, address);
	struct memory *memory;
	bool is_new_writer;
	long status;

	if (!region)
		return ST_NOTFOUND;
	memory = region->memory;
	*size = MIN(*size, region_end(region) - address);
	status = ref_check(ref);
	if (status == ST_OK)
		status = protect_decide(region, address, *size, flags, spares);
	is_new_writer = status == ST_OK && (flags & MAP_WRITE) && !region->is_writer;
	if (is_new_writer)
		status = memory_add_writer(memory);
	if (status == ST_OK) {
		/* Only what is cut out becomes a writer. */
		region = cut_out(region, address, *size, spares);
		region->is_writer |= is_new_writer;
		protect_commit(region, flags);
	}
	region_unlock(ref.space, memory);
	return status;
}

long vspace_protect_step(struct space_ref ref, uaddr_t address, u64 size, u32 flags, u64 *done)
{
	struct spare spares[2] = { 0 };
	u64 piece;
	long status;

	*done = 0;
	ASSERT(range_is_valid(address, size) && vspace_allows(flags));
	for (;;) {
		piece = MIN(size, PROTECT_BATCH);
		status = protect_front(ref, address, &piece, flags, spares);
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
	vspace_settle(ref.space);
	return status;
}

/* ---- the end ---- */

/*
 * First every CPU lets go of the space (is_ending makes flush_answer() load the
 * kernel's), so that nobody walks its tables and each later flush is done at
 * once; then the regions go, then message pages and tables, then the root.
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
		store_relaxed(&space->is_ending, true); /* partner: flush_answer() */
		flush_request(space);
	}
	spin_unlock(&space->lock);
	if (!flush_is_settled(space)) {
		*wait = space;
		return false;
	}
	vspace_unmap_step((struct space_ref){ space, NULL }, USER_MAP_START,
			  USER_MAP_END - USER_MAP_START, &done);
	spin_lock(&space->lock);
	is_empty = !rb_first(&space->regions) && list_is_empty(&space->limbo) &&
		   !space->limbo_tables && pgtable_free_step(space->root, space->window);
	spin_unlock(&space->lock);
	if (!is_empty)
		return false;
	frame_free_charged(space->root);
	store_relaxed(&space->root, 0);
	flush_reset(space);
	return true;
}
