/* SPDX-License-Identifier: MIT */
/*
 * Between the files that check invariants.
 */
#ifndef HOST_CHECK_H
#define HOST_CHECK_H

#include <stdio.h>

#include <kernel/cap.h>

#include "sim.h"

/** check() - the invariant of that number holds; @detail tells where it does not. */
void check(bool is_true, u32 invariant, const char *what, u64 detail);

/** check_next() - the next on a list; one that leads into itself fails before long. */
struct list *check_next(const struct list *link);

#undef list_for_each
#define list_for_each(node, head) \
	for (struct list *node = (head)->next; node != (head); node = check_next(node))

/** check_places() - objects and leaves of slots: aligned, disjoint. */
void check_places(void);

/** check_fields() - what @object says of itself, and what it points to. */
void check_fields(const struct object *object, u32 id);

/** check_reserved() - of the slots of @space @nr_filled are filled; somebody has reserved the others in use. */
void check_reserved(const struct cap_space *space, u32 nr_filled, u64 detail);

/** check_memory() - frames, page tables, mappings, accounts. */
void check_memory(void);

#endif
