/* SPDX-License-Identifier: MIT */
/*
 * Slots by their number: for those who walk derivation lists and free lists.
 *
 * A leaf's memory is type-stable and keeps its number for ever, so a number
 * found in a list always names slot memory.
 */
#ifndef KERNEL_SLOT_H
#define KERNEL_SLOT_H

#include <kernel/cap.h>

#define LEAF_PAGE (PAGE_SIZE / sizeof(struct slot *))
#define LEAF_PAGES 4096 /* 2 Mi leaves, 128 Mi slots: 27 bits of slot number */

/* What slot 0 of a leaf really is. Its first word is a token no handle equals. */
struct cap_leaf {
	u64 token; /* 0 */
	u32 number;
	u32 index; /* inside its space */
	struct cap_space *space;
	u64 unused;
};
_Static_assert(sizeof(struct cap_leaf) == sizeof(struct slot), "leaf header layout");

/* By number, a page of pointers at a time. */
extern struct slot **cap_leaves[LEAF_PAGES];

/* The leaf @slot lies in. */
static inline struct cap_leaf *leaf_of(const struct slot *slot)
{
	return (struct cap_leaf *)ALIGN_DOWN((u64)slot, CAP_LEAF_SLOTS * sizeof(struct slot));
}

/**
 * slot_number() / slot_by_number() - global number and back.
 * No acquire: whoever has a number has it by a lock that was held since its leaf was entered.
 */
static inline u32 slot_number(const struct slot *slot)
{
	return leaf_of(slot)->number * CAP_LEAF_SLOTS + (u64)slot / sizeof(*slot) % CAP_LEAF_SLOTS;
}
static inline struct slot *slot_by_number(u32 number)
{
	u32 leaf = number / CAP_LEAF_SLOTS;

	return cap_leaves[leaf / LEAF_PAGE][leaf % LEAF_PAGE] + number % CAP_LEAF_SLOTS;
}

#endif
