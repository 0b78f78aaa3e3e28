// SPDX-License-Identifier: MIT
/*
 * A long run of random calls ("fuzz=1000000" on the command line) and an
 * unrelated pair of processes beside it (pair.c).  This process moves the pair
 * from CPU to CPU and watches that it goes on, all the time and after the end,
 * and that every answer is right.  A pair that is wrong or stands still ends the
 * run at once.
 */
#include "fuzz.h"
#include "pair.h"
#include <lib/string.h>
#include <user/system.h>

#define LOOK_EVERY (SECOND / 20)
#define STANDSTILL (3 * SECOND) /* as often as we have looked: a computer may stop an emulator */
#define LEAST_ROUNDS 100UL     /* on each CPU */
#define LEAST_SWITCHES 1000UL  /* of each CPU */

struct watch {
	struct pair pair;
	u64 seen, stood, longest; /* round trips; time without one, now and at most */
	u64 rounds_on[CONFIG_NR_CPUS]; /* while the client was to be there */
	u64 switches[CONFIG_NR_CPUS];  /* before */
	u64 cpus;
};

static u64 rounds(const struct watch *watch)
{
	return __atomic_load_n(&watch->pair.progress->rounds, __ATOMIC_RELAXED);
}

static u64 wrong(const struct watch *watch)
{
	return __atomic_load_n(&watch->pair.progress->wrong, __ATOMIC_RELAXED);
}

static u64 switches(u64 cpu)
{
	u64 count = 0, idle;

	must(system_info(startup->system, INFO_SWITCHES, cpu, &count, &idle), "system_info");
	return count;
}

/* Return: whether the pair is well. */
static bool look(struct watch *watch)
{
	u64 is = rounds(watch);

	watch->stood = is == watch->seen ? watch->stood + LOOK_EVERY : 0;
	watch->longest = MAX(watch->longest, watch->stood);
	watch->rounds_on[watch->pair.cpu] += is - watch->seen;
	watch->seen = is;
	return watch->longest < STANDSTILL && !wrong(watch);
}

/* Until the random calls end. Return: false if they have to be cut short. */
static bool watch_all(struct watch *watch, handle_t fuzz)
{
	u64 end = now() + FUZZ_LONGEST + PATIENCE;

	while (program_wait(fuzz, LOOK_EVERY) != ST_OK) {
		if (!look(watch) || now() > end)
			return false;
		pair_move(&watch->pair);
	}
	return look(watch);
}

/* A round trip more, of the client and of ourselves: nothing that has ended has hurt them for later. */
static void check_after(struct watch *watch)
{
	bool is_answered;
	u64 before;

	__atomic_store_n(&watch->pair.progress->is_over, 1, __ATOMIC_RELAXED);
	/* The one under way may have been asked before. */
	before = rounds(watch) + 1;
	for (u64 looks = 0; rounds(watch) <= before && looks < STANDSTILL / LOOK_EVERY; looks++)
		sleep_for(LOOK_EVERY);
	is_answered = pair_ask(&watch->pair, 2 * STANDSTILL);
	check(rounds(watch) > before && is_answered && !wrong(watch),
	      "and goes on after their end (%lu round trips, another client is %s)",
	      rounds(watch) - before + 1, is_answered ? "answered" : "not answered");
}

static u64 least(const u64 *count, u64 cpus)
{
	u64 least = count[0];

	for (u64 cpu = 1; cpu < cpus; cpu++)
		least = MIN(least, count[cpu]);
	return least;
}

static void check_cpus(struct watch *watch)
{
	for (u64 cpu = 0; cpu < watch->cpus; cpu++)
		watch->switches[cpu] = switches(cpu) - watch->switches[cpu];
	check(least(watch->rounds_on, watch->cpus) >= LEAST_ROUNDS,
	      "on each of %lu CPUs (%lu round trips at least)", watch->cpus,
	      least(watch->rounds_on, watch->cpus));
	check(least(watch->switches, watch->cpus) >= LEAST_SWITCHES,
	      "and each has switched threads (%lu times at least)",
	      least(watch->switches, watch->cpus));
}

void test_fuzz_watched(const char *calls)
{
	struct watch watch = { .cpus = cpus_online() };
	struct child fuzz;
	char fault[16] = "";
	bool is_whole;
	u64 number;

	if (!string_to_u64(calls, &number))
		fail("fuzz=%s: that is no number of calls", calls);
	(void)system_option("init.pair", fault, sizeof(fault));
	for (u64 cpu = 0; cpu < watch.cpus; cpu++)
		watch.switches[cpu] = switches(cpu);
	pair_start(&watch.pair, fault);
	fuzz_start(calls, &fuzz);
	is_whole = watch_all(&watch, fuzz.process);
	check(watch.longest < STANDSTILL,
	      "a pair beside random calls goes on (at most %lu ms without a round trip)",
	      watch.longest / MILLISECOND);
	check(!wrong(&watch), "and is never answered wrongly (%lu of %lu)", wrong(&watch),
	      rounds(&watch));
	if (is_whole) {
		check_after(&watch);
		check_cpus(&watch);
		fuzz_end(&fuzz, number >= FUZZ_ENOUGH || fuzz_is_broken());
	} else {
		check(false, "the random calls run to their end # cut short, %lu round trips",
		      rounds(&watch));
		child_free(&fuzz);
	}
	pair_end(&watch.pair);
}
