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
/* What a step of freeing tables may cost: one an entry looked at, and a table freed as many as: */
#define FREE_BUDGET 2048
#define FREE_COST 64

_Static_assert(PT_ENTRIES == 1 << INDEX_BITS, "tables of one frame");
_Static_assert(FREE_BUDGET >= PT_LEVELS * PT_ENTRIES, "a step gets something done");

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

/* Make the table that @entry shall lead to. Return: false without memory, or beyond *limit tables. */
static bool table_make(pte_t *entry, unsigned *limit)
{
	paddr_t fresh = *limit ? table_alloc() : 0;

	if (!fresh)
		return false;
	(*limit)--;
	pte_write(entry, pte_make_table(fresh));
	return true;
}

/*
 * The entry of @address at *level.  If a larger leaf covers it, that one, and
 * its level in *level.  NULL if a table is missing and cannot be made, or is
 * not to be: no more than *limit.
 */
static pte_t *walk(paddr_t root, u64 address, unsigned *level, unsigned *limit)
{
	unsigned at = PT_LEVELS - 1;
	paddr_t table = root;

	for (;;) {
		pte_t *entry = &table_entries(table)[entry_index(address, at)];

		if (at == *level)
			return entry;
		if (!pte_is_present(*entry)) {
			if (!table_make(entry, limit))
				return NULL;
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
	unsigned found = level, none = 0;
	pte_t *entry = walk(root, address, &found, &none);

	return found == level ? entry : NULL;
}

long pgtable_prepare(paddr_t root, u64 address, u64 size, unsigned level, unsigned limit)
{
	u64 span = entry_size(level + 1); /* of a table at @level */
	u64 last = address + size - 1;    /* inclusive: the range may end at 2^64 */
	pte_t *entry = NULL;

	for (u64 at = ALIGN_DOWN(address, span);; at += span) {
		unsigned found = level + 1;

		/* One walk for all that one table leads to. */
		entry = entry && entry_index(at, found) ? entry + 1 :
							  walk(root, at, &found, &limit);
		if (!entry || (!pte_is_present(*entry) && !table_make(entry, &limit)))
			return limit ? ST_NOMEM : SYSCALL_RESTART;
		ASSERT(found == level + 1);
		if (last - at < span)
			return ST_OK;
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
		unsigned limit = PT_LEVELS;
		pte_t *entry = walk(root, address, &level, &limit);

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

/* Pages of the range as far as the level-0 table of its front holds them. */
static u64 pages_front(u64 address, u64 size)
{
	return MIN(size >> PAGE_SHIFT, PT_ENTRIES - (u64)entry_index(address, 0));
}

u64 pgtable_clear(paddr_t root, u64 address, u64 size, bool *any)
{
	pte_t *entry = pgtable_entry(root, address, 0);
	u64 nr = pages_front(address, size);

	for (pte_t *end = entry ? entry + nr : NULL; entry < end; entry++) {
		if (!pte_is_present(*entry))
			continue;
		pte_write(entry, 0);
		*any = true;
	}
	return nr << PAGE_SHIFT;
}

u64 pgtable_protect(paddr_t root, u64 address, u64 size, u32 flags, bool *any)
{
	pte_t *entry = pgtable_entry(root, address, 0);
	u64 nr = pages_front(address, size);

	for (pte_t *end = entry ? entry + nr : NULL; entry < end; entry++) {
		if (!pte_is_present(*entry))
			continue;
		pte_write(entry, pte_make_leaf(pte_paddr(*entry), flags, 0));
		*any = true;
	}
	return nr << PAGE_SHIFT;
}

/* The first entry that is not zero from @i on, else @nr, a multiple of 8. */
static unsigned next_used(const pte_t *entry, unsigned i, unsigned nr)
{
	while (i < nr && !entry[i]) {
		i++;
		while (i < nr && IS_ALIGNED(i, 8u) &&
		       !(entry[i] | entry[i + 1] | entry[i + 2] | entry[i + 3] | entry[i + 4] |
			 entry[i + 5] | entry[i + 6] | entry[i + 7]))
			i += 8;
	}
	return i;
}

static bool table_is_empty(paddr_t table)
{
	return next_used(table_entries(table), 0, PT_ENTRIES) == PT_ENTRIES;
}

/* The entry of @address at @level, if it leads to a table that may go; else NULL. */
static pte_t *detachable(paddr_t root, u64 address, unsigned level)
{
	pte_t *entry = pgtable_entry(root, address, level);

	if (!entry || !pte_is_present(*entry) || pte_is_leaf(*entry, level))
		return NULL;
	/* No page is mapped there; but a table may still lead to others. */
	ASSERT(level > 1 || table_is_empty(pte_paddr(*entry)));
	return level == 1 || table_is_empty(pte_paddr(*entry)) ? entry : NULL;
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
			pte_t *entry = range_within(at, size, span->low, span->high) ?
					       detachable(root, at, level) : NULL;
			paddr_t table;

			if (!entry)
				continue;
			table = pte_paddr(*entry);
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

/* What freeing works on: @window is the one table of leaves whose frames go, too. */
struct freeing {
	paddr_t window;
	int budget;
};

/* Free what the first @nr entries of @table, at @level, lead to. Return: false if the budget ran out. */
static noinline bool free_below(paddr_t table, unsigned level, unsigned nr, struct freeing *freeing)
{
	pte_t *entries = table_entries(table);
	unsigned i = 0;

	freeing->budget -= (int)nr;
	while ((i = next_used(entries, i, nr)) < nr) {
		paddr_t below = pte_paddr(entries[i]);

		ASSERT(!level || !pte_is_leaf(entries[i], level));
		if ((level > 1 || (level && below == freeing->window)) &&
		    !free_below(below, level - 1, PT_ENTRIES, freeing))
			return false;
		if (freeing->budget < 0)
			return false;
		freeing->budget -= FREE_COST;
		pte_write(&entries[i], 0);
		frame_free_charged(below);
	}
	return true;
}

bool pgtable_free_step(paddr_t root, const pte_t *window)
{
	struct freeing freeing = { .window = window ? ptr_to_phys(window) : 0,
				   .budget = FREE_BUDGET };

	return free_below(root, PT_LEVELS - 1, entry_index(USER_END - 1, PT_LEVELS - 1) + 1,
			  &freeing);
}
