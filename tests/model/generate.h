/* SPDX-License-Identifier: MIT */
/*
 * Random operations: what a thread does next, drawn with an eye on the state of
 * the model, so that most calls succeed and each error comes up.
 */
#ifndef TESTS_MODEL_GENERATE_H
#define TESTS_MODEL_GENERATE_H

#include "model.h"

struct generator {
	u64 (*draw)(u64 below); /* a number from 0 to below - 1 */
	u64 time_unit;		/* between operations: deadlines lie half-way */
	u64 jump;		/* where a thread can go on after a fault */
	u64 spread;		/* addresses for mappings begin here */
	u32 profile;		/* of this run: what is drawn often */
#define PROFILE_FULL 1
#define PROFILE_DEEP 2 /* and two more, by type */
#define PROFILES 30
};

/** generate() - the next operation of @thread; @nr: how many there have been. */
void generate(const struct generator *generator, const struct m_object *thread, u32 nr,
	      struct m_call *call);

/** generate_again() - may the operation, drawn some time ago, still be carried out? */
bool generate_again(const struct generator *generator, const struct m_object *thread,
		    struct m_call *call);

#endif
