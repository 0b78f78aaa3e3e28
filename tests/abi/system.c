// SPDX-License-Identifier: MIT
/*
 * The machine: facts, log, random numbers.
 */
#include "test.h"

#define SYSTEM startup->system

bool may_power_off(void)
{
	u64 info = 0, badge;

	must(cap_inspect(SYSTEM, &info, &badge), "cap_inspect");
	return CAP_INFO_RIGHTS(info) & RIGHT_POWER;
}

void test_system(void)
{
	u64 first = 0, second = 0, ones = 0;

	for (u64 what = 0; what <= INFO_IRQS; what++)
		check(system_info(SYSTEM, what, 0, &first, &second) == ST_OK, "system_info %lu",
		      what);
	WANT(system_info(SYSTEM, 99, 0, &first, &second), ST_INVALID);
	WANT(system_info(SYSTEM, INFO_CPU, 64, &first, &second), ST_NOTFOUND);
	WANT(system_info(SYSTEM, INFO_CMDLINE, 1000, &first, &second), ST_NOTFOUND);
	WANT(system_log(SYSTEM, 33, 0, 0, 0, 0), ST_INVALID);
	WANT(system_log(SYSTEM, 0, 0, 0, 0, 0), ST_OK);
	WANT(system_power_off(SYSTEM, 64), may_power_off() ? ST_INVALID : ST_NORIGHTS);
	for (u32 i = 0; i < 64; i++)
		for (u64 bits = random_bits(); bits; bits &= bits - 1)
			ones++;
	check(ones > 1700 && ones < 2400, "random numbers are half ones (%lu of 4096)", ones);
}
