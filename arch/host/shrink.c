// SPDX-License-Identifier: MIT
/*
 * Shrinking: from a run that failed to a history that a person can read.
 *
 * Steps are dropped as long as the failure stays in its class.  What is lost
 * with the first seed is won with others: seeds near by are run with few
 * operations and few CPUs, those that fail in the same class are shrunk as well,
 * and the shortest history of all is kept.
 *
 * Dropping an operation moves all that comes after it in time, and a failure that
 * needs two CPUs to meet goes with it.  So the others keep their times: a gap stays
 * where it was (options.is_paced).  In the end operations are dropped while the
 * machine interleaves the others anew (options.roll), as often as it took to fail
 * before and more.  Short runs take a few milliseconds, so there is time for
 * thousands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "run.h"

#define MILLION 1000000u /* turns: some seven seconds of a fast computer */
#define CANDIDATE_TURNS (MILLION / 2) /* for another seed or interleaving */
#define SHORT_RUN_SECONDS 3 /* of CPU time, for a run of random threads: it takes milliseconds */
#define ENOUGH 20	    /* steps: nobody needs a shorter history */
#define PAIRS_BELOW 60	    /* steps of which any two are tried together */
#define LEAST_ROLLS 40u	    /* interleavings in which a step's absence is tried */
#define MOST_ROLLS 1000u

#define RACE "race of "

u32 shrink_effort = 8; /* a third each for other seeds, dropping, other interleavings */

static u64 dropped[MAX_STEPS];
static u32 nr_dropped;
static char kind[sizeof(outcome->kind)]; /* of the failure to keep */
static u64 end; /* as outcome->turns: the same on each computer, however busy */

/* A history: everything that a run depends on. */
struct history {
	struct options options;
	char kind[sizeof(kind)];
	u64 dropped[MAX_STEPS];
	u32 nr_dropped, nr_steps;
};

static int compare_keys(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

bool is_dropped(u64 key)
{
	return nr_dropped && bsearch(&key, dropped, nr_dropped, sizeof(key), compare_keys);
}

static bool is_late(void)
{
	return outcome->turns >= end;
}

/* The same mistake may show as a race of other places. */
static bool is_like(const char *other)
{
	return !strncmp(outcome->kind, other, strncmp(other, RACE, strlen(RACE)) ? sizeof(kind) :
										 strlen(RACE));
}

static bool fails(void)
{
	return run_once() && is_like(kind);
}

/* ---- dropping steps ---- */

/* Steps @first to @first + @count - 1 and those from @other on: gone if the failure stays. */
static bool try_dropping(const u64 *first, u32 count, const u64 *other, u32 other_count)
{
	static u64 saved[MAX_STEPS];
	u32 nr_saved = nr_dropped;

	if (nr_dropped + count + other_count > MAX_STEPS)
		return false;
	memcpy(saved, dropped, nr_dropped * sizeof(u64));
	memcpy(dropped + nr_dropped, first, count * sizeof(u64));
	memcpy(dropped + nr_dropped + count, other, other_count * sizeof(u64));
	nr_dropped += count + other_count;
	qsort(dropped, nr_dropped, sizeof(u64), compare_keys);
	if (fails())
		return true;
	memcpy(dropped, saved, nr_saved * sizeof(u64));
	nr_dropped = nr_saved;
	return false;
}

enum which { OPERATIONS, SWITCHES, ALL_STEPS };

/* Steps of the last run. */
static u32 steps_of(enum which which, u64 *steps)
{
	u32 count = 0;

	for (u32 i = 0; i < outcome->nr_steps; i++)
		if (which == ALL_STEPS || (outcome->step[i] & 1) == (which == SWITCHES))
			steps[count++] = outcome->step[i];
	return count;
}

/* Drop pieces, large ones first, from the end. Return: something was dropped. */
static bool drop_pieces(enum which which)
{
	static u64 steps[MAX_STEPS];
	u32 nr_steps = steps_of(which, steps);
	bool any = false;

	for (u32 size = nr_steps; size && !is_late(); size /= 2) {
		for (u32 at = nr_steps; at && !is_late(); at -= MIN(size, at)) {
			u32 first = at - MIN(size, at);

			any = try_dropping(steps + first, at - first, steps, 0) || any;
		}
		run_once(); /* what is left; much has gone without being asked for */
		nr_steps = steps_of(which, steps);
		size = MIN(size, nr_steps);
	}
	return any;
}

/* Any two steps: what makes an object goes with what uses it. */
static bool drop_pairs(void)
{
	static u64 steps[MAX_STEPS];
	u32 nr_steps;

	run_once();
	nr_steps = steps_of(ALL_STEPS, steps);
	if (nr_steps > PAIRS_BELOW)
		return false;
	for (u32 i = nr_steps; i-- > 1;)
		for (u32 k = i; k-- > 0 && !is_late();)
			if (try_dropping(&steps[i], 1, &steps[k], 1))
				return true;
	return false;
}

/* The last run failed. No operation behind the failure has a part in it. */
static void cut_operations(void)
{
	static u64 steps[MAX_STEPS];
	u32 all = options.steps;

	options.steps = MIN(all, steps_of(OPERATIONS, steps) + 1);
	if (!fails())
		options.steps = all;
}

static void drop_steps(void)
{
	do {
		while (drop_pieces(SWITCHES) | drop_pieces(OPERATIONS))
			;
	} while (drop_pairs());
	run_once();
}

static void drop_all(void)
{
	if (!options.runs_suite && !options.replays) {
		replay_follow();
		options.replays = options.is_paced = fails();
	}
	cut_operations();
	drop_steps();
	options.is_paced = false;
	if (outcome->nr_steps > ENOUGH && fails())
		drop_steps();
	else
		options.is_paced = options.replays;
	run_once();
}

/* ---- other seeds ---- */

static void save(struct history *history)
{
	history->options = options;
	memcpy(history->kind, kind, sizeof(kind));
	memcpy(history->dropped, dropped, nr_dropped * sizeof(u64));
	history->nr_dropped = nr_dropped;
	history->nr_steps = outcome->nr_steps;
	replay_put_aside();
}

static void restore(const struct history *history)
{
	options = history->options;
	memcpy(kind, history->kind, sizeof(kind));
	memcpy(dropped, history->dropped, history->nr_dropped * sizeof(u64));
	nr_dropped = history->nr_dropped;
	replay_fetch();
}

/* A run of @steps operations on @nr_cpus CPUs: is it shorter than the best, when shrunk? */
static void look_near(u64 seed, u32 steps, u32 nr_cpus, struct history *best)
{
	u64 last = end;

	options.seed = seed;
	options.steps = steps;
	options.cpus = nr_cpus;
	options.replays = options.is_paced = false;
	nr_dropped = 0;
	if (!run_once() || !is_like(best->kind))
		return;
	memcpy(kind, outcome->kind, sizeof(kind));
	end = MIN(last, outcome->turns + CANDIDATE_TURNS);
	drop_all();
	end = last;
	if (outcome->nr_steps < best->nr_steps)
		save(best);
}

/* All lengths and numbers of CPUs with one seed, then with the next: nobody knows which fail most often. */
static void find_shorter(struct history *best)
{
	const struct options first = options;

	for (u64 i = 0; best->nr_steps > ENOUGH && !is_late(); i++)
		for (u32 steps = 12; steps < first.steps && steps < 200; steps *= 2)
			for (u32 nr_cpus = 1; nr_cpus <= first.cpus; nr_cpus *= 2)
				look_near(first.seed + i, steps, nr_cpus, best);
}

/* ---- other interleavings ---- */

static u64 last_roll;
static u32 rolls = LEAST_ROLLS; /* how many are tried */

/* Switches name moments of one interleaving only. */
static void keep_all_switches(void)
{
	u32 kept = 0;

	for (u32 i = 0; i < nr_dropped; i++)
		if (!(dropped[i] & 1))
			dropped[kept++] = dropped[i];
	nr_dropped = kept;
}

/* Steps @first to @first + @count - 1: gone if some interleaving without them fails. */
static bool try_rolling(const u64 *first, u32 count)
{
	static u64 saved[MAX_STEPS];
	u64 saved_roll = options.roll;
	u32 nr_saved = nr_dropped;

	memcpy(saved, dropped, nr_dropped * sizeof(u64));
	keep_all_switches();
	for (u32 i = 0; i < rolls && !is_late(); i++) {
		options.roll = ++last_roll;
		if (!try_dropping(first, count, first, 0))
			continue;
		rolls = MIN(MAX(LEAST_ROLLS, 4 * i), MOST_ROLLS);
		return true;
	}
	memcpy(dropped, saved, nr_saved * sizeof(u64));
	nr_dropped = nr_saved;
	options.roll = saved_roll;
	return false;
}

/* Operations, in pieces, each with what it takes to fail without it. Return: something was dropped. */
static bool drop_rolling(void)
{
	static u64 steps[MAX_STEPS];
	u32 nr_steps;
	bool any = false;

	run_once();
	nr_steps = steps_of(OPERATIONS, steps);
	for (u32 size = MAX(nr_steps / 2, 1u); size && !is_late(); size /= 2)
		for (u32 at = nr_steps; at && !is_late(); at -= MIN(size, at)) {
			u32 first = at - MIN(size, at);

			any = try_rolling(steps + first, at - first) || any;
		}
	return any;
}

static void roll(struct history *best)
{
	u64 last = end;

	if (options.uses_model || options.runs_suite)
		return; /* they do one thing after the other */
	while (drop_rolling())
		;
	/* Few operations: the interleaving that needs the fewest switches. */
	for (bool fresh = false; best->nr_steps > ENOUGH && !is_late(); fresh = true) {
		if (fresh && !try_rolling(dropped, 0))
			continue;
		end = MIN(last, outcome->turns + CANDIDATE_TURNS);
		drop_all();
		end = last;
		if (outcome->nr_steps < best->nr_steps)
			save(best);
	}
}

void shrink(void)
{
	static struct history best;
	const u64 effort = (u64)shrink_effort * MILLION / 3;
	u32 before = outcome->nr_steps;

	memcpy(kind, outcome->kind, sizeof(kind));
	save(&best);
	if (!options.runs_suite)
		run_seconds = SHORT_RUN_SECONDS;
	end = outcome->turns + effort;
	find_shorter(&best);
	restore(&best);
	run_once();
	if (best.nr_steps > ENOUGH) {
		end = outcome->turns + effort;
		drop_all();
		save(&best);
	}
	if (best.nr_steps > ENOUGH) {
		end = outcome->turns + effort;
		roll(&best);
		restore(&best);
		run_once();
	}
	options.trace = true;
	printf("seed %lu --roll %lu --steps %u --cpus %u: %u steps shrunk to %u:\n", options.seed,
	       options.roll, options.steps, options.cpus, before, outcome->nr_steps);
	run_once();
	report();
}
