// SPDX-License-Identifier: MIT
/*
 * drivers/firmware.c: the lists of struct boot_info stay in bounds and count.
 */
#include "test.h"
#include <kernel/bootinfo.h>

static struct boot_info info;

static void ranges_are_appended(void **state)
{
	(void)state;
	memset(&info, 0, sizeof(info));
	boot_info_add_usable(&info, 0x1000, 0x2000, 3);
	boot_info_add_reserved(&info, 0x5000, 1);
	boot_info_add_usable(&info, 0x9000, 0, 0); /* empty */
	assert_int_equal(info.nr_usable, 1);
	assert_int_equal(info.usable[0].base, 0x1000);
	assert_int_equal(info.usable[0].size, 0x2000);
	assert_int_equal(info.usable[0].node, 3);
	assert_int_equal(info.nr_reserved, 1);
	assert_int_equal(info.nr_ranges_lost, 0);
}

static void ends_are_numbers(void **state)
{
	(void)state;
	memset(&info, 0, sizeof(info));
	boot_info_add_reserved(&info, UINT64_MAX - 0xfff, 0x1000);
	boot_info_add_reserved(&info, UINT64_MAX - 0xfff, UINT64_MAX);
	boot_info_add_reserved(&info, 0, UINT64_MAX);
	for (u32 i = 0; i < info.nr_reserved; i++)
		assert_true(info.reserved[i].base + info.reserved[i].size == UINT64_MAX);
}

static void surplus_is_counted(void **state)
{
	(void)state;
	memset(&info, 0, sizeof(info));
	for (u64 i = 0; i < BOOT_MAX_RANGES + 5; i++) {
		boot_info_add_usable(&info, i << 20, 1, 0);
		boot_info_add_reserved(&info, i << 20, 1);
	}
	assert_int_equal(info.nr_usable, BOOT_MAX_RANGES);
	assert_int_equal(info.nr_reserved, BOOT_MAX_RANGES);
	assert_int_equal(info.nr_ranges_lost, 10);
	for (u64 i = 0; i < BOOT_MAX_CPUS + 7; i++)
		boot_info_add_cpu(&info, i, 0, 0);
	assert_int_equal(info.nr_cpus, BOOT_MAX_CPUS);
	assert_int_equal(info.nr_cpus_lost, 7);
}

static void processors_count_once(void **state)
{
	(void)state;
	memset(&info, 0, sizeof(info));
	boot_info_add_cpu(&info, 7, 1, 2);
	boot_info_add_cpu(&info, 8, 0, 0);
	boot_info_add_cpu(&info, 7, 0, 0);
	assert_int_equal(info.nr_cpus, 2);
	assert_int_equal(info.cpus[0].node, 1);
	assert_int_equal(info.cpus[0].intc, 2);
	assert_int_equal(info.nr_cpus_lost, 0);
}

static void ranges_are_found(void **state)
{
	(void)state;
	memset(&info, 0, sizeof(info));
	assert_null(boot_info_usable_around(&info, 0x1000, 1));
	boot_info_add_usable(&info, 0x1000, 0x2000, 0);
	boot_info_add_usable(&info, 0x3000, 0x1000, 0);
	assert_ptr_equal(boot_info_usable_around(&info, 0x1000, 0x2000), &info.usable[0]);
	assert_ptr_equal(boot_info_usable_around(&info, 0x3fff, 1), &info.usable[1]);
	assert_null(boot_info_usable_around(&info, 0xfff, 2));
	assert_null(boot_info_usable_around(&info, 0x2fff, 2)); /* across the border of two */
	assert_null(boot_info_usable_around(&info, 0x1000, UINT64_MAX));
	assert_true(boot_ranges_overlap(info.usable, 2, 0x3fff, 0x10));
	assert_true(boot_ranges_overlap(info.usable, 2, 0, 0x1001));
	assert_false(boot_ranges_overlap(info.usable, 2, 0x4000, 1));
	assert_false(boot_ranges_overlap(info.usable, 2, 0, 0x1000));
	assert_false(boot_ranges_overlap(info.usable, 1, 0x3000, 0x1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_appended),
		cmocka_unit_test(ends_are_numbers),
		cmocka_unit_test(surplus_is_counted),
		cmocka_unit_test(processors_count_once),
		cmocka_unit_test(ranges_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
