/* SPDX-License-Identifier: MIT */
/*
 * Between main.c, which runs seeds, and shrink.c, which looks for shorter histories.
 */
#ifndef HOST_RUN_H
#define HOST_RUN_H

#include "sim.h"

#define MAX_STEPS 20000
#define TEXT_SIZE 1024

/* What a run tells its parent. */
struct outcome {
	char kind[64];
	char text[TEXT_SIZE];
	u64 turns; /* of CPUs, in all runs, and what it takes to start one */
	u32 nr_steps;
	u64 step[MAX_STEPS];
	u32 ended[256][NR_STATUSES]; /* calls, by status */
	u32 nr_fast;		     /* messages that took the short way */
	u32 nr_answered, nr_fast_calls, nr_fast_answers; /* calls; those that took the short way */
	u8 situation[256][SITUATIONS][SITUATIONS];
	u32 lacking[256][2][NR_RIGHTS];
};
extern struct outcome *outcome; /* of the last run */

extern u32 run_seconds; /* of CPU time; who takes longer has no end */

/** run_begin() - before the first run. */
void run_begin(void);

/** run_ends() - a run is about to end well; a fuzzer has one. */
void run_ends(void) __attribute__((weak));

/** run_once() - a run in a process of its own. Return: true if it failed; *outcome says how. */
bool run_once(void);

/** report() - print how the last run failed. */
void report(void);

extern u32 shrink_effort; /* millions of turns that shrink() may take */

/** shrink() - look for the shortest history that fails as the last run did, and print it. */
void shrink(void);

#endif
