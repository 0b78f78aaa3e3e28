// SPDX-License-Identifier: MIT
/*
 * Invariants of memory: every frame in one place, page tables that show what
 * the regions say, sums that are right.  Frames are found by walking whatever
 * holds them; what is in use and was not found may only be what the kernel took
 * for itself before there were users.
 */
#include <string.h>

#include <kernel/memory.h>
#include <kernel/mm.h>
#include <kernel/process.h>
#include <kernel/slot.h>

#include "check.h"

#define MAX_OBJECTS 8192

static u8 found[NR_FRAMES];
static u64 nr_found, nr_promised;
static u32 nr_writers[MAX_OBJECTS]; /* by the number of the object */

static u32 *writers_of(const struct memory *memory)
{
	u32 number = 0;

	while (alloc_object(number) != &memory->object)
		number++;
	return &nr_writers[number % MAX_OBJECTS];
}

static void find(paddr_t frame, u64 detail)
{
	u64 number = frame >> PAGE_SHIFT;

	check(number < NR_FRAMES && frame_use[number] != FRAME_FREE, 13, "a free frame is in use",
	      frame);
	check(!found[number], 13, "a frame is in two places", frame);
	check(frame_use[number] != FRAME_SLAB, 13, "a frame is kernel data, too", detail);
	found[number] = 1;
	nr_found++;
}

/* ---- memory objects ---- */

static u64 find_frames(paddr_t list, u8 depth, u64 *nr_lists)
{
	const paddr_t *entry = phys_to_ptr(list);
	u64 count = 0;

	if (!list)
		return 0;
	find(list, depth);
	if (!depth)
		return 1;
	(*nr_lists)++;
	for (u32 i = 0; i < PAGE_SIZE / sizeof(*entry); i++)
		count += find_frames(entry[i], depth - 1, nr_lists);
	return count;
}

/* Instructions may be fetched from it on any CPU. */
static void check_sealed(struct memory *memory)
{
	for (u64 i = 0; i < memory->nr_pages; i++)
		check(mmu_is_fetchable(memory_frame_present(memory, i)), 11,
		      "some CPU would fetch stale instructions from a sealed page", i);
}

static void check_memory_object(struct memory *memory)
{
	u64 nr_lists = 0, nr_frames;

	if (memory->is_sealed && !memory->is_torn)
		check_sealed(memory);
	if (memory->is_physical)
		return;
	nr_frames = find_frames(memory->frames, memory->depth, &nr_lists);
	check(memory->is_torn || nr_frames == memory->nr_resident, 13, "resident frames",
	      nr_frames);
	check(memory->is_torn || nr_frames + nr_lists <= memory->nr_charged, 14, "charge",
	      memory->nr_charged);
	nr_promised += memory->nr_charged - nr_frames - nr_lists;
}

/* ---- address spaces ---- */

static const struct region *region_at(const struct vspace *space, uaddr_t address)
{
	struct rb_node *node = rb_at_or_before(&space->regions, address);
	const struct region *region = node ? container_of(node, struct region, node) : NULL;

	return region && address - region->node.rank < region->size ? region : NULL;
}

static void check_leaf(const struct process *process, uaddr_t address, pte_t pte)
{
	const struct region *region = region_at(&process->vspace, address);
	u32 flags = pte_flags(pte, 0);
	u64 index;

	check(flags & MAP_USER, 12, "a kernel page in the user half", address);
	if (address >= MESSAGE_WINDOW) {
		find(pte_paddr(pte), address);
		check((flags & (MAP_READ | MAP_WRITE | MAP_EXECUTE)) == (MAP_READ | MAP_WRITE), 11,
		      "access to a message page", address);
		return;
	}
	check(region, 11, "a page without a mapping", address);
	check((flags & (MAP_READ | MAP_WRITE | MAP_EXECUTE)) == region->flags, 11, "access",
	      address);
	index = (address - region->node.rank + region->offset) >> PAGE_SHIFT;
	check(pte_paddr(pte) == memory_frame_present(region->memory, index), 11, "another frame",
	      address);
}

static void check_table(const struct process *process, paddr_t table, unsigned level, uaddr_t base)
{
	const pte_t *entry = phys_to_ptr(table);

	find(table, level);
	for (u64 i = 0; i < PT_ENTRIES; i++) {
		uaddr_t address = base + (i << (PAGE_SHIFT + 9 * level));

		if (!pte_is_present(entry[i]) || address >= USER_END)
			continue;
		if (level)
			check_table(process, pte_paddr(entry[i]), level - 1, address);
		else
			check_leaf(process, address, entry[i]);
	}
}

static void check_region(const struct vspace *space, const struct region *region)
{
	const struct slot *slot = slot_by_number(region->slot);
	const struct object *object = &region->memory->object;

	check(region->space == space && object->type == TYPE_MEMORY && object->state != OBJECT_FREE,
	      11, "a mapping of nothing", region->node.rank);
	check(cap_type(slot->token) == TYPE_MAPPING && slot->badge == (u64)region &&
		      slot->object == object_id(object),
	      11, "a mapping without its node", region->node.rank);
	check(region->is_writer || !(region->flags & MAP_WRITE), 11, "an uncounted writer",
	      region->node.rank);
	check(!(region->flags & MAP_EXECUTE) || region->memory->is_sealed, 12, "unsealed code",
	      region->node.rank);
	check(range_within(region->node.rank, region->size, USER_MAP_START, USER_MAP_END) &&
		      range_within(region->offset, region->size, 0,
				   region->memory->nr_pages << PAGE_SHIFT) &&
		      IS_ALIGNED(region->node.rank | region->size | region->offset, PAGE_SIZE),
	      1, "the range of a mapping", region->node.rank);
	check(!(region->flags & ~region->allowed) &&
		      !(region->allowed & ~(cap_rights(slot->token) >> 4)),
	      11, "a mapping beyond the rights of its capability", region->node.rank);
	if (region->is_writer)
		(*writers_of(region->memory))++;
}

/* One behind the other, and as many pages as it says. */
static void check_regions(const struct vspace *space)
{
	uaddr_t end = 0;
	u64 pages = 0;

	for (struct rb_node *node = rb_first(&space->regions); node; node = rb_next(node)) {
		const struct region *region = container_of(node, struct region, node);

		check(region->node.rank >= end, 11, "two mappings in one place", end);
		check_region(space, region);
		end = region->node.rank + region->size;
		pages += region->size >> PAGE_SHIFT;
	}
	check(space->nr_pages_mapped == pages, 14, "the number of pages that are mapped", pages);
}

static void check_limbo(const struct vspace *space)
{
	list_for_each (link, &space->limbo) {
		const struct region *region = list_entry(link, struct region, limbo);

		if (!region->size && region->is_writer)
			(*writers_of(region->memory))++;
	}
	for (paddr_t table = space->limbo_tables; table; table = *(paddr_t *)phys_to_ptr(table))
		find(table, 0);
}

/* One ASID of a CPU names one space. */
static void check_asids(const struct vspace *space)
{
	static const struct vspace *owner[NR_CPUS][64];

	for (u32 i = 0; i < NR_CPUS; i++) {
		const struct space_word *word = &space->word[i];

		if (!word->value || word->generation != cpus[i].asid_generation)
			continue;
		check(word->asid && word->asid < arch_asid_count(), 11, "ASID", word->asid);
		check(word->value == (space->root | word->asid), 11, "the word of a space",
		      word->value);
		if (owner[i][word->asid] && owner[i][word->asid] != space)
			check(owner[i][word->asid]->word[i].value != 0 ?
				      owner[i][word->asid]->word[i].asid != word->asid ||
					      owner[i][word->asid]->word[i].generation !=
						      word->generation :
				      true,
			      11, "an ASID of two spaces", word->asid);
		owner[i][word->asid] = space;
		check(space->flush.waiting & BIT(i) ||
			      !mmu_remembers_more(i, word->asid, space->root),
		      11, "a CPU remembers what is no longer mapped", i);
	}
}

static void check_process(const struct process *process)
{
	const struct vspace *space = &process->vspace;

	for (u64 i = 0, size = ((u64)process->caps.leaf_mask + 1) * 8;
	     i < size && process->caps.directory; i += PAGE_SIZE)
		find(ptr_to_phys(process->caps.directory) + i, i);
	if (!space->root)
		return;
	check_regions(space);
	check_limbo(space);
	check_asids(space);
	for (u32 i = 0; i < NR_CPUS; i++)
		check(!(space->flush.waiting & BIT(i)) || (cpus[i].kick & CPU_KICK_FLUSH), 6,
		      "a CPU is to flush and does not know", i);
	check_table(process, space->root, PT_LEVELS - 1, 0);
	check(mmu_has_kernel_half(space->root), 12, "a kernel half of its own", space->root);
}

/* ---- the kernel's half ---- */

static void check_kernel_table(paddr_t table, unsigned level)
{
	const pte_t *entry = phys_to_ptr(table);

	for (u64 i = 0; i < PT_ENTRIES; i++) {
		u32 flags = pte_flags(entry[i], level);

		if (!pte_is_present(entry[i]))
			continue;
		if (!pte_is_leaf(entry[i], level)) {
			check_kernel_table(pte_paddr(entry[i]), level - 1);
			continue;
		}
		check(!(flags & MAP_USER), 12, "a user page in the kernel half", entry[i]);
		check((flags & (MAP_WRITE | MAP_EXECUTE)) != (MAP_WRITE | MAP_EXECUTE), 12,
		      "writable and executable", entry[i]);
	}
}

/* ---- all ---- */

/* The stock of free frames of each CPU. */
static void check_stocks(void)
{
	for (u32 i = 0; i < NR_CPUS; i++) {
		const struct frame_cache *cache = &cpus[i].frames;

		check(cache->nr <= FRAME_CACHE_MAX, 13, "more frames than a stock holds", i);
		for (u32 k = 0; k < cache->nr; k++) {
			u64 number = cache->frame[k].base >> PAGE_SHIFT;

			check(number < NR_FRAMES && frame_use[number] <= FRAME_FREE, 13,
			      "a frame in a stock is in use", cache->frame[k].base);
			check(!found[number], 13, "a frame is in two places",
			      cache->frame[k].base);
			found[number] = 1;
		}
	}
}

/* What the kernel took at boot, and for its own tables since, is known from the first look. */
static void check_sums(void)
{
	static u64 unexplained, uncharged;
	static bool is_known;
	u64 nr_slabs = 0, used = alloc_frames_in_use();
	struct frame_stats stats;

	for (u64 i = 0; i < NR_FRAMES; i++)
		nr_slabs += frame_use[i] == FRAME_SLAB;
	frame_get_stats(&stats);
	check(stats.total - stats.free == used, 13, "frames in use", used);
	used += nr_promised - (stats.total - account_available());
	if (!is_known) {
		unexplained = alloc_frames_in_use() - nr_found - nr_slabs;
		uncharged = used;
		is_known = true;
	}
	check(alloc_frames_in_use() - nr_found - nr_slabs == unexplained, 13, "a frame was lost",
	      alloc_frames_in_use() - nr_found - nr_slabs - unexplained);
	check(used == uncharged, 14, "the account's sum", used - uncharged);
}

void check_memory(void)
{
	struct object *object;

	memset(found, 0, sizeof(found));
	for (u32 id = 0; alloc_object(id); id++)
		nr_writers[id % MAX_OBJECTS] = 0;
	nr_found = nr_promised = 0;
	for (u32 id = 0; (object = alloc_object(id)) != NULL; id++) {
		if (object->state == OBJECT_FREE)
			continue;
		if (object->type == TYPE_MEMORY)
			check_memory_object(container_of(object, struct memory, object));
		else if (object->type == TYPE_PROCESS)
			check_process(container_of(object, struct process, object));
	}
	for (u32 id = 0; (object = alloc_object(id)) != NULL; id++)
		if (object->type == TYPE_MEMORY && object->state != OBJECT_FREE)
			check(container_of(object, struct memory, object)->nr_writable ==
				      nr_writers[id % MAX_OBJECTS],
			      11, "the number of writers", id);
	check_kernel_table(kmap_root(), PT_LEVELS - 1);
	check_stocks();
	check_sums();
}
