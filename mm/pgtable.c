// SPDX-License-Identifier: MIT
/*
 * The one page-table walker, for three and four levels, kernel and user half.
 *
 * A table is one frame of 512 entries; level 0 holds 4 KiB leaves, the root is
 * level PT_LEVELS - 1.  What an entry looks like only <asm/pte.h> knows.  Who
 * owns the tree gives the lock: the space lock, or for the kernel's tree the
 * boot CPU before others run.  The walker flushes nothing; its callers do.
 * All supported formats read bit 0 of an entry as "present".
 */
#include <kernel/panic.h>

#include "internal.h"

#define INDEX_BITS 9
#define FREE_BATCH 64 /* tables freed in a step */

_Static_assert(PT_ENTRIES == 1 << INDEX_BITS, "tables of one frame");

/* Bytes that one entry of the level covers, and as a shift. */
static unsigned entry_shift(unsigned level)
{
	return PAGE_SHIFT + INDEX_BITS * level;
}

static u64 entry_size(unsigned level)
{
	return 1UL << entry_shift(level);
}

static unsigned entry_index(u64 address, unsigned level)
{
	return (address >> entry_shift(level)) & (PT_ENTRIES - 1);
}

static pte_t *table_entries(paddr_t table)
{
	return phys_to_ptr(table);
}

static paddr_t table_alloc(void)
{
	return frame_is_ready() ? frame_alloc_charged() : ptr_to_phys(bootmem_alloc(PAGE_SIZE));
}

/*
 * The entry of @address at *level.  If a larger leaf covers it, that one, and
 * its level in *level.  NULL if a table is missing and is not to be made, or
 * cannot be.
 */
static pte_t *walk(paddr_t root, u64 address, unsigned *level, bool make)
{
	unsigned at = PT_LEVELS - 1;
	paddr_t table = root;

	for (;;) {
		pte_t *entry = &table_entries(table)[entry_index(address, at)];

		if (at == *level)
			return entry;
		if (!pte_is_present(*entry)) {
			paddr_t fresh = make ? table_alloc() : 0;

			if (!fresh)
				return NULL;
			pte_write(entry, pte_make_table(fresh));
		} else if (pte_is_leaf(*entry, at)) {
			*level = at;
			return entry;
		}
		table = pte_paddr(*entry);
		at--;
	}
}

pte_t *pgtable_entry(paddr_t root, u64 address, unsigned level)
{
	unsigned found = level;
	pte_t *entry = walk(root, address, &found, false);

	return found == level ? entry : NULL;
}

long pgtable_prepare(paddr_t root, u64 address, u64 size, unsigned level)
{
	u64 span = entry_size(level + 1); /* of a table at @level */
	u64 last = address + size - 1;    /* inclusive: the range may end at 2^64 */
	u64 at = ALIGN_DOWN(address, span);

	for (;;) {
		unsigned found = level;

		if (!walk(root, at, &found, true))
			return ST_NOMEM;
		if (last - at < span)
			return ST_OK;
		at += span;
	}
}

/* The largest leaf that fits at the front of the range. */
static unsigned leaf_level(u64 address, paddr_t base, u64 size)
{
	unsigned level = PT_LEVELS - 1;

	while (level && (!pt_leaf_allowed(level) || size < entry_size(level) ||
			 !IS_ALIGNED(address | base, entry_size(level))))
		level--;
	return level;
}

/*
 * Map the front of a range with one leaf.  What is mapped already stays: two
 * devices may share a page.  Return: bytes dealt with, 0 without memory.
 */
static u64 map_front(paddr_t root, u64 address, paddr_t base, u64 size, u32 flags)
{
	unsigned level = leaf_level(address, base, size);

	for (;;) {
		pte_t *entry = walk(root, address, &level, true);

		if (!entry)
			return 0;
		if (!pte_is_present(*entry)) {
			pte_write(entry, pte_make_leaf(base, flags, level));
			return entry_size(level);
		}
		if (pte_is_leaf(*entry, level)) {
			ASSERT(pte_paddr(*entry) == ALIGN_DOWN(base, entry_size(level)));
			return entry_size(level) - (address & (entry_size(level) - 1));
		}
		level--; /* smaller leaves are there: go in between them */
	}
}

long pgtable_map(paddr_t root, u64 address, paddr_t base, u64 size, u32 flags)
{
	ASSERT(IS_ALIGNED(address | base | size, PAGE_SIZE));
	while (size) {
		u64 done = map_front(root, address, base, size, flags);

		if (!done)
			return ST_NOMEM;
		done = MIN(done, size);
		address += done;
		base += done;
		size -= done;
	}
	return ST_OK;
}

/* Bytes from @address to the end of the level-0 table it belongs to. */
static u64 table_rest(u64 address)
{
	return entry_size(1) - (address & (entry_size(1) - 1));
}

u64 pgtable_clear(paddr_t root, u64 address, u64 size, u64 limit, bool *any)
{
	u64 done = 0;

	while (done < size && limit) {
		pte_t *entry = pgtable_entry(root, address + done, 0);

		limit--;
		if (!entry) {
			done = MIN(done + table_rest(address + done), size);
			continue;
		}
		if (pte_is_present(*entry)) {
			pte_write(entry, 0);
			*any = true;
		}
		done += PAGE_SIZE;
	}
	return done;
}

bool pgtable_protect(paddr_t root, u64 address, u64 size, u32 flags)
{
	bool any = false;
	u64 done = 0;

	while (done < size) {
		pte_t *entry = pgtable_entry(root, address + done, 0);

		if (!entry) {
			done += table_rest(address + done);
			continue;
		}
		if (pte_is_present(*entry)) {
			pte_write(entry, pte_make_leaf(pte_paddr(*entry), flags, 0));
			any = true;
		}
		done += PAGE_SIZE;
	}
	return any;
}

static bool table_is_empty(paddr_t table)
{
	const pte_t *entries = table_entries(table);

	for (unsigned i = 0; i < PT_ENTRIES; i++)
		if (entries[i])
			return false;
	return true;
}

/*
 * Children before parents, so that a parent is found empty in the same pass.
 * A detached table is all zero but for the link, whose bit 0 is clear: a CPU
 * whose walk caches still lead here finds nothing present.
 */
bool pgtable_detach(paddr_t root, const struct table_span *span, paddr_t *list)
{
	bool any = false;

	for (unsigned level = 1; level < PT_LEVELS; level++) {
		u64 size = entry_size(level); /* one entry here: one table below */

		for (u64 at = ALIGN_DOWN(span->start, size); at < span->end; at += size) {
			pte_t *entry;
			paddr_t table;

			if (!range_within(at, size, span->low, span->high))
				continue;
			entry = pgtable_entry(root, at, level);
			if (!entry || !pte_is_present(*entry) || pte_is_leaf(*entry, level))
				continue;
			table = pte_paddr(*entry);
			if (!table_is_empty(table))
				continue;
			pte_write(entry, 0);
			*table_entries(table) = *list;
			*list = table;
			any = true;
		}
	}
	return any;
}

void pgtable_free_list(paddr_t *list, unsigned limit)
{
	while (*list && limit--) {
		paddr_t table = *list;

		*list = *table_entries(table);
		frame_free_charged(table);
	}
}

/* Free what is below @table, which is at @level. Return: false if the budget ran out. */
static bool free_below(paddr_t table, unsigned level, unsigned last, unsigned *budget)
{
	pte_t *entries = table_entries(table);

	for (unsigned i = 0; i <= last; i++) {
		if (!pte_is_present(entries[i]))
			continue;
		ASSERT(!pte_is_leaf(entries[i], level));
		if (level > 1 &&
		    !free_below(pte_paddr(entries[i]), level - 1, PT_ENTRIES - 1, budget))
			return false;
		if (!*budget)
			return false;
		(*budget)--;
		frame_free_charged(pte_paddr(entries[i]));
		pte_write(&entries[i], 0);
	}
	return true;
}

/* The frames that level-0 leaves name belong to others; the tables are all there is to free. */
bool pgtable_free_step(paddr_t root)
{
	unsigned budget = FREE_BATCH;

	return free_below(root, PT_LEVELS - 1, entry_index(USER_END - 1, PT_LEVELS - 1), &budget);
}
