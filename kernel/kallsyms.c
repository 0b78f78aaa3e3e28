// SPDX-License-Identifier: MIT
/*
 * Looks up the function an address lies in.  The table is made from the linked
 * image by scripts/kallsyms.py and linked in by a second pass: offsets of the
 * functions from text_start in ascending order, the last one being the end of
 * the text, and for each the place of its name in one string.
 */
#include <kernel/kallsyms.h>

extern const char text_start[];

extern const u32 kallsyms_count; /* functions */
extern const u32 kallsyms_offsets[];
extern const u32 kallsyms_names[];
extern const char kallsyms_strings[];

/* Index of the last function at or below @offset, which is not below the first. */
static u32 last_not_above(u64 offset)
{
	u32 low = 0;
	u32 high = kallsyms_count;

	/* offsets[low] <= offset < offsets[high] at every step */
	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (kallsyms_offsets[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

const char *kallsyms_lookup(kaddr_t address, u64 *offset)
{
	u64 from_start = address - (kaddr_t)text_start;
	u32 index;

	*offset = 0;
	if (!kallsyms_count || address < (kaddr_t)text_start)
		return NULL;
	if (from_start < kallsyms_offsets[0] || from_start >= kallsyms_offsets[kallsyms_count])
		return NULL;
	index = last_not_above(from_start);
	*offset = from_start - kallsyms_offsets[index];
	return kallsyms_strings + kallsyms_names[index];
}
