/* SPDX-License-Identifier: MIT */
/*
 * Between the files that check invariants.
 */
#ifndef HOST_CHECK_H
#define HOST_CHECK_H

#include <stdio.h>

#include "sim.h"

/** check() - the invariant of that number holds; @detail tells where it does not. */
void check(bool is_true, u32 invariant, const char *what, u64 detail);

/** check_memory() - frames, page tables, mappings, accounts. */
void check_memory(void);

#endif
