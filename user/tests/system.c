// SPDX-License-Identifier: MIT
/*
 * The machine: facts, log, clock, random numbers.
 */
#include "test.h"

#define SYSTEM startup->system

void test_system(void)
{
	u64 first = 0, second = 0, ones = 0, before, after;
	u32 ascends = 1;

	for (u64 what = 0; what <= INFO_IRQS; what++)
		check(system_info(SYSTEM, what, 0, &first, &second) == ST_OK, "system_info %lu",
		      what);
	WANT(system_info(SYSTEM, 99, 0, &first, &second), ST_INVALID);
	WANT(system_info(SYSTEM, INFO_CPU, 64, &first, &second), ST_NOTFOUND);
	WANT(system_info(SYSTEM, INFO_CMDLINE, 1000, &first, &second), ST_NOTFOUND);
	WANT(system_log(SYSTEM, 33, 0, 0, 0, 0), ST_INVALID);
	WANT(system_log(SYSTEM, 0, 0, 0, 0, 0), ST_OK);
	WANT(system_power_off(SYSTEM, 64), ST_INVALID);
	for (u32 i = 0; i < 64; i++)
		for (u64 bits = random_bits(); bits; bits &= bits - 1)
			ones++;
	check(ones > 1700 && ones < 2400, "random numbers are half ones (%lu of 4096)", ones);
	before = now();
	for (u32 i = 0; i < 1000; i++) {
		after = now();
		ascends &= after >= before;
		before = after;
	}
	check(ascends, "the clock does not go back");
}
